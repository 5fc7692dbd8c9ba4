/** One step of the search: tries changes in their order until enough of them are plausible, pairs of changes at last. */

import { type Candidate, rankCandidates } from "./candidates.ts";
import { collectSpectrum } from "./localise.ts";
import { shortIdentity } from "./memory.ts";
import { type Patch, applyPatch, describePatch, identityOf, revertPatch } from "./patch.ts";
import type { Scratch, Slot } from "./scratch.ts";
import { parses } from "./syntax.ts";
import { type TestCase, displayName } from "./testRun.ts";
import type { TestUnit } from "./testPlan.ts";
import type { Tree } from "./tree.ts";
import { type Judgement, type Suite, failingCount, failingOf, judge } from "./validate.ts";

/** What all steps of an attempt share. */
export interface Search {
  readonly scratch: Scratch;
  readonly tree: Tree;
  readonly units: readonly TestUnit[];
  readonly sources: readonly string[];
  readonly words: ReadonlySet<string>;
  readonly isAskedFor: (test: TestCase) => boolean;
  readonly remainingMs: () => number;
  readonly report: (text: string, fraction?: number) => void;
  /** Judgements of this attempt by tree and change: the second way through the same step costs nothing. */
  readonly known: Map<string, Judgement>;
  /** How many changes were run. */
  readonly count: { tried: number };
}

export interface StepChoice {
  /** Identities of changes not to be proposed. */
  readonly banned: ReadonlySet<string>;
  /** Identities in short of changes that an earlier attempt found to be of no use here. */
  readonly skip: ReadonlySet<string>;
  /** To be tried before all others. */
  readonly first: readonly Patch[];
  /** How many more candidates are looked at after the first plausible one. */
  readonly lookAhead: number;
  /** 1 trusts the score; more prefers changes that hold in general. */
  readonly generalityWeight: number;
  /** What was turned down before: the same kind of change at the same place is likely to be again. */
  readonly unlike: readonly Patch[];
}

/** One or two changes that repair something and break nothing. */
export interface Plausible {
  readonly patches: readonly Patch[];
  readonly repaired: ReadonlySet<string>;
  readonly score: number;
  readonly description: string;
}

export interface StepResult {
  /** The best first. */
  readonly plausible: readonly Plausible[];
  /** Identities of single changes that were of no use. */
  readonly useless: readonly string[];
  /** Whether every single change was tried. */
  readonly exhausted: boolean;
}

/** Of the time that is left, what localisation and single changes may take, so that something is left for the rest. */
const LOCALISE_SHARE = 0.2;
const SINGLES_SHARE = 0.7;
const REPORT_EVERY = 25;
const REPEATED = 0.3;
const MAX_SEEDS = 8;
const PARTNERS_PER_SEED = 150;
/** Seeds take turns, so that a bad one does not use up the time of the others. */
const PARTNERS_PER_TURN = 30;

interface Seed {
  readonly candidate: Candidate;
  readonly gain: number;
}

export async function takeStep(search: Search, suite: Suite, choice: StepChoice): Promise<StepResult> {
  const { tree, scratch, report, sources } = search;
  const spectrum = await collectSpectrum(
    { scratch, sources, budgetMs: search.remainingMs() * LOCALISE_SHARE, read: (file) => tree.read(file) },
    suite.results,
  );
  const ranked = rankCandidates({ tree, spectrum, units: search.units, words: search.words });
  const first = choice.first
    .filter((patch) => isIn(tree, patch))
    .map((patch) => ({ patch, at: patch.start, score: 1 }));
  report(
    `${failingCount(suite)} failing tests run ${spectrum.files.length} files; ${ranked.length} candidate changes`,
  );
  const singles = await trySingles(search, suite, [...first, ...ranked], choice);
  const { plausible } = singles;
  if (plausible.length === 0 && singles.seeds.length > 0) {
    const seeds = singles.seeds.toSorted((a, b) => b.gain - a.gain).slice(0, MAX_SEEDS);
    report(`no single change helps; ${seeds.length} bring a test further: trying pairs`);
    plausible.push(...(await tryPairs(search, suite, ranked, seeds, choice)));
  }
  return {
    plausible: plausible.toSorted(
      (a, b) => b.repaired.size - a.repaired.size || qualityOf(b, choice) - qualityOf(a, choice),
    ),
    useless: singles.useless,
    exhausted: singles.exhausted,
  };
}

function qualityOf({ patches, score }: Plausible, { generalityWeight, unlike }: StepChoice): number {
  const generality = Math.min(...patches.map((patch) => patch.generality)) ** generalityWeight;
  const isRepeated = patches.some((patch) =>
    unlike.some((other) => other.operator === patch.operator && other.before === patch.before),
  );
  return score * generality * (isRepeated ? REPEATED : 1);
}

interface Singles {
  readonly plausible: Plausible[];
  readonly seeds: Seed[];
  readonly useless: string[];
  readonly exhausted: boolean;
}

async function trySingles(
  search: Search,
  suite: Suite,
  candidates: readonly Candidate[],
  choice: StepChoice,
): Promise<Singles> {
  const untilMs = search.remainingMs() * (1 - SINGLES_SHARE);
  const chosen = candidates.filter(({ patch }) => {
    if (choice.banned.size === 0 && choice.skip.size === 0) return true;
    const identity = identityOf(patch);
    return !choice.banned.has(identity) && !choice.skip.has(shortIdentity(identity));
  });
  const found: Singles = { plausible: [], seeds: [], useless: [], exhausted: false };
  const seen = new Set<string>();
  let index = 0;
  let sincePlausible = 0;
  let isEnough = false;
  const judged = search.scratch.inOrder(chosen, (candidate, slot) =>
    isEnough ? Promise.resolve(undefined) : judgeOnce(search, suite, [candidate.patch], slot),
  );
  for await (const judgement of judged) {
    const candidate = chosen[index] as Candidate;
    index += 1;
    if (judgement === undefined || isEnough) continue;
    reportCount(search, suite, chosen.length);
    const identity = identityOf(candidate.patch);
    if (seen.has(identity)) continue;
    seen.add(identity);
    sort(search, suite, candidate, judgement, found);
    if (found.plausible.length > 0) sincePlausible += 1;
    const isLate = search.remainingMs() < untilMs && found.plausible.length + found.seeds.length > 0;
    isEnough = sincePlausible > choice.lookAhead || isLate || search.remainingMs() <= 0;
    if (isEnough) break;
  }
  return { ...found, exhausted: index >= chosen.length && !isEnough };
}

