/**
 * The names of things. Missions, sessions, runs, runners and commands are UUID v7; inside a
 * mission, ids are short, readable and never reused, so that a log line can be read aloud.
 */

/** UUID v7. */
export type MissionId = string;
/** UUID v7. */
export type SessionId = string;
/** UUID v7; one continuous execution between start or resume and stop. */
export type RunId = string;
/** UUID v7; a process that performs calls. */
export type RunnerId = string;
/** UUID v7; repeating an accepted command returns its receipt. */
export type CommandId = string;
/** Chosen by the plan's author: `[a-z0-9][a-z0-9._-]*`. */
export type TaskId = string;
/** `<task>.<number>`, counted from 1. */
export type AttemptId = string;
/** `s<number>`, counted over the mission. */
export type StepId = string;
/** `c<number>`, counted over the mission. */
export type CallId = string;
/** `a<number>`, counted over the mission. */
export type ApprovalId = string;
/** Chosen by the contract's author. */
export type AssertionId = string;
/** Chosen by the plan's author. */
export type StageId = string;
/** Chosen in the mission file. */
export type ServiceId = string;
/** `f<number>`, counted over the mission. */
export type FindingId = string;
/** `k<number>`, counted over the mission. */
export type FactId = string;
/** `r<number>`, counted over the mission. */
export type ArtifactId = string;
/** Chosen in the mission file; `verifier` is Houston's own. */
export type AgentId = string;
/** `mission:<id>` or `session:<id>`. */
export type StreamId = string;
/** Milliseconds since the Unix epoch. */
export type Timestamp = number;
/** Position in one stream, counted from 1; 0 is "before the first event". */
export type Seq = number;
/** Who fenced the mission last; counted from 1 and never reused. */
export type Epoch = number;

/** Houston's own verifying agent. No plan may use this id for a worker. */
export const verifierAgentId: AgentId = "verifier";

export const missionStream = (missionId: MissionId): StreamId => `mission:${missionId}`;
export const sessionStream = (sessionId: SessionId): StreamId => `session:${sessionId}`;

/** The mission a stream belongs to, or undefined for another kind of stream. */
export function missionOfStream(streamId: StreamId): MissionId | undefined {
  return streamId.startsWith("mission:") ? streamId.slice("mission:".length) : undefined;
}
