/** What people are shown (FM5): a state derived from events, and always the reason. */
import type { Limits } from "../protocol/budget.ts";
import type { Timestamp } from "../protocol/ids.ts";
import type { MissionStatus, MissionSummary } from "../protocol/status.ts";
import { isProven } from "./proof.ts";
import { due } from "./next.ts";
import type { CallState, Mission, TaskState } from "./state.ts";

/** The state as of the last event. Who shows it adds {@link withLease}, because a log cannot know who died. */
export function statusOf(mission: Mission): MissionStatus {
  const { work } = mission;
  if (work.outcome !== undefined)
    return { state: "Closed", reason: `${work.outcome.outcome}: ${work.outcome.reason}` };
  if (mission.unknownEvent !== undefined)
    return { state: "Blocked", reason: `written by a newer Houston (${mission.unknownEvent})` };
  if (work.cancelled !== undefined)
    return { state: "Running", reason: `cancelling: ${work.cancelled.reason}` };
  if (work.paused !== undefined)
    return { state: "Paused", reason: `by ${work.paused.by}: ${work.paused.reason}` };
  return blocked(mission) ?? recovering(mission) ?? working(mission) ?? waiting(mission);
}

function blocked(mission: Mission): MissionStatus | undefined {
  const { approvals, active } = mission.work;
  const first = approvals.values().next().value;
  if (first === undefined) return undefined;
  const asking = [...active].filter((id) => mission.work.tasks.get(id)?.phase === "asking").length;
  const isOnlyOne = first.taskId !== undefined && first.kind !== "budget" && active.size > asking;
  if (isOnlyOne && due(mission).length > 0) return undefined;
  return { state: "Blocked", reason: `approval ${first.id}: ${first.reason}` };
}

function recovering(mission: Mission): MissionStatus | undefined {
  for (const { call, epoch, mode } of mission.ledger.calls.values())
    if (call.work.kind !== "human" && (epoch < mission.ledger.epoch || mode !== "perform"))
      return {
        state: "Recovering",
        reason: `${call.work.kind} call ${call.id} was under way when its runner died`,
      };
  for (const taskId of mission.work.ready) {
    const task = mission.work.tasks.get(taskId);
    if (task?.interrupted !== undefined)
      return {
        state: "Recovering",
        reason: `attempt ${task.interrupted.attemptId} was interrupted: ${task.interrupted.reason}`,
      };
  }
  return undefined;
}

function working(mission: Mission): MissionStatus | undefined {
  const open = due(mission);
  const attempt = open.find(({ call }) => call.attemptId !== undefined);
  // Which step it is at changes all the time; whoever wants to know looks at its calls.
  if (attempt !== undefined)
    return { state: "Running", reason: `attempt ${attempt.call.attemptId} by ${agentOf(mission, attempt)}` };
  const verification = open.find(({ call }) => call.work.kind === "verify");
  if (verification !== undefined) return { state: "Verifying", reason: describe(mission, verification) };
  const other = open[0];
  return other === undefined ? undefined : { state: "Running", reason: describe(mission, other) };
}

function agentOf(mission: Mission, { call }: Readonly<CallState>): string {
  const attempt = call.attemptId === undefined ? undefined : mission.work.attempts.get(call.attemptId);
  return attempt?.agentId ?? "nobody";
}

/** One line about a call that is under way. */
export function describe(mission: Mission, { call }: Readonly<CallState>): string {
  const { work } = call;
  switch (work.kind) {
    case "prepare":
      return `importing ${mission.spec.repository.base} of ${mission.spec.repository.path}`;
    case "preflight":
      return `trying ${work.runs} times what the contract checks on the base`;
    case "attempt":
    case "human":
      return `attempt ${call.attemptId} by ${work.agentId}`;
    case "skill":
      return `attempt ${call.attemptId}, step ${call.stepId}: ${work.skill}`;
    case "tool":
      return `attempt ${call.attemptId}, step ${call.stepId}: ${work.tool}`;
    case "verify":
      return `${work.assertionIds.length} assertions of ${call.taskId ?? (work.stageId === undefined ? "the finished tree" : `stage ${work.stageId}`)}`;
    case "deliver":
      return `delivering ${work.branch}`;
  }
}

