/**
 * Judges assertions by their checks, in a fresh folder of exactly the tree being judged, and reads changes for
 * ways in which they may deceive the checks. What goes wrong outside that tree is `error` or `inconclusive`,
 * never `failed` or `passed`.
 */
import type { ChangedFile, Judgement, JudgeRequest, Verifier } from "../ports/verifier.ts";
import { judgeCheck } from "./judge/check.ts";
import { type VerifierOptions, without } from "./judge/judgement.ts";
import { CheckError } from "./judge/program.ts";
import { separator } from "./reports/report.ts";
import { matchesAny } from "./testFiles.ts";

export type { VerifierOptions } from "./judge/judgement.ts";

export function createVerifier(options: VerifierOptions): Verifier {
  return {
    judge: async (request) => await judged(options, request),
    // Loaded when a change is there to be read: they bring a parser.
    review: async (request) => (await import("./review/review.ts")).reviewChanges(request),
    mayVanish: async (baseline, changes, mayChangeTests) => namesIn(baseline, changes, mayChangeTests),
    mutants: async (changes, count) => (await import("./mutate/mutants.ts")).makeMutants(changes, count),
  };
}

async function judged(options: VerifierOptions, request: JudgeRequest): Promise<Judgement> {
  try {
    return await judgeCheck(options, request);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return error instanceof CheckError
      ? without(error.value, message)
      : without("error", `the check could not be run: ${message}`);
  }
}

/** Told by the last part of a test's name, as it stands in the source. */
function namesIn(
  names: readonly string[],
  changes: readonly ChangedFile[],
  patterns: readonly string[],
): string[] {
  const texts = changes
    .filter(({ path }) => matchesAny(path, patterns))
    .map(({ before }) => Buffer.from(before ?? "").toString());
  return names.filter((name) => {
    const last = name.split(separator).at(-1) ?? name;
    return texts.some((text) => text.includes(last));
  });
}
