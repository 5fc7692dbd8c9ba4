/** The words of Houston for programs that read its log, files and messages: the package's `./protocol`. */
export { approvalKinds, type Approval, type ApprovalKind, type ApprovalResolution } from "./approval.ts";
export { maxInlineBlobBytes, type BlobRef } from "./blob.ts";
export { briefSchema, type Brief } from "./brief.ts";
export { dimensions, noAmounts, type Amounts, type Dimension, type Limits, type Usage } from "./budget.ts";
export {
  callErrorCodes,
  effects,
  recoveryActions,
  type Baseline,
  type Call,
  type CallError,
  type CallErrorCode,
  type CallOutcome,
  type CallResult,
  type CallWork,
  type Effect,
  type RecoveryAction,
} from "./call.ts";
export type {
  Command,
  HumanCommand,
  MissionCommand,
  NextSteps,
  ProposedCommand,
  RunnerCommand,
} from "./commands.ts";
export {
  reportFormats,
  type Assertion,
  type Check,
  type ContractFile,
  type ReportFormat,
} from "./contract.ts";
export type { SealedEnvironment, ServiceSpec, SetupSpec } from "./environment.ts";
export { factTypes, type Fact, type FactDraft, type FactType } from "./fact.ts";
export { findingKinds, type Finding, type FindingDraft, type FindingKind, type Severity } from "./finding.ts";
export type {
  AgentDefinition,
  AgentEvent,
  Artifact,
  Permission,
  PermissionLevel,
  Session,
  Task,
  TraceEvent,
} from "./dataModel.ts";
export {
  eventSchemaVersion,
  missionEventTypes,
  reservedEventTypes,
  type AttemptOutcome,
  type DetectorName,
  type EventRecord,
  type EventType,
  type HoustonEvent,
  type MissionEvent,
  type MissionOutcome,
  type SessionEvent,
} from "./events.ts";
export {
  handoffSchema,
  programLineSchema,
  severities,
  type Handoff,
  type HandoffIssue,
  type ProgramLine,
} from "./handoff.ts";
export {
  missionOfStream,
  missionStream,
  sessionStream,
  verifierAgentId,
  type AgentId,
  type ApprovalId,
  type AssertionId,
  type AttemptId,
  type CallId,
  type CommandId,
  type Epoch,
  type MissionId,
  type RunId,
  type RunnerId,
  type Seq,
  type SessionId,
  type StepId,
  type StreamId,
  type TaskId,
  type Timestamp,
} from "./ids.ts";
export {
  defaultPolicy,
  type AgentSpec,
  type FailurePolicy,
  type Fallback,
  type MissionSpec,
  type Policy,
  type Scrutiny,
  type Stage,
  type TaskSpec,
} from "./plan.ts";
export { refusalCodes, type Decision, type Refusal, type RefusalCode } from "./refusals.ts";
export type { Snapshot } from "./snapshot.ts";
export { shownStates, type MissionStatus, type MissionSummary, type ShownState } from "./status.ts";
export type { Step, StepDraft, StepState } from "./step.ts";
export {
  verdictValues,
  type Evidence,
  type Verdict,
  type VerdictDraft,
  type VerdictValue,
} from "./verdict.ts";
