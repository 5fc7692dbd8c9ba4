/** What the cases of the store contract are made of: small appends, and assertions that need no test runner. */
import { isDeepStrictEqual } from "node:util";
import { StoreError, type Append, type AppendResult, type StoreErrorCode } from "../ports/log.ts";
import type { HoustonEvent } from "../protocol/events.ts";
import { missionStream, type MissionId, type Seq, type StreamId } from "../protocol/ids.ts";
import type { MissionSummary } from "../protocol/status.ts";
import type { Store } from "../stores/store.ts";

/** The cases of one topic, by the sentence they protect. */
export type Checks = Record<string, (store: Store) => Promise<void>>;

export function equal(actual: unknown, expected: unknown, what = "value"): void {
  if (!isDeepStrictEqual(actual, expected))
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, was ${JSON.stringify(actual)}`);
}

export async function failsAs(code: StoreErrorCode, work: () => Promise<unknown>): Promise<void> {
  const outcome = await work().then(
    () => "nothing thrown",
    (error: unknown) => (error instanceof StoreError ? error.code : error),
  );
  equal(outcome, code, "error");
}

/** A UUID v7 made of two numbers. */
export function uuid(kind: number, number: number): string {
  return `0197f000-${kind.toString(16).padStart(4, "0")}-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

export const missionA = uuid(1, 1);
export const missionB = uuid(1, 2);
export const streamA = missionStream(missionA);
export const streamB = missionStream(missionB);
export const session = `session:${uuid(2, 1)}`;
export const runner1 = uuid(3, 1);
export const runner2 = uuid(3, 2);

export const note = (reason: string): HoustonEvent => ({ type: "mission.paused", by: "human:ada", reason });

let commands = 0;

/** An append of notes to one stream, by a command nobody used before. */
export function appendOf(
  streamId: StreamId,
  expectedSeq: Seq,
  reasons: string[],
  more: Partial<Append> = {},
): Append {
  const events = reasons.map((reason, i) => ({ at: 1_000 + expectedSeq + i, event: note(reason) }));
  return { commandId: uuid(4, ++commands), streams: [{ streamId, expectedSeq, events }], blobs: [], ...more };
}

export async function appended(
  store: Store,
  append: Append,
): Promise<Extract<AppendResult, { status: "appended" }>> {
  const result = await store.log.append(append);
  if (result.status !== "appended") throw new Error(`expected an append, was ${JSON.stringify(result)}`);
  return result;
}

/** All of a stream's notes, read in pages. */
export async function notes(store: Store, streamId: StreamId, limit = 100): Promise<string[]> {
  const found: string[] = [];
  for (let seq = 0; ;) {
    const page = await store.log.read(streamId, seq, limit);
    if (page.length === 0) return found;
    for (const record of page) {
      equal(record.seq, ++seq, "seq");
      found.push(record.event.type === "mission.paused" ? record.event.reason : record.event.type);
    }
  }
}

export function summaryOf(missionId: MissionId, seq: Seq, createdAt = 1_000): MissionSummary {
  const none = { calls: 0, tokens: 0, timeMs: 0, costMicroUsd: 0 };
  return {
    missionId,
    goal: "Ship it — 🚀",
    seq,
    status: { state: "Running", reason: "task one" },
    branch: "houston/one",
    repositoryPath: "/r",
    createdAt,
    updatedAt: createdAt + seq,
    tasks: { total: 1, done: 0, failed: 0 },
    assertions: { total: 1, passed: 0 },
    approvals: [],
    humanTasks: [],
    spent: none,
    limits: { tokens: 5 },
    epoch: 1,
  };
}

/** Bytes that do not compress, the same every time. */
export function noise(sizeBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = seed;
  for (let i = 0; i < sizeBytes; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
