/**
 * The search: step after step for what still fails. Greedy: what is accepted stays, so that independent
 * defects are repaired one after the other.
 */

import { type Patch, applyPatch, identityOf } from "./patch.ts";
import { type Plausible, type Search, type StepChoice, takeStep } from "./step.ts";
import { type Suite, failingCount, runSuite } from "./validate.ts";

export interface CourseChoice extends StepChoice {
  /** Called when the tree is better than before. */
  readonly onAccepted: () => void;
}

/** One way through the search. */
export interface Course {
  /** In the order they were applied. */
  readonly patches: readonly Patch[];
  readonly descriptions: readonly string[];
  /** Plausible changes that were not taken, the better first. */
  readonly alternatives: readonly Plausible[];
  /** The results after the last accepted change. */
  readonly suite: Suite;
  /** Of no use on the tree as it was before the first change, and on the last tree. */
  readonly useless: { readonly first: readonly string[]; readonly last: readonly string[] };
  /** Whether it ended because no change was left to try. */
  readonly exhausted: boolean;
}

/** Each step repairs a test, but a repaired crash can show tests that fail after it. */
const MAX_STEPS = 30;

/** Ends when every test passes, no candidate is left, or time is over. */
export async function runCourse(search: Search, start: Suite, choice: CourseChoice): Promise<Course> {
  const patches: Patch[] = [];
  const descriptions: string[] = [];
  const alternatives: Plausible[] = [];
  const banned = new Set(choice.banned);
  const failingAtStart = failingCount(start);
  let useless: { first: readonly string[]; last: readonly string[] } = { first: [], last: [] };
  let suite = start;
  let exhausted = false;
  for (let count = 0; count < MAX_STEPS; count += 1) {
    if (failingCount(suite) === 0 || search.remainingMs() <= 0) break;
    const skip = patches.length === 0 ? choice.skip : new Set<string>();
    const step = await takeStep(search, suite, { ...choice, banned, skip });
    useless = { first: count === 0 ? step.useless : useless.first, last: step.useless };
    const [best, ...others] = step.plausible;
    exhausted = best === undefined && step.exhausted;
    if (best === undefined) break;
    alternatives.push(...others);
    const before = search.tree.overlay();
    for (const patch of best.patches)
      search.tree.write(patch.file, applyPatch(search.tree.read(patch.file), patch));
    const next = await runSuite(search.scratch, search.units, search.isAskedFor);
    if (!next.results.some((test) => test.passed && best.repaired.has(test.key))) {
      // It passed once and does not again: results that change by themselves prove nothing.
      search.tree.restore(before);
      for (const patch of best.patches) banned.add(identityOf(patch));
      continue;
    }
    suite = next;
    patches.push(...best.patches);
    descriptions.push(best.description);
    choice.onAccepted();
    search.report(
      `accepted after ${search.count.tried} candidates: ${best.description}`,
      Math.max(0, 1 - failingCount(suite) / failingAtStart),
    );
  }
  return { patches, descriptions, alternatives, suite, useless, exhausted };
}
