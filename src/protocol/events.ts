/**
 * Everything that can have happened: one closed union, readable on one screen. Every event is
 * durable when acknowledged. Adding one: here, an arm of `evolve`, one spec (docs/add-an-event.md).
 */
import type { ApprovalResolution, Approval } from "./approval.ts";
import type { BlobRef } from "./blob.ts";
import type { Amounts, Dimension, Limits, Usage } from "./budget.ts";
import type { Call, CallError, CallOutcome, RecoveryAction } from "./call.ts";
import type { Fact } from "./fact.ts";
import type { Finding } from "./finding.ts";
import type { Handoff } from "./handoff.ts";
import type {
  AgentId,
  ApprovalId,
  ArtifactId,
  AssertionId,
  AttemptId,
  CallId,
  CommandId,
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
  StreamId,
  TaskId,
  Timestamp,
} from "./ids.ts";
import type { MissionSpec, TaskSpec } from "./plan.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Step } from "./step.ts";
import type { Verdict } from "./verdict.ts";

/** How an attempt ended. */
export type AttemptOutcome =
  | { status: "handedOff"; handoff: Handoff; snapshot: Snapshot }
  | { status: "failed"; error: CallError; snapshot?: Snapshot }
  | { status: "interrupted"; reason: string; snapshot?: Snapshot };

export type MissionOutcome = "verified" | "unverified" | "failed" | "cancelled" | "rejected";
export type DetectorName = "repetition" | "iteration" | "stall";

/** Events of a mission's stream. */
export type MissionEvent =
  | {
      type: "mission.created";
      missionId: MissionId;
      sessionId: SessionId;
      spec: MissionSpec;
      by: string;
      /** Where it comes from, when it is a fork, and the work half it begins with. */
      fork?: { missionId: MissionId; seq: Seq; past: string };
    }
  /** The work half is what it was at `to`; the ledger goes on. Undoing it is another such event. */
  | { type: "mission.rolledBack"; to: Seq; past: string; by: string; reason: string; undoes?: Seq }
  | { type: "mission.paused"; by: string; reason: string }
  | { type: "mission.resumed"; by: string }
  | { type: "mission.cancelled"; by: string; reason: string }
  | { type: "mission.sealing"; snapshot: Snapshot }
  | { type: "mission.closed"; outcome: MissionOutcome; reason: string }
  | { type: "run.started"; runId: RunId; runnerId: RunnerId; epoch: Epoch }
  | { type: "run.stopped"; runId: RunId; reason: string }
  | { type: "task.added"; task: TaskSpec; supersedes: TaskId; from?: Snapshot; reason: string }
  | {
      type: "task.retried";
      taskId: TaskId;
      again: "attempt" | "verification";
      from?: Snapshot;
      agentId: AgentId;
      notBefore: Timestamp;
      reason: string;
      extraAttempts: number;
      /** By a human: its deadline and its setbacks begin anew. */
      granted?: boolean;
    }
  | {
      type: "task.ended";
      taskId: TaskId;
      status: "done" | "failed" | "cancelled";
      reason: string;
      snapshot?: Snapshot;
    }
  | {
      type: "attempt.started";
      attemptId: AttemptId;
      taskId: TaskId;
      number: number;
      agentId: AgentId;
      from: Snapshot;
    }
  | { type: "attempt.ended"; attemptId: AttemptId; outcome: AttemptOutcome }
  | { type: "steps.added"; attemptId: AttemptId; steps: Step[]; position: "append" | "next" }
  | { type: "steps.cancelled"; attemptId: AttemptId; stepIds: StepId[]; reason: string }
  | { type: "call.wanted"; call: Call }
  | {
      type: "call.cancelling";
      callId: CallId;
      reason: "deadline" | "pause" | "cancel" | "detector" | "rollback";
    }
  | { type: "call.recovered"; callId: CallId; epoch: Epoch; action: RecoveryAction; charged: Usage }
  | {
      type: "call.settled";
      callId: CallId;
      outcome: CallOutcome;
      /** Dimensions of which nothing was used are left out. */
      charged: Usage;
      overrun?: Usage;
      by: string;
    }
  | { type: "snapshot.taken"; callId: CallId; snapshot: Snapshot }
  | { type: "verdict.given"; verdict: Verdict; callId: CallId }
  | { type: "finding.recorded"; finding: Finding }
  | { type: "finding.tracked"; findingId: FindingId; taskId: TaskId; by: string }
  | { type: "finding.dismissed"; findingId: FindingId; reason: string; by: string }
  | { type: "stage.sealed"; stageId: StageId; snapshot: Snapshot }
  | { type: "fact.recorded"; fact: Fact }
  | { type: "fact.conflicted"; subject: string; factIds: FactId[] }
  | { type: "fact.expired"; factId: FactId }
  | {
      type: "artifact.recorded";
      artifactId: ArtifactId;
      name: string;
      path: string;
      content: BlobRef;
      taskId: TaskId;
      attemptId: AttemptId;
    }
  | { type: "assertion.reopened"; assertionId: AssertionId; from: TaskId; to: TaskId; reason: string }
  | { type: "approval.requested"; approval: Approval }
  | { type: "approval.resolved"; approvalId: ApprovalId; resolution: ApprovalResolution }
  | { type: "budget.exceeded"; taskId?: TaskId; dimension: Dimension; wanted: number; left: number }
  | { type: "budget.raised"; by: string; limits: Limits }
  | { type: "detector.tripped"; detector: DetectorName; taskId: TaskId; attemptId: AttemptId; detail: string }
  | { type: "concurrency.lowered"; to: number; until: Timestamp };

