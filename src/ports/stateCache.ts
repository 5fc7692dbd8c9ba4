/** Stored folds. Never trusted: wrong checksum, schema or position, and the log is folded instead. */
import type { MissionId, Seq } from "../protocol/ids.ts";

export interface CachedState {
  seq: Seq;
  /** Version of the state's shape. */
  stateVersion: number;
  body: string;
}

export interface StateCaches {
  /** Newest first, at most two; those that fail their checksum are left out. */
  load(missionId: MissionId): Promise<CachedState[]>;
  /** Keeps the newest two. May be lost in a crash. */
  save(missionId: MissionId, state: CachedState): Promise<void>;
}
