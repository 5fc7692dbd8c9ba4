/**
 * What a mission is at one position of its log, in two halves: work, which a rollback may restore,
 * and the ledger, which only grows. It holds what is open; what is past folds to what later
 * decisions need.
 */
import type { Approval } from "../protocol/approval.ts";
import type { BlobRef } from "../protocol/blob.ts";
import type { Amounts, Limits } from "../protocol/budget.ts";
import type { Call, CallErrorCode } from "../protocol/call.ts";
import type { MissionOutcome } from "../protocol/events.ts";
import type { Fact } from "../protocol/fact.ts";
import type { Finding } from "../protocol/finding.ts";
import type { Handoff } from "../protocol/handoff.ts";
import type {
  AgentId,
  ApprovalId,
  ArtifactId,
  AssertionId,
  AttemptId,
  CallId,
  Epoch,
  FactId,
  FindingId,
  MissionId,
  RunId,
  RunnerId,
  Seq,
  SessionId,
  StageId,
  StepId,
  TaskId,
  Timestamp,
} from "../protocol/ids.ts";
import type { MissionSpec, TaskSpec } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Step } from "../protocol/step.ts";
import type { Verdict, VerdictValue } from "../protocol/verdict.ts";

/** Raised whenever the shape below changes; caches of another version are dropped. */
export const stateVersion = 3;

/**
 * `pending` needs others or a free place · `working` an attempt is open · `handedOff` claims to be
 * done · `verifying` · `judged` verdicts are in · `failing` the failure table must answer ·
 * `asking` a human must.
 */
export type OpenTaskPhase =
  | "pending"
  | "working"
  | "handedOff"
  | "verifying"
  | "judged"
  | "failing"
  | "asking";

export interface Failure {
  code: CallErrorCode | "verdictFailed" | "verdictUnclear" | "verdictImpossible" | "interrupted" | "detector";
  message: string;
  /** With `rateLimit`: when to come back. */
  resetAt?: Timestamp;
  /** The tree it left behind, if any. */
  snapshot?: Snapshot;
}

export interface PreviousAttempt {
  attemptId: AttemptId;
  outcome: string;
  summary?: string;
  findings: { severity: "blocking" | "nonBlocking" | "suggestion"; text: string }[];
}

export interface TaskState {
  spec: TaskSpec;
  phase: OpenTaskPhase;
  /** Who does it now: the spec's agent, or the fallback. */
  agentId: AgentId;
  /** Needs that are not done yet. */
  waitingOn: number;
  notBefore: Timestamp;
  attemptCount: number;
  /** When its first attempt began. */
  startedAt?: Timestamp;
  /** Attempts that may still be started. */
  attemptsLeft: number;
  /** Infrastructure failures in a row, of work or of verification. */
  setbacks: number;
  /** Attempts in a row that were ended from outside. */
  interruptions: number;
  supersedes?: TaskId;
  /** Where the next attempt starts; the mission's head when left out. */
  from?: Snapshot;
  attemptId?: AttemptId;
  handedOff?: { attemptId: AttemptId; agentId: AgentId; handoff: Handoff; snapshot: Snapshot };
  failure?: Failure;
  approvalId?: ApprovalId;
  /** The last few, oldest first. */
  previous: PreviousAttempt[];
  interrupted?: { attemptId: AttemptId; reason: string };
}

/** What is kept of a task that has ended. */
export interface ClosedTask {
  status: "done" | "failed" | "cancelled" | "superseded";
  reason: string;
  supersededBy?: TaskId;
  /** Of a task that is done: it may be reopened. */
  spec?: TaskSpec;
  /** Kept while an open task needs it. */
  handoff?: Handoff;
  attemptCount: number;
}

export interface AttemptState {
  id: AttemptId;
  taskId: TaskId;
  agentId: AgentId;
  number: number;
  startedAt: Timestamp;
  lastActivityAt: Timestamp;
  /** Where it began. */
  from: Snapshot;
  /** The newest tree known of it. */
  latest: Snapshot;
  callId?: CallId;
  /** Pending steps, in the order they will run. */
  queue: Step[];
  running?: Step;
  stepCount: number;
  /** What the last steps did, newest last: the repetition detector's memory. */
  recent: string[];
}

export interface CallState {
  call: Call;
  /** Of the runner that may perform it. */
  epoch: Epoch;
  /** When this performance began. */
  since: Timestamp;
  deadlineAt: Timestamp;
  mode: "perform" | "restore" | "resume" | "lookUp";
  cancelling?: "deadline" | "pause" | "cancel" | "detector" | "rollback";
  /** The work it was for is rolled back: its end counts for cost only. */
  abandoned?: boolean;
  /** How long it is known to have run before its runner died. */
  ranMs: number;
}

/** What a check said of the base. */
export interface BaselineState {
  value: VerdictValue;
  flaky: boolean;
  /** Names of the tests that passed there. */
  tests?: BlobRef;
}

