/**
 * The search: localise, mutate, validate, accept, and again for the tests that still fail. Greedy:
 * what is accepted stays, so independent defects are repaired one after the other.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectSpectrum, type Spectrum } from "./localise.ts";
import { type Mutation, applyMutation, describe, identityOf, mutationsOf } from "./mutate.ts";
import type { Scratch } from "./scratch.ts";
import { type TestCase, displayName } from "./testRun.ts";
import { type Suite, failingCount, judge, runSuite } from "./validate.ts";

export interface SearchOptions {
  readonly workspace: string;
  readonly scratch: Scratch;
  readonly isCandidate: (file: string) => boolean;
  readonly isAskedFor: (test: TestCase) => boolean;
  /** How many plausible changes to pass over at every step, where others exist: what earlier attempts took. */
  readonly skip: number;
  readonly isOver: () => boolean;
  readonly report: (text: string, fraction?: number) => void;
}

export interface SearchOutcome {
  readonly accepted: readonly string[];
  readonly tried: number;
  /** The results after the last accepted change. */
  readonly suite: Suite;
}

interface Plausible {
  readonly mutation: Mutation;
  readonly original: string;
  readonly mutated: string;
  readonly repaired: ReadonlySet<string>;
}

/** How many more candidates are looked at after a plausible one, for one that repairs more. */
const LOOK_AHEAD = 16;
/** The same, for each change that is to be passed over. */
const LOOK_AHEAD_SKIPPING = 200;
const REPORT_EVERY = 25;

/** Ends when every test passes, no candidate is left, or time is over. Writes each accepted change at once. */
export async function search(options: SearchOptions, start: Suite): Promise<SearchOutcome> {
  const { scratch, report } = options;
  const failingAtStart = failingCount(start);
  const accepted: string[] = [];
  const tried = new Set<string>();
  let suite = start;
  while (failingCount(suite) > 0 && !options.isOver()) {
    const spectrum = await collectSpectrum(scratch, suite.results, options.isCandidate);
    const candidates = rank(options.workspace, spectrum, tried);
    report(
      `${failingCount(suite)} failing tests run ${spectrum.files.length} files; ${candidates.length} candidate changes`,
    );
    const choice = await firstPlausible(options, suite, candidates, tried);
    if (choice === undefined) break;
    writeFileSync(join(options.workspace, choice.mutation.file), choice.mutated);
    scratch.write(choice.mutation.file, choice.mutated);
    accepted.push(describe(choice.mutation));
    suite = await runSuite(scratch, suite.units, options.isAskedFor);
    const fraction = 1 - failingCount(suite) / failingAtStart;
    report(`accepted after ${tried.size} candidates: ${describe(choice.mutation)}`, fraction);
  }
  return { accepted, tried: tried.size, suite };
}

/** Suspicion times prior, the highest first; what was of no use before another change comes last. */
function rank(workspace: string, spectrum: Spectrum, tried: ReadonlySet<string>): Mutation[] {
  const scored = spectrum.files
    .flatMap((file) => mutationsOf(file, readFileSync(join(workspace, file), "utf8")))
    .map((mutation) => ({ mutation, score: spectrum.suspicion(mutation.file, mutation.at) * mutation.prior }))
    .filter(({ score }) => score > 0)
    .map((each) => ({ ...each, again: tried.has(identityOf(each.mutation)) ? 1 : 0 }));
  // A stable sort: ties keep the order of files and of the source.
  return scored.toSorted((a, b) => a.again - b.again || b.score - a.score).map(({ mutation }) => mutation);
}

async function firstPlausible(
  options: SearchOptions,
  suite: Suite,
  candidates: readonly Mutation[],
  tried: Set<string>,
): Promise<Plausible | undefined> {
  const { scratch, report, skip } = options;
  const failing = failingCount(suite);
  const plausible: Plausible[] = [];
  let sincePlausible = 0;
  const results = scratch.inOrder(candidates, (mutation, slot) => attempt(options, suite, mutation, slot));
  let count = 0;
  for await (const result of results) {
    count += 1;
    tried.add(identityOf(candidates[count - 1] as Mutation));
    if (count % REPORT_EVERY === 0)
      report(`${count} of ${candidates.length} candidates tried for ${failing} failing tests`);
    if (result !== undefined) {
      plausible.push(result);
      const names = suite.results.filter((test) => result.repaired.has(test.key)).map(displayName);
      report(`plausible: ${describe(result.mutation)} repairs ${names.join("; ")}`);
    }
    if (plausible.length > 0) sincePlausible += 1;
    const repairsAll =
      plausible.length > skip && plausible.slice(skip).some((each) => each.repaired.size === failing);
    const patience = plausible.length > skip ? LOOK_AHEAD : LOOK_AHEAD_SKIPPING * skip;
    if (repairsAll || (plausible.length > 0 && sincePlausible > patience) || options.isOver()) break;
  }
  // Skipping stops at the last one there is: a repeated repair is better than none.
  const remaining = plausible.slice(Math.min(skip, plausible.length - 1));
  return remaining.toSorted((a, b) => b.repaired.size - a.repaired.size)[0];
}

async function attempt(
  { workspace, scratch, isOver }: SearchOptions,
  suite: Suite,
  mutation: Mutation,
  slot: Parameters<typeof judge>[1],
): Promise<Plausible | undefined> {
  if (isOver()) return undefined;
  const original = readFileSync(join(workspace, mutation.file), "utf8");
  const mutated = applyMutation(original, mutation);
  if (mutated === undefined) return undefined;
  const { repaired } = await judge(scratch, slot, suite, { file: mutation.file, original, mutated });
  return repaired.size > 0 ? { mutation, original, mutated, repaired } : undefined;
}
