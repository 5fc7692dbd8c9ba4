/** A mission as people look at it: plain data from the fold, its state with the reason, and who holds it. */
import { isProven } from "../mission/proof.ts";
import type { ClosedTask, Mission, OpenTaskPhase } from "../mission/state.ts";
import { describe, summaryOf, withLease } from "../mission/status.ts";
import type { Lease } from "../ports/leases.ts";
import type { Amounts } from "../protocol/budget.ts";
import type { CallWork } from "../protocol/call.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { MissionSummary } from "../protocol/status.ts";
import type { VerdictValue } from "../protocol/verdict.ts";

export interface TaskView {
  id: string;
  status: OpenTaskPhase | ClosedTask["status"];
  /** Of a task that is open. */
  goal?: string;
  agentId?: string;
  attempts: number;
  attempt?: { id: string; startedAt: number; lastActivityAt: number };
  reason?: string;
  supersededBy?: string;
  assertions: AssertionView[];
}

export interface AssertionView {
  id: string;
  behaviour: string;
  /** The last verdict; `fresh` when it is about the tree that counts now. */
  verdict?: { value: VerdictValue; reason: string; fresh: boolean };
}

export interface CallView {
  id: string;
  kind: CallWork["kind"];
  what: string;
  since: number;
  deadlineAt: number;
  /** Where a person's work starts. */
  from?: Snapshot;
}

export interface MissionView extends MissionSummary {
  reserved: Amounts;
  lease?: Pick<Lease, "epoch" | "runnerId" | "heartbeatAt" | "expiresAt" | "released">;
  taskList: TaskView[];
  calls: CallView[];
}

export function viewOf(mission: Mission, lease: Lease | undefined, now: number): MissionView {
  const summary = summaryOf(mission);
  const view: MissionView = {
    ...summary,
    status: withLease(summary.status, lease, now),
    reserved: { ...mission.ledger.reserved },
    taskList: tasksOf(mission),
    calls: [...mission.ledger.calls.values()].map((entry) => callView(mission, entry)),
  };
  if (lease !== undefined) {
    const { epoch, runnerId, heartbeatAt, expiresAt, released } = lease;
    view.lease = { epoch, runnerId, heartbeatAt, expiresAt, released };
  }
  return view;
}

function callView(mission: Mission, entry: Parameters<typeof describe>[1]): CallView {
  const { id, work } = entry.call;
  const view: CallView = {
    id,
    kind: work.kind,
    what: describe(mission, entry),
    since: entry.since,
    deadlineAt: entry.deadlineAt,
  };
  if (work.kind === "human") view.from = work.from;
  return view;
}

function tasksOf(mission: Mission): TaskView[] {
  const { closed, tasks, attempts } = mission.work;
  const views: TaskView[] = [];
  for (const [id, task] of closed) {
    const view: TaskView = {
      id,
      status: task.status,
      attempts: task.attemptCount,
      reason: task.reason,
      assertions: claimedBy(mission, id),
    };
    if (task.supersededBy !== undefined) view.supersededBy = task.supersededBy;
    views.push(view);
  }
  for (const [id, task] of tasks) {
    const view: TaskView = {
      id,
      status: task.phase,
      goal: task.spec.goal,
      agentId: task.agentId,
      attempts: task.attemptCount,
      assertions: claimedBy(mission, id),
    };
    const attempt = task.attemptId === undefined ? undefined : attempts.get(task.attemptId);
    if (attempt !== undefined)
      view.attempt = { id: attempt.id, startedAt: attempt.startedAt, lastActivityAt: attempt.lastActivityAt };
    if (task.failure !== undefined) view.reason = task.failure.message;
    views.push(view);
  }
  return views;
}

function claimedBy(mission: Mission, taskId: string): AssertionView[] {
  return mission.spec.contract
    .filter(({ id }) => mission.work.claims.get(id) === taskId)
    .map(({ id, behaviour }) => {
      const verdict = mission.work.verdicts.get(id);
      if (verdict === undefined) return { id, behaviour };
      const { value, reason, tree } = verdict;
      const counting = mission.work.sealed?.snapshot ?? { commit: "", tree };
      return {
        id,
        behaviour,
        verdict: { value, reason, fresh: value !== "passed" || isProven(mission, id, counting) },
      };
    });
}
