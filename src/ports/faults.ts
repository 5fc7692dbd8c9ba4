/** Named crash points at every commit boundary: nothing in production, a killed process in tests. */

export const crashPoints = [
  "lease.acquired",
  "append.before",
  "append.after",
  "call.before",
  "call.after",
  "recovery.before",
  "recovery.lookedUp",
  "prepare.imported",
  "attempt.materialised",
  "attempt.handedOff",
  "attempt.captured",
  "snapshot.captured",
  "verify.materialised",
  "verify.judged",
  "deliver.before",
  "deliver.fetched",
  "cache.saved",
  "run.stopping",
  "lease.released",
] as const;

export type CrashPoint = (typeof crashPoints)[number];

export interface Faults {
  reach(point: CrashPoint): void;
}
