/** One touch of the outside: wanted durably before it starts, settled when it has ended. */
import type { BlobRef } from "./blob.ts";
import type { Amounts } from "./budget.ts";
import type { SealedEnvironment } from "./environment.ts";
import type { FindingDraft } from "./finding.ts";
import type { Handoff } from "./handoff.ts";
import type { AgentId, AssertionId, AttemptId, CallId, StageId, StepId, TaskId, Timestamp } from "./ids.ts";
import type { Snapshot } from "./snapshot.ts";
import type { VerdictDraft } from "./verdict.ts";

/** What a call may change; the strictest of a call's set decides what a crash means. Mildest first. */
export const effects = ["read", "model", "workspace", "attempt", "external"] as const;
export type Effect = (typeof effects)[number];

/** What is to be done. */
export type CallWork =
  /** Import the base into the mission's repository. */
  | { kind: "prepare" }
  /** Setup, services and checks on the base, before anything is spent. */
  | { kind: "preflight"; snapshot: Snapshot; runs: number }
  /** A program or an agent at work on a whole attempt. */
  | { kind: "attempt"; agentId: AgentId; from: Snapshot; resumable: boolean }
  /** A person at work on a whole attempt; settled by an entitled `answer`. */
  | { kind: "human"; agentId: AgentId; from: Snapshot }
  /** A step that calls a model. */
  | { kind: "skill"; skill: string; input: BlobRef | string }
  /** A step that does not. */
  /** `before`: where a tool that edits the workspace starts, and is restored to. */
  | { kind: "tool"; tool: string; input: BlobRef | string; before?: Snapshot }
  | {
      kind: "verify";
      assertionIds: AssertionId[];
      snapshot: Snapshot;
      contractVersion: number;
      /** With neither task nor stage: the sealed tree of the mission. */
      stageId?: StageId;
    }
  | { kind: "deliver"; branch: string; snapshot: Snapshot };

export interface Call {
  id: CallId;
  work: CallWork;
  effects: Effect[];
  taskId?: TaskId;
  attemptId?: AttemptId;
  stepId?: StepId;
  /** Held back from the budget until the call is settled; the most it may spend. Its time ends at the deadline. */
  reserve: Amounts;
}

/** Why a call failed, named for what is done about it. */
export const callErrorCodes = [
  "timeout",
  "stall",
  "rateLimit",
  "quota",
  "infrastructure",
  "agentFailed",
  "malformedHandoff",
  "sandbox",
  "blocked",
  "unknownEffect",
  "impossible",
] as const;
export type CallErrorCode = (typeof callErrorCodes)[number];

export interface CallError {
  code: CallErrorCode;
  message: string;
  /** With `rateLimit`: when to come back. */
  resetAt?: Timestamp;
}

/** What a check says of the base. */
export interface Baseline extends VerdictDraft {
  /** Runs of the same check on the same tree did not agree. */
  flaky: boolean;
  /** Names of the tests that passed, as a JSON list; those that vanish later are findings. */
  tests?: BlobRef;
}

export type CallResult =
  /** `start`: the base with the contract's visible files laid over it, where work begins. */
  | { kind: "prepare"; snapshot: Snapshot; start?: Snapshot }
  | { kind: "preflight"; baseline: Baseline[]; environment?: SealedEnvironment }
  | {
      kind: "attempt";
      handoff: Handoff;
      snapshot: Snapshot;
      output?: BlobRef;
      /** Of the artifacts that the handoff names, in its order; those that are no files are left out. */
      artifacts?: { name: string; path: string; content: BlobRef }[];
    }
  | { kind: "step"; output?: BlobRef; digest: string; snapshot?: Snapshot; done?: Handoff }
  | {
      kind: "verify";
      verdicts: VerdictDraft[];
      /** The tree that was judged, with the contract's files laid over it. */
      judged?: Snapshot;
      findings?: FindingDraft[];
    }
  | { kind: "deliver"; commit: string };

export type CallOutcome =
  | { status: "succeeded"; result: CallResult }
  | { status: "failed"; error: CallError; snapshot?: Snapshot; output?: BlobRef }
  /** Ended from outside: crash, pause, cancel. */
  | { status: "interrupted"; reason: string; snapshot?: Snapshot }
  /** External and nobody can say whether it happened. */
  | { status: "unknown"; reason: string };

/** What a restart does about a call that was wanted and not settled. */
export const recoveryActions = ["redo", "askAgain", "restore", "resume", "interrupt", "lookUp"] as const;
export type RecoveryAction = (typeof recoveryActions)[number];