function waiting(mission: Mission): MissionStatus {
  const { ledger, work } = mission;
  for (const { call, deadlineAt } of ledger.calls.values())
    if (call.work.kind === "human")
      return {
        state: "Waiting",
        reason: `task ${call.taskId} waits for ${call.work.agentId} until ${iso(deadlineAt)}`,
      };
  const task = [...work.active, ...work.ready]
    .map((id) => work.tasks.get(id))
    .find((one) => one !== undefined);
  if (task !== undefined && task.notBefore > mission.at)
    return {
      state: "Waiting",
      reason: `task ${task.spec.id} until ${iso(task.notBefore)}: ${task.failure?.message ?? "backing off"}`,
    };
  if (work.setbacks.last !== undefined && work.setbacks.notBefore > mission.at)
    return {
      state: "Waiting",
      reason: `until ${iso(work.setbacks.notBefore)}: ${work.setbacks.last.message}`,
    };
  return { state: "Waiting", reason: "for a runner to go on" };
}

/** UTC, to the second; from arithmetic alone, because the law knows no clock. */
function iso(at: Timestamp): string {
  const days = Math.floor(at / 86_400_000);
  const seconds = Math.floor((at - days * 86_400_000) / 1000);
  // Civil date from day count: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const year = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const pad = (number: number): string => String(number).padStart(2, "0");
  const time = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return `${year + era * 400 + (month <= 2 ? 1 : 0)}-${pad(month)}-${pad(day)}T${time}Z`;
}

/** A mission with work under way and no living runner is Stale, never Running. */
export function withLease(
  status: MissionStatus,
  lease: { expiresAt: Timestamp; heartbeatAt: Timestamp; released: boolean } | undefined,
  now: Timestamp,
): MissionStatus {
  const needsRunner =
    status.state === "Running" || status.state === "Verifying" || status.state === "Recovering";
  if (!needsRunner) return status;
  if (lease === undefined || lease.released)
    return { state: "Waiting", reason: `for a runner; then ${status.reason}` };
  if (lease.expiresAt > now) return status;
  return {
    state: "Stale",
    reason: `no heartbeat since ${iso(lease.heartbeatAt)}; was ${status.state}: ${status.reason}`,
  };
}

/** The row that lists of missions are made from. */
export function summaryOf(mission: Mission): MissionSummary {
  const { work, ledger, spec } = mission;
  const tree = work.sealed?.snapshot ?? work.head;
  const passed = spec.contract.filter(({ id }) =>
    tree === undefined ? false : isProven(mission, id, judgedTree(mission, id) ?? tree),
  ).length;
  const summary: MissionSummary = {
    missionId: mission.id,
    goal: spec.goal,
    seq: mission.seq,
    status: statusOf(mission),
    branch: spec.branch,
    repositoryPath: spec.repository.path,
    createdAt: mission.createdAt,
    updatedAt: mission.at,
    tasks: { total: work.taskCount, done: work.doneCount, failed: work.failedCount },
    assertions: { total: spec.contract.length, passed },
    approvals: [...work.approvals.values()],
    humanTasks: [...ledger.calls.values()].flatMap(({ call }) =>
      call.work.kind === "human" && call.taskId !== undefined ? [call.taskId] : [],
    ),
    spent: { ...ledger.spent },
    limits: { ...ledger.limits } satisfies Limits,
    epoch: ledger.epoch,
  };
  if (work.outcome !== undefined) summary.outcome = work.outcome.outcome;
  return summary;
}

/** While tasks are open, an assertion counts on the tree its task was judged on; once sealed, only on that. */
function judgedTree(mission: Mission, assertionId: string): { commit: string; tree: string } | undefined {
  if (mission.work.sealed !== undefined) return undefined;
  const tree = mission.work.verdicts.get(assertionId)?.tree;
  return tree === undefined ? undefined : { commit: "", tree };
}

/** PR2's word for a task's state. */
export function publicTaskStatus(task: Readonly<TaskState>): "pending" | "running" | "blocked" {
  if (task.phase === "pending") return "pending";
  return task.phase === "asking" ? "blocked" : "running";
}