/** Events of a session's stream: a session's budget is granted to missions in whole and what is left comes back. */
export type SessionEvent =
  | { type: "session.opened"; sessionId: SessionId; userId: string; limits: Limits }
  | { type: "session.granted"; missionId: MissionId; limits: Limits }
  | { type: "session.returned"; missionId: MissionId; spent: Amounts };

export type HoustonEvent = MissionEvent | SessionEvent;
export type EventType = HoustonEvent["type"];

/** An event as the log keeps it. */
export interface EventRecord<E extends { type: string } = HoustonEvent> {
  streamId: StreamId;
  seq: Seq;
  /** Mission time: never earlier than the event before it. */
  at: Timestamp;
  /** The command that caused it. */
  commandId: CommandId;
  /** Version of the event schema it was written with; upcasters bring it up to {@link eventSchemaVersion}. */
  schemaVersion: number;
  event: E;
}

export const eventSchemaVersion = 1;

/** Every type this version can fold, for tests that must see each one. */
export const missionEventTypes: readonly MissionEvent["type"][] = [
  "mission.created",
  "mission.paused",
  "mission.resumed",
  "mission.cancelled",
  "mission.rolledBack",
  "mission.sealing",
  "mission.closed",
  "run.started",
  "run.stopped",
  "task.added",
  "task.retried",
  "task.ended",
  "attempt.started",
  "attempt.ended",
  "steps.added",
  "steps.cancelled",
  "call.wanted",
  "call.cancelling",
  "call.recovered",
  "call.settled",
  "snapshot.taken",
  "verdict.given",
  "finding.recorded",
  "finding.tracked",
  "finding.dismissed",
  "stage.sealed",
  "fact.recorded",
  "fact.conflicted",
  "fact.expired",
  "artifact.recorded",
  "assertion.reopened",
  "approval.requested",
  "approval.resolved",
  "budget.exceeded",
  "budget.raised",
  "detector.tripped",
  "concurrency.lowered",
];

/** Names that later releases give a meaning; no event of ours may use them for anything else. */
export const reservedEventTypes: readonly string[] = [
  "bid.placed",
  "award.made",
  "message.sent",
  "message.delivered",
  "delegation.made",
  "amendment.proposed",
  "amendment.applied",
  "contract.changed",
];
