/** Verdicts and the evidence they rest on (FM8, law 4). */
import type { BlobRef } from "./blob.ts";
import type { AgentId, AssertionId } from "./ids.ts";
import type { Snapshot } from "./snapshot.ts";

export const verdictValues = ["passed", "failed", "blocked", "inconclusive", "error", "impossible"] as const;
export type VerdictValue = (typeof verdictValues)[number];

/** What was run and what it said. */
export interface Evidence {
  command: string[];
  exitCode: number | null;
  durationMs: number;
  output?: BlobRef;
  /** Names of tests reported as passed and failed, bounded; with kind `tests`. */
  passed?: string[];
  failed?: string[];
}

/** A verdict as the verifier gives it. */
export interface VerdictDraft {
  assertionId: AssertionId;
  value: VerdictValue;
  reason: string;
  evidence: Evidence[];
}

/** A verdict bound to what it judged; stale when tree or contract version move on. */
export interface Verdict extends VerdictDraft {
  by: AgentId;
  /** As it was handed off. */
  tree: string;
  /** That tree with the contract's files laid over it: what the checks really ran on, and what is delivered. */
  judged: Snapshot;
  contractVersion: number;
}
