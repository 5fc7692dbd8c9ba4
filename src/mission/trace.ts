/**
 * Our events under the names others expect (PR5, PR6): a projection at the edge, one to one where the
 * outside has a name, ours where it has none.
 */
import type { AgentEvent, TraceEvent } from "../protocol/dataModel.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import type { AttemptId, CallId, RunId, SessionId, TaskId } from "../protocol/ids.ts";

/** What a projection must remember between events: feed a mission's events in order. */
export interface TraceContext {
  missionId: string;
  sessionId: SessionId;
  runId: RunId;
  taskOf: Map<string, TaskId>;
  /** The attempt of a call: its span's parent. */
  attemptOf: Map<CallId, AttemptId>;
}

export const newTraceContext = (): TraceContext => ({
  missionId: "",
  sessionId: "",
  runId: "",
  taskOf: new Map(),
  attemptOf: new Map(),
});

/** The name of PR6 for an event, or our own. */
export function traceType(event: MissionEvent): string {
  switch (event.type) {
    case "mission.created":
      return "session.started";
    case "mission.closed":
      return "session.completed";
    case "attempt.started":
      return "agent.task.assigned";
    case "attempt.ended":
      return event.outcome.status === "handedOff" ? "handoff.requested" : "agent.message.created";
    case "task.ended":
      return event.status === "done" ? "handoff.accepted" : "handoff.rejected";
    case "call.wanted":
      return event.call.stepId === undefined ? "workflow.node.enter" : "tool.call.started";
    case "call.settled":
      return "tool.call.completed";
    case "snapshot.taken":
      return "workflow.checkpoint.created";
    case "verdict.given":
      return event.verdict.value === "passed" ? "verifier.assertion.passed" : "verifier.issue.found";
    case "assertion.reopened":
      return "loop.round.completed";
    case "approval.requested":
      return "approval.requested";
    case "approval.resolved":
      return approvalNames[event.resolution.status];
    case "budget.exceeded":
      return "budget.exceeded";
    case "mission.sealing":
      return "workspace.sealed";
    case "finding.recorded":
      return "verifier.issue.found";
    case "fact.recorded":
    case "artifact.recorded":
      return "blackboard.item.created";
    case "fact.expired":
      return "blackboard.item.expired";
    case "fact.conflicted":
      return "blackboard.conflict.detected";
    default:
      return event.type;
  }
}

const approvalNames = {
  granted: "approval.granted",
  rejected: "approval.rejected",
  expired: "approval.timeout",
} as const;

/** Projects one event (PR5). The mission is the trace, a call is a span under its attempt's. */
export function traceEvent(
  context: TraceContext,
  record: EventRecord<MissionEvent>,
  isoTime: (at: number) => string,
): AgentEvent {
  const { event } = record;
  learn(context, event);
  const { spanId, parentSpanId } = spanOf(context, event);
  const taskId = taskIdOf(context, event);
  const projected: AgentEvent = {
    id: `${record.streamId}#${record.seq}`,
    traceId: context.missionId,
    spanId,
    sessionId: context.sessionId,
    runId: context.runId,
    actor: actorOf(event),
    type: traceType(event),
    payload: event,
    timestamp: isoTime(record.at),
    schemaVersion: record.schemaVersion,
  };
  if (parentSpanId !== undefined) projected.parentSpanId = parentSpanId;
  if (taskId !== undefined) projected.taskId = taskId;
  return projected;
}

/** The smaller public form of PR2. */
export function asTraceEvent({
  id,
  runId,
  sessionId,
  taskId,
  actor,
  type,
  payload,
  timestamp,
}: AgentEvent): TraceEvent {
  const event: TraceEvent = { id, runId, sessionId, actor, type, payload, timestamp };
  return taskId === undefined ? event : { ...event, taskId };
}

function learn(context: TraceContext, event: MissionEvent): void {
  if (event.type === "mission.created") {
    context.missionId = event.missionId;
    context.sessionId = event.sessionId;
  }
  if (event.type === "run.started") context.runId = event.runId;
  if (event.type === "attempt.started") context.taskOf.set(event.attemptId, event.taskId);
  if (event.type !== "call.wanted") return;
  const { id, taskId, attemptId } = event.call;
  if (taskId !== undefined) context.taskOf.set(id, taskId);
  if (attemptId !== undefined) context.attemptOf.set(id, attemptId);
}

function spanOf(context: TraceContext, event: MissionEvent): { spanId: string; parentSpanId?: string } {
  const callId = event.type === "call.wanted" ? event.call.id : "callId" in event ? event.callId : undefined;
  if (callId !== undefined)
    return { spanId: callId, parentSpanId: context.attemptOf.get(callId) ?? "mission" };
  if ("attemptId" in event) return { spanId: event.attemptId, parentSpanId: "mission" };
  return { spanId: "mission" };
}

function taskIdOf(context: TraceContext, event: MissionEvent): TaskId | undefined {
  if ("taskId" in event && event.taskId !== undefined) return event.taskId;
  if (event.type === "call.wanted") return event.call.taskId;
  if (event.type === "approval.requested") return event.approval.taskId;
  if ("callId" in event) return context.taskOf.get(event.callId);
  if ("attemptId" in event) return context.taskOf.get(event.attemptId);
  return event.type === "task.added" ? event.task.id : undefined;
}

function actorOf(event: MissionEvent): string {
  if ("by" in event && typeof event.by === "string") return event.by;
  if (event.type === "verdict.given") return event.verdict.by;
  if (event.type === "attempt.started") return event.agentId;
  if (event.type === "approval.resolved")
    return event.resolution.status === "expired" ? "engine" : event.resolution.by;
  return "engine";
}
