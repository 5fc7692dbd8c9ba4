/** A mission's events under the names that tools which follow agents expect (PR5, PR6). */
import { newTraceContext, traceEvent } from "../mission/trace.ts";
import type { AgentEvent } from "../protocol/dataModel.ts";
import type { MissionRecord } from "./following.ts";

/** Must be fed from the first event on. */
export async function* traceOf(
  records: AsyncIterable<MissionRecord>,
): AsyncGenerator<{ seq: number; event: AgentEvent }> {
  const context = newTraceContext();
  for await (const record of records)
    yield { seq: record.seq, event: traceEvent(context, record, (at) => new Date(at).toISOString()) };
}
