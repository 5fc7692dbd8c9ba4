/** Everything anybody can ask of a mission. Ids, time and chance come in with the command. */
import type { Limits, Usage } from "./budget.ts";
import type { CallOutcome } from "./call.ts";
import type { FactDraft } from "./fact.ts";
import type { Handoff } from "./handoff.ts";
import type {
  ApprovalId,
  AttemptId,
  CallId,
  CommandId,
  Epoch,
  FactId,
  MissionId,
  RunId,
  RunnerId,
  Seq,
  SessionId,
  StageId,
  StepId,
  TaskId,
  Timestamp,
} from "./ids.ts";
import type { MissionSpec } from "./plan.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StepDraft } from "./step.ts";

/** What anybody entitled may ask. */
export type HumanCommand =
  | {
      type: "mission.create";
      missionId: MissionId;
      sessionId: SessionId;
      spec: MissionSpec;
      /** A fork of another mission as it was at a position of its log. */
      fork?: { missionId: MissionId; seq: Seq };
    }
  /** Restores the work half of an earlier position. `undoes`: the rollback that this one takes back. */
  | { type: "mission.rollBack"; to: Seq; reason: string; undoes?: Seq }
  | { type: "mission.pause"; reason: string }
  | { type: "mission.resume" }
  | { type: "mission.cancel"; reason: string }
  | { type: "approval.approve"; approvalId: ApprovalId; note?: string; raise?: Limits }
  | { type: "approval.reject"; approvalId: ApprovalId; note?: string }
  /** Settles a human task: what the person leaves behind, and the tree they left it in. */
  | { type: "task.answer"; taskId: TaskId; handoff: Handoff; snapshot?: Snapshot }
  /** Writes on the blackboard. */
  | { type: "fact.record"; fact: FactDraft };

/** What only the runner that holds the mission's lease may ask. */
export type RunnerCommand =
  | { type: "run.start"; runId: RunId; runnerId: RunnerId; epoch: Epoch }
  | { type: "run.stop"; reason: string }
  | { type: "call.settle"; callId: CallId; outcome: CallOutcome; usage: Usage; steps?: NextSteps }
  | { type: "call.redo"; callId: CallId }
  | { type: "snapshot.record"; callId: CallId; snapshot: Snapshot };

/** Steps an agent adds when one of its steps ends (AL4). */
export interface NextSteps {
  attemptId: AttemptId;
  steps: StepDraft[];
  position: "append" | "next";
  cancel?: StepId[];
}

/** What `next` proposes: work that follows from the state alone. */
export type ProposedCommand =
  | { type: "mission.prepare" }
  | { type: "mission.preflight" }
  | { type: "mission.seal" }
  | { type: "stage.verify"; stageId: StageId }
  | { type: "stage.seal"; stageId: StageId }
  | { type: "mission.verify" }
  | { type: "mission.deliver" }
  | { type: "mission.escalate" }
  | { type: "mission.close" }
  | { type: "plan.ask" }
  | { type: "task.start"; taskId: TaskId }
  | { type: "task.verify"; taskId: TaskId }
  | { type: "task.finish"; taskId: TaskId }
  | { type: "task.askAboutFindings"; taskId: TaskId }
  | { type: "task.handleFailure"; taskId: TaskId }
  | { type: "task.cancel"; taskId: TaskId }
  | { type: "step.start"; attemptId: AttemptId }
  | { type: "call.recover"; callId: CallId }
  | { type: "call.cancel"; callId: CallId; reason: "deadline" | "pause" | "cancel" }
  | { type: "call.expire"; callId: CallId }
  | { type: "approval.expire"; approvalId: ApprovalId }
  | { type: "fact.expire"; factId: FactId }
  | { type: "detector.trip"; attemptId: AttemptId };

export type MissionCommand = HumanCommand | RunnerCommand | ProposedCommand;

/** A command with what it brings in: its id, the time, and who asks. */
export interface Command<C extends MissionCommand = MissionCommand> {
  id: CommandId;
  at: Timestamp;
  /** `human:<name>`, `runner` (which one, `run.started` says) or `engine`. */
  by: string;
  body: C;
}
