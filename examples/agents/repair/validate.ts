/** Judges a change: which failing tests does it repair or bring further, and does it break any other? */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scratch, Slot } from "./scratch.ts";
import type { TestUnit } from "./testPlan.ts";
import type { TestCase, TestResult } from "./testRun.ts";

export interface Judgement {
  /** Keys of tests that failed before and pass now. */
  readonly repaired: ReadonlySet<string>;
  /** How many tests that passed before do not now; counted only when a test was repaired, and not to the end. */
  readonly harmed: number;
  /** How many failing tests came further than before without passing. */
  readonly advanced: number;
}

/** All tests of a tree with their results. */
export interface Suite {
  readonly units: readonly TestUnit[];
  /** What the search looks at: tests that pass, and failing tests that somebody asked for. */
  readonly results: readonly TestResult[];
  /** Tests that fail and that no assertion names. */
  readonly unasked: readonly TestResult[];
}

/** A file's text before and after. */
export interface FileChange {
  readonly file: string;
  readonly original: string;
  readonly changed: string;
}

/** With more tests harmed a change is not even half of a repair. */
const MAX_HARMED = 2;
/** With failing tests in more files than this, the first ones stand for all. */
const MAX_FAILING_UNITS = 6;

/** Runs everything once. `isAskedFor` says which tests an assertion wants to pass. */
export async function runSuite(
  scratch: Scratch,
  units: readonly TestUnit[],
  isAskedFor: (test: TestCase) => boolean,
): Promise<Suite> {
  const results = new Map<TestUnit, readonly TestResult[]>();
  await scratch.all(units, async (unit, slot) => {
    results.set(unit, (await scratch.run(unit, slot)).results);
  });
  const all = units.flatMap((unit) => results.get(unit) ?? []);
  return {
    units,
    results: all.filter((test) => test.passed || isAskedFor(test)),
    unasked: all.filter((test) => !test.passed && !isAskedFor(test)),
  };
}

export function failingOf(suite: Suite): TestResult[] {
  return suite.results.filter((test) => !test.passed);
}

export function failingCount(suite: Suite): number {
  return failingOf(suite).length;
}

/** Failing tests first, because most changes end there; then everything. Leaves the copy as it was. */
export async function judge(
  scratch: Scratch,
  slot: Slot,
  suite: Suite,
  changes: readonly FileChange[],
): Promise<Judgement> {
  for (const { file, changed } of changes) writeFileSync(join(slot.root, file), changed);
  try {
    const failing = failingOf(suite);
    const first = await lookAtFailing(scratch, slot, failing);
    if (first.repaired === 0) return { repaired: new Set(), harmed: 0, advanced: first.advanced };
    const passing = new Set<string>();
    let harmed = 0;
    for (const unit of suite.units) {
      const { results } = await scratch.run(unit, slot);
      for (const result of results) if (result.passed) passing.add(result.key);
      harmed += suite.results.filter(
        (test) => test.unit === unit && test.passed && !passing.has(test.key),
      ).length;
      if (harmed > MAX_HARMED) break;
    }
    const repaired = failing.map((test) => test.key).filter((key) => passing.has(key));
    return { repaired: new Set(repaired), harmed, advanced: first.advanced };
  } finally {
    for (const { file, original } of changes) writeFileSync(join(slot.root, file), original);
  }
}

async function lookAtFailing(
  scratch: Scratch,
  slot: Slot,
  failing: readonly TestResult[],
): Promise<{ repaired: number; advanced: number }> {
  let repaired = 0;
  let advanced = 0;
  const units = [...new Set(failing.map((test) => test.unit))].slice(0, MAX_FAILING_UNITS);
  for (const unit of units) {
    const asked = failing.filter((test) => test.unit === unit);
    // A file that fails as a whole has no test to name: it is run as a whole.
    const only = asked.every((test) => test.path.length > 0) ? asked : [];
    const { results } = await scratch.run(unit, slot, { only });
    for (const test of asked) {
      const now = results.find((each) => each.key === test.key);
      if (now?.passed === true) repaired += 1;
      else if ((now?.progress ?? 0) > (test.progress ?? Infinity)) advanced += 1;
    }
  }
  return { repaired, advanced };
}
