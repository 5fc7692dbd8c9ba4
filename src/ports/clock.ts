/** Time, ids and chance: the only places they come from. */
import type { Timestamp } from "../protocol/ids.ts";

export interface Clock {
  now(): Timestamp;
  /** Milliseconds that never jump; for measuring how long something took, not for telling the time. */
  monotonicMs(): number;
  /** Resolves at `at` or soon after, or at once when the signal aborts; never rejects. */
  wait(at: Timestamp, signal: AbortSignal): Promise<void>;
  /** Resolves after so many milliseconds, however the time of day jumps, or at once when the signal aborts; never rejects. */
  pause(durationMs: number, signal: AbortSignal): Promise<void>;
}

export interface Ids {
  /** A new UUID v7. */
  next(): string;
}
