/** A bounded file per call for what streams: never in the log, lost without harm. */
import type { CallId, MissionId } from "../protocol/ids.ts";

export interface SpoolWriter {
  /** Past the bound, the middle is dropped and said so. Never throws. */
  write(chunk: Uint8Array): void;
  close(): Promise<void>;
}

export interface Spool {
  open(missionId: MissionId, callId: CallId): SpoolWriter;
  /** What there is; with a signal also what comes, until it aborts or the writer closes. */
  tail(missionId: MissionId, callId: CallId, follow?: AbortSignal): AsyncIterable<Uint8Array>;
}
