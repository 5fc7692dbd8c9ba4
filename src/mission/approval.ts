/** Answers to questions that only a human may answer; silence means denied. */
import type { ApprovalResolution } from "../protocol/approval.ts";
import { dimensions } from "../protocol/budget.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { Timestamp } from "../protocol/ids.ts";
import { isAmount } from "./budget.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import { dismissEvents, fixFindings } from "./finding.ts";
import { reopenEvents } from "./fix.ts";
import type { Mission, TaskState } from "./state.ts";

/** Only a human credential counts: an agent cannot approve itself. */
function isHuman(by: string): boolean {
  return by.startsWith("human:");
}

export function approve(mission: Mission, command: CommandOf<"approval.approve">): MissionDecision {
  const { approvalId, note, raise } = command.body;
  const approval = mission.work.approvals.get(approvalId);
  if (approval === undefined) return refuse("notFound", `there is no open approval "${approvalId}"`);
  if (!isHuman(command.by)) return refuse("notAllowed", `only a human approves, not ${command.by}`);
  if (command.at >= approval.deadlineAt)
    return refuse("notNow", `approval ${approvalId} has expired; silence means denied`);
  if (raise !== undefined && approval.kind !== "budget")
    return refuse(
      "invalid",
      `approval ${approvalId} is about ${approval.kind}, not about the budget: leave out the raise`,
    );
  const odd = dimensions.find((dimension) => !isAmount(raise?.[dimension] ?? 0));
  if (odd !== undefined)
    return refuse(
      "invalid",
      `the budget is raised by a whole number of at least 0, not by ${odd}=${raise?.[odd]}`,
    );
  if (approval.kind === "finding" && (note ?? "").trim() === "")
    return refuse("invalid", `say why ${approvalId} is dismissed: a finding goes only with a reason`);
  const raised = dimensions.some((dimension) => (raise?.[dimension] ?? 0) > 0);
  if (approval.kind === "budget" && !raised)
    return refuse(
      "invalid",
      `say by how much the budget is raised, for example calls=10 (${approval.action})`,
    );
  const resolution: ApprovalResolution = { status: "granted", by: command.by };
  if (note !== undefined) resolution.note = note;
  if (raise !== undefined) resolution.raise = raise;
  const events: MissionEvent[] = [{ type: "approval.resolved", approvalId, resolution }];
  if (raise !== undefined) events.push({ type: "budget.raised", by: command.by, limits: raise });
  const task = approval.taskId === undefined ? undefined : mission.work.tasks.get(approval.taskId);
  if (approval.kind === "finding")
    events.push(...dismissEvents(task, approval, command.by, note ?? "", command.at));
  else if (task !== undefined && approval.kind !== "budget") events.push(anotherChance(task, command.at));
  if (approval.kind === "escalation" && approval.taskId === undefined)
    events.push(...anotherRound(mission, command.at));
  return accept(...events);
}

/** A granted escalation: verification again where that was in doubt, else one more attempt. */
function anotherChance(task: Readonly<TaskState>, at: Timestamp): MissionEvent {
  const unclear = task.failure?.code === "verdictUnclear" && task.handedOff !== undefined;
  const from = task.failure?.snapshot;
  const event: MissionEvent = {
    type: "task.retried",
    taskId: task.spec.id,
    again: unclear ? "verification" : "attempt",
    agentId: task.agentId,
    notBefore: at,
    reason: "a human granted it",
    extraAttempts: unclear || task.attemptsLeft > 0 ? 0 : 1,
    granted: true,
  };
  return from === undefined ? event : { ...event, from };
}

/** A granted escalation about the sealed tree, or a stage's: what is still broken there is fixed once more. */
function anotherRound(mission: Mission, at: Timestamp): MissionEvent[] {
  const { sealed, head, verdicts } = mission.work;
  const tree = (sealed?.snapshot ?? head)?.tree;
  const broken = [...verdicts.values()].filter(
    (verdict) => verdict.value === "failed" && verdict.tree === tree,
  );
  return reopenEvents(mission, broken, at, { granted: true });
}

export function reject(mission: Mission, command: CommandOf<"approval.reject">): MissionDecision {
  const { approvalId, note } = command.body;
  if (!mission.work.approvals.has(approvalId))
    return refuse("notFound", `there is no open approval "${approvalId}"`);
  if (!isHuman(command.by)) return refuse("notAllowed", `only a human rejects, not ${command.by}`);
  const resolution: ApprovalResolution = { status: "rejected", by: command.by };
  if (note !== undefined) resolution.note = note;
  return denied(mission, approvalId, resolution);
}

export function expireApproval(mission: Mission, command: CommandOf<"approval.expire">): MissionDecision {
  const { approvalId } = command.body;
  const approval = mission.work.approvals.get(approvalId);
  if (approval === undefined) return refuse("notFound", `there is no open approval "${approvalId}"`);
  if (command.at < approval.deadlineAt)
    return refuse("notNow", `approval ${approvalId} is open until ${approval.deadlineAt}`);
  return denied(mission, approvalId, { status: "expired" });
}

/** A task whose question is denied has failed; the mission's own questions are handled by `next`. */
function denied(mission: Mission, approvalId: string, resolution: ApprovalResolution): MissionDecision {
  const approval = mission.work.approvals.get(approvalId);
  const events: MissionEvent[] = [{ type: "approval.resolved", approvalId, resolution }];
  const task = approval?.taskId === undefined ? undefined : mission.work.tasks.get(approval.taskId);
  const fix =
    task !== undefined && approval?.kind === "finding" ? fixFindings(mission, task, approval) : undefined;
  if (fix !== undefined) events.push(...fix);
  else if (task !== undefined && approval?.kind !== "budget")
    events.push({
      type: "task.ended",
      taskId: task.spec.id,
      status: "failed",
      reason: `${approvalId} was ${resolution.status}: ${approval?.reason}`,
    });
  return accept(...events);
}
