/** Runs a contract's checks in a fresh workspace of exactly the tree being judged, and looks for ways it may deceive them. */
import type { Assertion } from "../protocol/contract.ts";
import type { ServiceSpec } from "../protocol/environment.ts";
import type { FindingDraft } from "../protocol/finding.ts";
import type { MissionId, ServiceId } from "../protocol/ids.ts";
import type { VerdictValue } from "../protocol/verdict.ts";
import type { Mount } from "./sandbox.ts";

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
  /** Tests that passed, whole and in order; with kind `tests` only. */
  passed?: string[];
  findings?: FindingDraft[];
}

export interface JudgeRequest {
  missionId: MissionId;
  assertion: Pick<Assertion, "id" | "check">;
  /** Fresh from the judged tree; may be changed by the check, and is thrown away. */
  directory: string;
  mounts: Mount[];
  services: Readonly<Record<ServiceId, ServiceSpec>>;
  /** Tests of this check that passed on the base: one that is reported no more is a finding, and no pass. */
  baseline?: readonly string[];
  signal: AbortSignal;
}

/** A file that the judged tree changed. */
export interface ChangedFile {
  path: string;
  /** On the base; left out where there was none. */
  before?: Uint8Array;
  /** On the judged tree; left out where there is none any more. */
  after?: Uint8Array;
}

export interface ReviewRequest {
  /** Base against what was handed off, before the contract's files are laid over it. */
  changes: readonly ChangedFile[];
  /** Paths of the contract's own files. */
  contractPaths: readonly string[];
  /** Paths and globs of tests that the plan allows to change. */
  mayChangeTests: readonly string[];
}

/** A changed line broken on purpose. */
export interface Mutant {
  path: string;
  content: Uint8Array;
  /** Such as `src/a.js:12: < became <=`. */
  text: string;
}

export interface Verifier {
  /** Must not throw: what goes wrong outside the judged tree is `error` or `inconclusive`, never `failed`, never `passed`. */
  judge(request: JudgeRequest): Promise<Judgement>;
  /** Reads the change as source: tests deleted, skipped, weakened; code that ends or bends the test process; stubs. A blocking finding means that no verdict of this tree counts as passed. */
  review(request: ReviewRequest): Promise<FindingDraft[]>;
  /** Tests of the baseline that stood in files the plan allows to change: they may vanish, and are asked for no more. */
  mayVanish(
    baseline: readonly string[],
    changes: readonly ChangedFile[],
    mayChangeTests: readonly string[],
  ): Promise<readonly string[]>;
  /** At most `count` mutants of changed lines that are no tests, spread over the change; deterministic. */
  mutants(changes: readonly ChangedFile[], count: number): Promise<Mutant[]>;
}
