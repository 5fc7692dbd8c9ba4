/** What is done to missions: kills at every named crash point, at random instants, during recovery, and frozen runners. */
import { crashPoints, type CrashPoint } from "../../src/ports/faults.ts";
import { seededRandom } from "../../src/testing/random.ts";
import type { Crash } from "./life.ts";

export interface CrashCase {
  name: string;
  /** One per life; lives after the last are left in peace. */
  crashes: Crash[];
  sandbox: "bubblewrap" | "none";
  /** Events appended beforehand, so that a state cache is worth writing. */
  history?: boolean;
  /** The first life is stopped with SIGSTOP after so long, and woken when another has finished its mission. */
  freezeAfterMs?: number;
}

export const storePoints = ["beforeCommit", "afterCommit"] as const;

/** Ways to reach a point that a mission without trouble does not reach. */
const detours: Partial<Record<CrashPoint, (at: string) => Pick<CrashCase, "crashes" | "history">[]>> = {
  "recovery.before": (at) => [
    { crashes: [{ at: "verify.judged:1" }, { at }] },
    { crashes: [{ at: "deliver.before:1" }, { at }] },
  ],
  "recovery.lookedUp": (at) => [
    { crashes: [{ at: "deliver.fetched:1" }, { at }] },
    { crashes: [{ at: "deliver.before:1" }, { at }] },
  ],
  "run.stopping": (at) => [{ crashes: [{ terminate: true, at }] }],
  "lease.released": (at) => [{ crashes: [{ terminate: true, at }] }, { crashes: [{ at }] }],
  "cache.saved": (at) => [{ crashes: [{ at }], history: true }],
};

/** The n-th time a point is reached matters: before the base is there, in the middle, near the end. */
const occurrences: Partial<Record<CrashPoint, number[]>> = {
  "append.before": [1, 2, 3, 4, 6, 8, 10],
  "append.after": [1, 2, 3, 4, 6, 8, 10],
  "call.before": [1, 2, 3, 4, 5, 6, 7],
  "call.after": [1, 2, 3, 4, 5, 6, 7],
  "snapshot.captured": [1, 2, 3],
  "attempt.materialised": [1, 2],
  "attempt.handedOff": [1, 2],
  "attempt.captured": [1, 2],
  "verify.materialised": [1, 2, 3],
  "verify.judged": [1, 2, 3],
};

/** Points that a recovering life is killed at, after one that died in the middle. */
const duringRecovery = [
  "lease.acquired",
  "append.before",
  "append.after",
  "call.before",
  "attempt.materialised",
  "call.after",
] as const;

const boxes = ["none", "bubblewrap"] as const;

export function namedCases(): CrashCase[] {
  const cases: CrashCase[] = [];
  const box = (): CrashCase["sandbox"] => boxes[cases.length % 2] ?? "none";
  for (const point of crashPoints) {
    const detour = detours[point];
    if (detour !== undefined) {
      for (const way of detour(`${point}:1`))
        cases.push({ name: `${point} (by a detour)`, sandbox: box(), ...way });
      continue;
    }
    for (const n of occurrences[point] ?? [1])
      cases.push({ name: `${point}:${n}`, crashes: [{ at: `${point}:${n}` }], sandbox: box() });
  }
  for (const point of storePoints)
    for (let n = 1; n <= 16; n += 1)
      cases.push({ name: `${point}:${n}`, crashes: [{ store: `${point}:${n}` }], sandbox: box() });
  for (const point of duringRecovery)
    for (const first of ["attempt.handedOff:1", "verify.materialised:1", "attempt.materialised:2"])
      cases.push({
        name: `${first}, then ${point}:1`,
        crashes: [{ at: first }, { at: `${point}:1` }],
        sandbox: box(),
      });
  return cases;
}

/** Kills at random instants of a mission that takes about `lengthMs`, up to three in a row. */
export function randomCases(count: number, seed: string, lengthMs: number): CrashCase[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const crashes: Crash[] = [{ afterMs: random.int(1, lengthMs) }];
    while (crashes.length < 3 && random.chance(0.3)) crashes.push({ afterMs: random.int(1, lengthMs) });
    return { name: `random ${index + 1}`, crashes, sandbox: random.pick(boxes) };
  });
}

/** Runners frozen for longer than their lease, at instants spread over a mission. */
export function frozenCases(count: number, lengthMs: number): CrashCase[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `frozen ${index + 1}`,
    crashes: [],
    sandbox: "none" as const,
    freezeAfterMs: Math.round(300 + ((lengthMs - 300) * (index + 0.5)) / count),
  }));
}
