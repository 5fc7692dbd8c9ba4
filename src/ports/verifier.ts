/** Runs a contract's checks in a fresh workspace of exactly the tree being judged. */
import type { Assertion } from "../protocol/plan.ts";
import type { VerdictValue } from "../protocol/verdict.ts";

/** Evidence with its output still in hand; the caller makes it a blob. */
export interface Observation {
  command: string[];
  exitCode: number | null;
  durationMs: number;
  output: Uint8Array;
  passed?: string[];
  failed?: string[];
}

export interface Judgement {
  value: VerdictValue;
  reason: string;
  observations: Observation[];
}

export interface Verifier {
  /** Must not throw: what goes wrong outside the judged tree is `error` or `inconclusive`, never `failed`, never `passed`. */
  judge(request: { assertion: Assertion; directory: string; signal: AbortSignal }): Promise<Judgement>;
}
