/** Changes for tests, told as files before and after. */
import type { ChangedFile, ReviewRequest } from "../../ports/verifier.ts";
import type { FindingDraft } from "../../protocol/finding.ts";
import { reviewChanges } from "./review.ts";

type Files = Record<string, string | undefined>;

/** What a review says of a change; files that are in one of both only came or went. */
export function reviewed(before: Files, after: Files, more: Partial<ReviewRequest> = {}): FindingDraft[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changes = [...paths].map((path): ChangedFile => {
    const [old, now] = [before[path], after[path]];
    return {
      path,
      ...(old === undefined ? {} : { before: Buffer.from(old) }),
      ...(now === undefined ? {} : { after: Buffer.from(now) }),
    };
  });
  return reviewChanges({ changes, contractPaths: [], mayChangeTests: [], ...more });
}

/** Kinds of the findings that hold a task up, each once, sorted. */
export const blockingKinds = (findings: readonly FindingDraft[]): string[] =>
  [...new Set(findings.filter(({ severity }) => severity === "blocking").map(({ kind }) => kind))].toSorted();