/** Plausible, halfway or useless. */
function sort(
  search: Search,
  suite: Suite,
  candidate: Candidate,
  judgement: Judgement,
  found: Singles,
): void {
  const { repaired, harmed, advanced } = judgement;
  if (repaired.size > 0 && harmed === 0) {
    const plausible = plausibleOf(search, [candidate.patch], candidate.score, repaired);
    found.plausible.push(plausible);
    search.report(`plausible: ${plausible.description} repairs ${namesOf(suite, repaired)}`);
    return;
  }
  const gain = repaired.size > 0 ? 2 * repaired.size - harmed : advanced;
  if (gain > 0) found.seeds.push({ candidate, gain });
  else found.useless.push(identityOf(candidate.patch));
}

/** Each seed with the most promising changes elsewhere, until one pair repairs something. */
async function tryPairs(
  search: Search,
  suite: Suite,
  ranked: readonly Candidate[],
  seeds: readonly Seed[],
  choice: StepChoice,
): Promise<Plausible[]> {
  const partners = ranked.slice(0, PARTNERS_PER_SEED);
  const pairs: { seed: Candidate; partner: Candidate }[] = [];
  for (let from = 0; from < partners.length; from += PARTNERS_PER_TURN) {
    for (const { candidate: seed } of seeds) {
      for (const partner of partners.slice(from, from + PARTNERS_PER_TURN))
        if (areApart(seed.patch, partner.patch)) pairs.push({ seed, partner });
    }
  }
  const plausible: Plausible[] = [];
  let index = 0;
  let sincePlausible = 0;
  const judged = search.scratch.inOrder(pairs, ({ seed, partner }, slot) =>
    search.remainingMs() <= 0
      ? Promise.resolve(undefined)
      : judgeOnce(search, suite, inOrder(seed.patch, partner.patch), slot),
  );
  for await (const judgement of judged) {
    const { seed, partner } = pairs[index] as (typeof pairs)[number];
    index += 1;
    if (search.remainingMs() <= 0) break;
    if (judgement === undefined) continue;
    reportCount(search, suite, pairs.length);
    if (judgement.repaired.size > 0 && judgement.harmed === 0) {
      const patches = inOrder(seed.patch, partner.patch);
      const each = plausibleOf(search, patches, seed.score * partner.score, judgement.repaired);
      plausible.push(each);
      search.report(`plausible pair: ${each.description}`);
    }
    if (plausible.length > 0) sincePlausible += 1;
    if (sincePlausible > choice.lookAhead) break;
  }
  return plausible;
}

/** The later place first, so that the offsets of both hold; undefined when the result is no program. */
async function judgeOnce(
  search: Search,
  suite: Suite,
  patches: readonly Patch[],
  slot: Slot,
): Promise<Judgement | undefined> {
  if (search.remainingMs() <= 0) return undefined;
  const key = [search.tree.key(), ...patches.map(identityOf)].join(" ");
  const known = search.known.get(key);
  if (known !== undefined) return known;
  const changed = new Map<string, string>();
  for (const patch of patches)
    changed.set(patch.file, applyPatch(changed.get(patch.file) ?? search.tree.read(patch.file), patch));
  for (const [file, text] of changed) if (!parses(file, text)) return undefined;
  const changes = [...changed].map(([file, text]) => ({
    file,
    original: search.tree.read(file),
    changed: text,
  }));
  const judgement = await judge(search.scratch, slot, suite, changes);
  search.count.tried += 1;
  // Out of time, nothing is known.
  if (search.remainingMs() > 0) search.known.set(key, judgement);
  return judgement;
}

function plausibleOf(
  search: Search,
  patches: readonly Patch[],
  score: number,
  repaired: ReadonlySet<string>,
): Plausible {
  const description = patches
    .map((patch) => describePatch(search.tree.read(patch.file), patch))
    .join(" and ");
  return { patches, score, repaired, description };
}

function inOrder(a: Patch, b: Patch): Patch[] {
  return a.start > b.start ? [a, b] : [b, a];
}

function areApart(a: Patch, b: Patch): boolean {
  if (a.file !== b.file) return true;
  return a.start + a.original.length < b.start || b.start + b.original.length < a.start;
}

/** Whether what a recorded change replaces is there, at the same place. */
function isIn(tree: Tree, patch: Patch): boolean {
  try {
    const source = tree.read(patch.file);
    const patched = applyPatch(source, patch);
    return source.startsWith(patch.original, patch.start) && revertPatch(patched, patch) === source;
  } catch {
    return false;
  }
}

function reportCount(search: Search, suite: Suite, total: number): void {
  const { tried } = search.count;
  if (tried % REPORT_EVERY === 0)
    search.report(
      `${tried} candidates tried, ${total} in this step, for ${failingCount(suite)} failing tests`,
    );
}

function namesOf(suite: Suite, keys: ReadonlySet<string>): string {
  const names = failingOf(suite).filter((test) => keys.has(test.key));
  return names.map(displayName).join("; ").slice(0, 500);
}