export interface WorkState {
  planApproved: boolean;
  base?: Snapshot;
  /** The base with the contract's visible files: where the first task starts, and what changes are compared with. */
  start?: Snapshot;
  /** Of every assertion and check; set when preflight has run. */
  baseline?: Map<AssertionId, BaselineState>;
  /** The tree of everything that is done so far. */
  head?: Snapshot;
  tasks: Map<TaskId, TaskState>;
  closed: Map<TaskId, ClosedTask>;
  /** Pending tasks whose needs are done, in the order they became so. */
  ready: Set<TaskId>;
  /** Open tasks that are not pending. */
  active: Set<TaskId>;
  dependents: Map<TaskId, TaskId[]>;
  /** How many open tasks need a task. */
  neededBy: Map<TaskId, number>;
  /** How many stages are sealed. */
  sealedStages: number;
  /** Open tasks of each stage. */
  openInStage: Map<StageId, number>;
  /** Tasks that wait for the stage before theirs. */
  staged: Map<StageId, TaskId[]>;
  taskCount: number;
  doneCount: number;
  failedCount: number;
  /** Holds the mission's write lock from its first attempt until it ends. */
  writer?: TaskId;
  attempts: Map<AttemptId, AttemptState>;
  claims: Map<AssertionId, TaskId>;
  verdicts: Map<AssertionId, Verdict>;
  /** The tree that was judged last, and what it is with the contract's files laid over it. */
  judged?: { tree: string; snapshot: Snapshot };
  /** The task that made the head: it answers for checks that no task claims. */
  lastDone?: TaskId;
  /** Blocking, neither tracked nor dismissed. */
  findings: Map<FindingId, Finding>;
  /** The blackboard, but for what has expired. */
  facts: Map<FactId, Fact>;
  /** Subjects about which the blackboard holds contradicting records. */
  disputed: Set<string>;
  approvals: Map<ApprovalId, Approval>;
  /** Trouble with prepare, the final verification or delivery, in a row. */
  setbacks: { count: number; notBefore: Timestamp; last?: Failure };
  sealed?: { snapshot: Snapshot; delivered: boolean };
  paused?: { by: string; reason: string };
  cancelled?: { by: string; reason: string };
  /** Set when a human gave up on what the mission needs. */
  givenUp?: string;
  outcome?: { outcome: MissionOutcome; reason: string };
}

export interface LedgerState {
  limits: Limits;
  spent: Amounts;
  reserved: Amounts;
  /** What performers claim beyond their reservation; counts against what is left. */
  overrun: Amounts;
  /** Wanted and not settled. */
  calls: Map<CallId, CallState>;
  callCount: number;
  stepCount: number;
  approvalCount: number;
  findingCount: number;
  factCount: number;
  artifactCount: number;
  rollbackCount: number;
  /** The highest round of fixes that each goal has seen; rolling back gives none back. */
  rounds: Map<TaskId, number>;
  /** Findings that a human dismissed, by what they say: found again, they block no more. */
  dismissed: Set<string>;
  epoch: Epoch;
  run?: { runId: RunId; runnerId: RunnerId };
  contractVersion: number;
  concurrency?: { to: number; until: Timestamp };
}

export interface MissionState {
  id: MissionId;
  sessionId: SessionId;
  spec: Omit<MissionSpec, "tasks">;
  seq: Seq;
  /** Mission time: of the last event. */
  at: Timestamp;
  createdAt: Timestamp;
  /** An event of a newer Houston: the mission can be read, and not changed. */
  unknownEvent?: string;
  work: WorkState;
  ledger: LedgerState;
}

type ReadonlyHalf<T> = {
  readonly [K in keyof T]: T[K] extends Map<infer A, infer B>
    ? ReadonlyMap<A, Readonly<B>>
    : T[K] extends Set<infer A>
      ? ReadonlySet<A>
      : T[K];
};

/** A mission as everybody but `evolve` sees it. */
export interface Mission extends Readonly<Omit<MissionState, "work" | "ledger">> {
  readonly work: ReadonlyHalf<WorkState>;
  readonly ledger: ReadonlyHalf<LedgerState>;
}

/** Follows supersession to the task that stands for this one now. */
export function currentTaskId(mission: Mission, taskId: TaskId): TaskId {
  let id = taskId;
  // A log of ours has no circle; one that has must not hang whoever reads it.
  for (let hops = mission.work.closed.size; hops > 0; hops -= 1) {
    const next = mission.work.closed.get(id)?.supersededBy;
    if (next === undefined) return id;
    id = next;
  }
  return id;
}

/** The last state of a task's agent: who made what stands to be judged. */
export function creatorOf(mission: Mission, taskId: TaskId): AgentId | undefined {
  return mission.work.tasks.get(taskId)?.handedOff?.agentId;
}

/** Ids that have meaning only inside the mission. */
export const attemptIdOf = (taskId: TaskId, number: number): AttemptId => `${taskId}.${number}`;
export const callIdOf = (number: number): CallId => `c${number}`;
export const stepIdOf = (number: number): StepId => `s${number}`;
export const approvalIdOf = (number: number): ApprovalId => `a${number}`;
export const findingIdOf = (number: number): FindingId => `f${number}`;
export const factIdOf = (number: number): FactId => `k${number}`;
export const artifactIdOf = (number: number): ArtifactId => `r${number}`;
