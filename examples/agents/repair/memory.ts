/**
 * What one attempt tells the next. Each is a fresh process in a fresh folder, and the only thing that
 * reaches the next is the handoff's summary: so the summary ends with a record, one line of JSON.
 */

import { type Patch, identityOf } from "./patch.ts";

export interface Memory {
  /** What was handed off, in the order of attempts: each a set of patches, in the order they were applied. */
  readonly handed: readonly (readonly Patch[])[];
  /** Plausible changes that were not taken. */
  readonly alternatives: readonly Patch[];
  /** Whether `tried` is about the tree that was handed off, or about the tree before all patches. */
  readonly triedOn: "handed" | "base";
  /** Identities of changes that were tried there and were of no use. */
  readonly tried: readonly string[];
}

export const NO_MEMORY: Memory = { handed: [], alternatives: [], triedOn: "base", tried: [] };

const MARK = "repair-record:1 ";
/** Houston accepts summaries of 20,000 characters; the rest is for people. */
const MAX_RECORD_LENGTH = 15_000;
const MAX_HANDED = 12;
const MAX_ALTERNATIVES = 12;
const MAX_TRIED = 1_200;
/** Longer texts than operators make; a patch that is longer is none of ours. */
const MAX_TEXT_LENGTH = 2_000;
const SHORT_IDENTITY = 5;

type Row = [
  file: string,
  start: number,
  original: string,
  replacement: string,
  before: string,
  after: string,
  operator: string,
  generality: number,
];

/** One line; what does not fit is left out, what was handed off last. */
export function writeMemory(memory: Memory): string {
  const handed = memory.handed.slice(-MAX_HANDED).map((patches) => patches.map(rowOf));
  const alternatives = memory.alternatives.slice(0, MAX_ALTERNATIVES).map(rowOf);
  const tried = memory.tried.slice(0, MAX_TRIED).map(shortIdentity);
  const line = (): string =>
    MARK + JSON.stringify({ handed, alternatives, triedOn: memory.triedOn, tried: tried.join("") });
  while (line().length > MAX_RECORD_LENGTH && tried.length > 0) tried.length = Math.floor(tried.length / 2);
  while (line().length > MAX_RECORD_LENGTH && alternatives.length > 0) alternatives.pop();
  while (line().length > MAX_RECORD_LENGTH && handed.length > 1) handed.shift();
  return line();
}

/** From the summaries of earlier attempts, the earliest first; what is no record of ours is passed over. */
export function readMemory(summaries: readonly string[]): Memory {
  const records = summaries.flatMap(readRecord);
  const last = records.at(-1);
  if (last === undefined) return NO_MEMORY;
  // Each record repeats those before it, as far as they fitted.
  const handed = new Map(
    records.flatMap((each) => each.handed).map((patches) => [combinationOf(patches), patches]),
  );
  const latest = last.handed.at(-1);
  if (latest !== undefined) {
    handed.delete(combinationOf(latest));
    handed.set(combinationOf(latest), latest);
  }
  return { ...last, handed: [...handed.values()] };
}

/** Names a set of patches, in whatever order. */
export function combinationOf(patches: readonly Patch[]): string {
  return patches.map(identityOf).toSorted().join("+");
}

/** As `tried` holds them. */
export function shortIdentity(identity: string): string {
  return identity.slice(0, SHORT_IDENTITY);
}

/**
 * The smallest sets of changes that meet every combination that was handed off: to do without one of
 * them is to hand off something new, and to keep as much as possible. `doubt` decides between equals.
 */
export function bansOf(handed: Memory["handed"], doubt: (patch: Patch) => number): Patch[][] {
  let bans: Patch[][] = [[]];
  for (const combination of handed) {
    bans = bans.flatMap((ban) => {
      const names = ban.map(identityOf);
      if (combination.some((patch) => names.includes(identityOf(patch)))) return [ban];
      return combination.map((patch) => [...ban, patch]);
    });
    const unique = new Map(bans.map((ban) => [combinationOf(ban), ban]));
    bans = [...unique.values()].slice(0, 200);
  }
  const doubtOf = (ban: readonly Patch[]): number => ban.reduce((sum, patch) => sum + doubt(patch), 0);
  return bans.toSorted((a, b) => a.length - b.length || doubtOf(b) - doubtOf(a));
}

function rowOf(patch: Patch): Row {
  const { file, start, original, replacement, before, after, operator, generality } = patch;
  return [file, start, original, replacement, before, after, operator, generality];
}

function readRecord(summary: string): Memory[] {
  const line = summary.split("\n").findLast((each) => each.startsWith(MARK));
  if (line === undefined) return [];
  let record: unknown;
  try {
    record = JSON.parse(line.slice(MARK.length));
  } catch {
    return [];
  }
  if (typeof record !== "object" || record === null) return [];
  const { handed, alternatives, triedOn, tried } = record as Record<string, unknown>;
  const text = typeof tried === "string" ? tried : "";
  return [
    {
      handed: list(handed)
        .map((patches) => list(patches).flatMap(readRow))
        .filter((each) => each.length > 0),
      alternatives: list(alternatives).flatMap(readRow),
      triedOn: triedOn === "handed" ? "handed" : "base",
      tried: text.match(/.{5}/g) ?? [],
    },
  ];
}

/** A brief is written by others: a row that is none of ours must not lead out of the workspace. */
function readRow(value: unknown): Patch[] {
  const [file, start, original, replacement, before, after, operator, generality] = list(value);
  const texts = [file, original, replacement, before, after, operator];
  if (!texts.every((each) => typeof each === "string" && each.length <= MAX_TEXT_LENGTH)) return [];
  if (typeof start !== "number" || !Number.isInteger(start) || typeof generality !== "number") return [];
  const [path = "", from = "", to = "", left = "", right = "", kind = ""] = texts as string[];
  if (path.startsWith("/") || path.split("/").includes("..")) return [];
  return [
    {
      file: path,
      start,
      original: from,
      replacement: to,
      before: left,
      after: right,
      operator: kind,
      generality,
    },
  ];
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
