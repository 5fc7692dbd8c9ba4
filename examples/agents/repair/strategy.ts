/**
 * What an attempt does with what is known: the first searches; a later one takes the earlier changes
 * back, does without the most doubtful of them, and hands off something that was never handed off.
 */

import { type Memory, bansOf, combinationOf } from "./memory.ts";
import { type Patch, describePatch, identityOf, revertPatch } from "./patch.ts";
import { sharedWords, wordsOf } from "./relevance.ts";
import { type Course, runCourse } from "./search.ts";
import type { Plausible, Search } from "./step.ts";
import { type Suite, failingCount, runSuite } from "./validate.ts";

export interface Outcome {
  /** The results on the tree the attempt started from, and on the one it leaves. */
  readonly start: Suite;
  readonly end: Suite;
  readonly changes: readonly string[];
  /** Earlier changes that are taken back in the tree it leaves. */
  readonly undone: readonly string[];
  readonly alternatives: readonly Plausible[];
  readonly memory: Memory;
  /** Why it ended, where that was not because everything passes. */
  readonly ended: "repaired" | "nothingFails" | "nothingElse" | "exhausted" | "outOfTime";
}

export interface StrategyOptions {
  readonly memory: Memory;
  /** What a verifier found about the earlier attempts, and what it checks without showing how. */
  readonly findings: readonly string[];
}

const LOOK_AHEAD = 16;
/** Later attempts must choose among more, and have the time the first spent on useless changes. */
const LOOK_AHEAD_AGAIN = 120;
const FINDING_WEIGHT = 0.3;
const MAX_BANS = 6;

/** Leaves the workspace better than it was, or as it was. */
export async function repairTree(search: Search, start: Suite, options: StrategyOptions): Promise<Outcome> {
  const { memory } = options;
  const latest = memory.handed.at(-1);
  if (latest === undefined) return firstAttempt(search, start, memory);
  const undone = takeBack(search, latest);
  if (undone === undefined) {
    // The changes are not in this tree: it is the one before them, or somebody else's.
    return failingCount(start) === 0
      ? nothingToDo(start, memory)
      : otherAttempt(search, start, start, [], options);
  }
  if (failingCount(start) > 0) {
    const undoneTree = search.tree.overlay();
    search.tree.restore(new Map());
    const further = await goOn(search, start, latest, memory);
    if (further !== undefined) return further;
    search.tree.restore(undoneTree);
  }
  search.report(`took ${undone.length} earlier change${undone.length === 1 ? "" : "s"} back`);
  const base = await runSuite(search.scratch, search.units, search.isAskedFor);
  return otherAttempt(search, start, base, undone, options);
}

async function firstAttempt(search: Search, start: Suite, memory: Memory): Promise<Outcome> {
  if (failingCount(start) === 0) return nothingToDo(start, memory);
  const course = await runCourse(search, start, {
    banned: new Set(),
    skip: new Set(memory.triedOn === "base" ? memory.tried : []),
    first: memory.alternatives,
    lookAhead: LOOK_AHEAD,
    generalityWeight: 1,
    unlike: [],
    // An attempt may be killed at any time, and the next one starts from what it left.
    onAccepted: () => search.tree.save(),
  });
  return outcomeOf(search, start, course, [], memory, []);
}

/** Repairs what the earlier attempt left; undefined when there is nothing to be found. */
async function goOn(
  search: Search,
  start: Suite,
  latest: readonly Patch[],
  memory: Memory,
): Promise<Outcome | undefined> {
  const course = await runCourse(search, start, {
    banned: new Set(),
    skip: new Set(memory.triedOn === "handed" ? memory.tried : []),
    first: memory.alternatives,
    lookAhead: LOOK_AHEAD,
    generalityWeight: 1,
    unlike: [],
    onAccepted: () => search.tree.save(),
  });
  return course.patches.length === 0 ? undefined : outcomeOf(search, start, course, latest, memory, []);
}

