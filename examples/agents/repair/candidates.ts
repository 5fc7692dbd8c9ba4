/** Every small change of the suspicious code, the most promising first. */

import type { Spectrum } from "./localise.ts";
import { mutationsOf } from "./mutate.ts";
import { type Patch, patchOf } from "./patch.ts";
import { sharedWords } from "./relevance.ts";
import { otherRunner } from "./runners/flat.ts";
import type { TestUnit } from "./testPlan.ts";
import type { Tree } from "./tree.ts";

export interface Candidate {
  readonly patch: Patch;
  /** The place whose suspicion it has. */
  readonly at: number;
  /** Suspicion times prior; larger is tried earlier. */
  readonly score: number;
}

/** Beyond these no attempt has ever time. */
const MAX_CANDIDATES = 20_000;
/** Words are a hint: they order what coverage cannot tell apart. */
const WORD_BONUS = 0.12;
const MAX_BONUS_WORDS = 3;
const LONGEST_SOURCE = 1_000_000;

export interface RankOptions {
  readonly tree: Tree;
  readonly spectrum: Spectrum;
  readonly units: readonly TestUnit[];
  /** Words of what is asked for. */
  readonly words: ReadonlySet<string>;
}

export function rankCandidates({ tree, spectrum, units, words }: RankOptions): Candidate[] {
  const candidates: Candidate[] = [];
  for (const file of sourcesIn(spectrum, units)) {
    const source = tree.read(file);
    if (source.length > LONGEST_SOURCE) continue;
    const bonuses = new Map<string, number>();
    for (const mutation of mutationsOf(file, source)) {
      const suspicion = spectrum.suspicion(file, mutation.at);
      if (suspicion === 0) continue;
      const line = lineAt(source, mutation.start);
      const bonus = bonuses.get(line) ?? 1 + WORD_BONUS * Math.min(sharedWords(line, words), MAX_BONUS_WORDS);
      bonuses.set(line, bonus);
      const score = suspicion * mutation.prior * bonus;
      candidates.push({ patch: patchOf(source, mutation), at: mutation.at, score });
    }
  }
  // A stable sort: ties keep the order of files and of the source.
  return candidates.toSorted((a, b) => b.score - a.score).slice(0, MAX_CANDIDATES);
}

/** A program that is run as a check may be all there is; where it runs other sources it is the test of those. */
function sourcesIn(spectrum: Spectrum, units: readonly TestUnit[]): readonly string[] {
  const programs = units.filter((unit) => unit.runner === otherRunner).flatMap((unit) => unit.words);
  const others = spectrum.files.filter(
    (file) => !programs.some((word) => word.replace(/^\.\//, "") === file),
  );
  return others.length > 0 ? others : spectrum.files;
}

function lineAt(source: string, offset: number): string {
  const end = source.indexOf("\n", offset);
  return source.slice(source.lastIndexOf("\n", offset - 1) + 1, end === -1 ? source.length : end);
}
