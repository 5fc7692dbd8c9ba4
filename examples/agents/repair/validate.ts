/** Judges one mutated source: which failing tests does it repair, and does it break any other? */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scratch, Slot } from "./scratch.ts";
import type { TestUnit } from "./testPlan.ts";
import { type TestCase, type TestResult, runUnit } from "./testRun.ts";

export interface Judgement {
  /** Keys of tests that failed before and pass now; empty when the change is of no use or does harm. */
  readonly repaired: ReadonlySet<string>;
}

/** All tests of a tree with their results. */
export interface Suite {
  readonly units: readonly TestUnit[];
  /** What the search looks at: tests that pass, and failing tests that somebody asked for. */
  readonly results: readonly TestResult[];
  /** Tests that fail and that no assertion names. */
  readonly unasked: readonly TestResult[];
}

const USELESS: Judgement = { repaired: new Set() };

/** Runs everything once. `isAskedFor` says which tests an assertion wants to pass. */
export async function runSuite(
  scratch: Scratch,
  units: readonly TestUnit[],
  isAskedFor: (test: TestCase) => boolean,
): Promise<Suite> {
  const results = new Map<TestUnit, readonly TestResult[]>();
  await scratch.all(units, async (unit, slot) => {
    const unitRun = await runUnit(unit, { ...slot, timeoutMs: scratch.timeoutMs(unit) });
    scratch.learn(unit, unitRun.durationMs);
    results.set(unit, unitRun.results);
  });
  const all = units.flatMap((unit) => results.get(unit) ?? []);
  return {
    units,
    results: all.filter((test) => test.passed || isAskedFor(test)),
    unasked: all.filter((test) => !test.passed && !isAskedFor(test)),
  };
}

export function failingCount(suite: Suite): number {
  return suite.results.filter((test) => !test.passed).length;
}

/** Failing tests first, because most changes end there; then everything. Leaves the copy as it was. */
export async function judge(
  scratch: Scratch,
  slot: Slot,
  suite: Suite,
  change: { readonly file: string; readonly original: string; readonly mutated: string },
): Promise<Judgement> {
  const path = join(slot.root, change.file);
  writeFileSync(path, change.mutated);
  try {
    const failing = suite.results.filter((test) => !test.passed);
    if ((await repairedAmong(scratch, slot, failing)).size === 0) return USELESS;
    const passing = new Set<string>();
    for (const unit of suite.units) {
      const { results } = await runUnit(unit, { ...slot, timeoutMs: scratch.timeoutMs(unit) });
      for (const result of results) if (result.passed) passing.add(result.key);
      const harmed = suite.results.some(
        (test) => test.unit === unit && test.passed && !passing.has(test.key),
      );
      if (harmed) return USELESS;
    }
    return { repaired: new Set(failing.map((test) => test.key).filter((key) => passing.has(key))) };
  } finally {
    writeFileSync(path, change.original);
  }
}

async function repairedAmong(
  scratch: Scratch,
  slot: Slot,
  failing: readonly TestResult[],
): Promise<Set<string>> {
  const repaired = new Set<string>();
  for (const unit of new Set(failing.map((test) => test.unit))) {
    const only = failing.filter((test) => test.unit === unit);
    // A file that fails as a whole has no test to name: it is run as a whole.
    const named = only.every((test) => test.path.length > 0) ? only : [];
    const { results } = await runUnit(unit, { ...slot, timeoutMs: scratch.timeoutMs(unit), only: named });
    for (const { key, passed } of results)
      if (passed && only.some((test) => test.key === key)) repaired.add(key);
  }
  return repaired;
}