/** Hands off something new, or nothing. */
async function otherAttempt(
  search: Search,
  start: Suite,
  base: Suite,
  undone: readonly string[],
  options: StrategyOptions,
): Promise<Outcome> {
  const { memory } = options;
  const words = wordsOf(options.findings.join(" "));
  const doubt = (patch: Patch): number =>
    1 - patch.generality + FINDING_WEIGHT * sharedWords(patch.before + patch.original + patch.after, words);
  const taken = search.tree.overlay();
  const handed = new Set(memory.handed.map(combinationOf));
  let best: { course: Course; overlay: ReturnType<typeof search.tree.overlay> } | undefined;
  let wasCut = false;
  const bans = failingCount(base) === 0 ? [] : bansOf(memory.handed, doubt).slice(0, MAX_BANS);
  for (const ban of bans) {
    if (search.remainingMs() <= 0) break;
    search.tree.restore(taken);
    const course = await runCourse(search, base, {
      banned: new Set(ban.map(identityOf)),
      skip: new Set(memory.triedOn === "base" ? memory.tried : []),
      first: memory.alternatives,
      lookAhead: LOOK_AHEAD_AGAIN,
      generalityWeight: 2,
      unlike: memory.handed.flat(),
      onAccepted: () => {},
    });
    wasCut ||= !course.exhausted;
    const isNew = course.patches.length > 0 && !handed.has(combinationOf(course.patches));
    if (!isNew || search.tree.isAsFound()) continue;
    const left = failingCount(course.suite);
    if (left <= failingCount(start) && left < failingCount(best?.course.suite ?? base))
      best = { course, overlay: search.tree.overlay() };
    if (left === 0) break;
  }
  if (best === undefined) {
    search.tree.restore(new Map());
    const ended = failingCount(base) === 0 ? "nothingFails" : wasCut ? "outOfTime" : "nothingElse";
    return { start, end: start, changes: [], undone: [], alternatives: [], memory, ended };
  }
  search.tree.restore(best.overlay);
  search.tree.save();
  return outcomeOf(search, start, best.course, [], memory, undone);
}

function nothingToDo(start: Suite, memory: Memory): Outcome {
  return { start, end: start, changes: [], undone: [], alternatives: [], memory, ended: "nothingFails" };
}

function outcomeOf(
  search: Search,
  start: Suite,
  course: Course,
  kept: readonly Patch[],
  memory: Memory,
  undone: readonly string[],
): Outcome {
  const { suite, patches, descriptions, alternatives, useless, exhausted } = course;
  const isDone = failingCount(suite) === 0;
  // What was of no use matters where the next attempt will search: after the changes, or without them.
  const onBase = isDone || patches.length + kept.length === 0;
  const tried = onBase ? (kept.length > 0 ? [] : useless.first) : useless.last;
  const earlier = onBase && memory.triedOn === "base" ? memory.tried : [];
  return {
    start,
    end: suite,
    changes: descriptions,
    undone,
    alternatives,
    memory: {
      handed: patches.length === 0 ? memory.handed : [...memory.handed, [...kept, ...patches]],
      alternatives: alternatives.flatMap((each) => (each.patches.length === 1 ? each.patches : [])),
      triedOn: onBase ? "base" : "handed",
      tried: [...new Set([...tried, ...earlier])],
    },
    ended: isDone ? "repaired" : search.remainingMs() <= 0 || !exhausted ? "outOfTime" : "exhausted",
  };
}

/** Takes all of them back, the latest first; undefined, and the tree as it was, when one is not there. */
function takeBack({ tree }: Search, patches: readonly Patch[]): string[] | undefined {
  const before = tree.overlay();
  const undone: string[] = [];
  for (const patch of patches.toReversed()) {
    const reverted = readOrNothing(tree, patch.file, (source) => revertPatch(source, patch));
    if (reverted === undefined) {
      tree.restore(before);
      return undefined;
    }
    tree.write(patch.file, reverted);
    undone.push(describePatch(reverted, { ...patch, start: startIn(reverted, patch) }));
  }
  return undone;
}

function startIn(reverted: string, { before, original, start }: Patch): number {
  const near = start - before.length;
  const frame = before + original;
  return (reverted.startsWith(frame, near) ? near : reverted.indexOf(frame)) + before.length;
}

function readOrNothing(
  tree: Search["tree"],
  file: string,
  change: (source: string) => string | undefined,
): string | undefined {
  try {
    return change(tree.read(file));
  } catch {
    return undefined;
  }
}
