/** What a mission came to, traced: requirement → assertion → task → commit → evidence, and what was recovered. */
import type { ApprovalKind, ApprovalResolution } from "../protocol/approval.ts";
import type { Amounts, Limits } from "../protocol/budget.ts";
import type { RecoveryAction } from "../protocol/call.ts";
import type { MissionEvent, MissionOutcome } from "../protocol/events.ts";
import type { Check } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Verdict } from "../protocol/verdict.ts";
import type { MissionRecord } from "./following.ts";

export interface AttemptReportEntry {
  id: string;
  number: number;
  agentId: string;
  startedAt: number;
  endedAt?: number;
  from: Snapshot;
  outcome: "open" | "handedOff" | "failed" | "interrupted";
  summary?: string;
  snapshot?: Snapshot;
}

export interface TaskReportEntry {
  id: string;
  goal: string;
  status: "open" | "done" | "failed" | "cancelled" | "superseded";
  reason?: string;
  supersededBy?: string;
  attempts: AttemptReportEntry[];
}

export interface AssertionReportEntry {
  id: string;
  behaviour: string;
  check: Check;
  taskId?: string;
  /** The last one given; `onDelivered` when it judged exactly the delivered tree. */
  verdict?: Verdict & { at: number; onDelivered: boolean };
}

export interface RunReportEntry {
  runId: string;
  runnerId: string;
  epoch: number;
  startedAt: number;
  stoppedAt?: number;
  /** Events of the log before this run began. */
  eventsBefore: number;
}

export interface RecoveryEntry {
  callId: string;
  epoch: number;
  action: RecoveryAction;
  attemptId?: string;
  /** The snapshot the work goes on from. */
  from?: Snapshot;
}

export interface MissionReport {
  missionId: string;
  goal: string;
  outcome?: { outcome: MissionOutcome; reason: string };
  repository: { path: string; base: string; commit?: string };
  branch: string;
  delivered?: { commit: string; tree: string };
  assertions: AssertionReportEntry[];
  tasks: TaskReportEntry[];
  runs: RunReportEntry[];
  recoveries: RecoveryEntry[];
  approvals: { id: string; kind: ApprovalKind; action: string; reason: string; resolution?: ApprovalResolution }[];
  spent: Amounts;
  limits: Limits;
  createdAt: number;
  endedAt?: number;
  events: number;
}

/** Undefined while nothing was created. */
export async function reportOf(records: AsyncIterable<MissionRecord>): Promise<MissionReport | undefined> {
  let draft: Draft | undefined;
  for await (const record of records) {
    if (record.event.type === "mission.created") draft = begin(record.event, record.at);
    if (draft !== undefined) apply(draft, record);
  }
  if (draft === undefined) return undefined;
  const { report } = draft;
  for (const assertion of report.assertions)
    if (assertion.verdict !== undefined) assertion.verdict.onDelivered = assertion.verdict.tree === report.delivered?.tree;
  return report;
}

interface Draft {
  report: MissionReport;
  tasks: Map<string, TaskReportEntry>;
  attempts: Map<string, AttemptReportEntry>;
  assertions: Map<string, AssertionReportEntry>;
  /** Of every call: its attempt, and the epoch that performs it. */
  calls: Map<string, { attemptId?: string; epoch: number }>;
  sealed?: Snapshot;
}

function begin(event: Extract<MissionEvent, { type: "mission.created" }>, at: number): Draft {
  const { spec } = event;
  const tasks: TaskReportEntry[] = spec.tasks.map(({ id, goal }) => ({ id, goal, status: "open", attempts: [] }));
  const assertions = spec.contract.map(({ id, behaviour, check }): AssertionReportEntry => {
    const claimant = spec.tasks.find(({ fulfills }) => fulfills.includes(id))?.id;
    return claimant === undefined ? { id, behaviour, check } : { id, behaviour, check, taskId: claimant };
  });
  const report: MissionReport = {
    missionId: event.missionId,
    goal: spec.goal,
    repository: { ...spec.repository },
    branch: spec.branch,
    assertions,
    tasks,
    runs: [],
    recoveries: [],
    approvals: [],
    spent: { calls: 0, tokens: 0, timeMs: 0, costMicroUsd: 0 },
    limits: { ...spec.budget },
    createdAt: at,
    events: 0,
  };
  return {
    report,
    tasks: new Map(tasks.map((task) => [task.id, task])),
    attempts: new Map(),
    assertions: new Map(assertions.map((assertion) => [assertion.id, assertion])),
    calls: new Map(),
  };
}

function apply(draft: Draft, { event, at, seq }: MissionRecord): void {
  const { report } = draft;
  report.events = seq;
  applyToTasks(draft, event, at);
  applyToCalls(draft, event, seq, at);
  switch (event.type) {
    case "verdict.given": {
      const assertion = draft.assertions.get(event.verdict.assertionId);
      if (assertion !== undefined) assertion.verdict = { ...event.verdict, at, onDelivered: false };
      return;
    }
    case "assertion.reopened": {
      const assertion = draft.assertions.get(event.assertionId);
      if (assertion !== undefined) assertion.taskId = event.to;
      return;
    }
    case "approval.requested": {
      const { id, kind, action, reason } = event.approval;
      report.approvals.push({ id, kind, action, reason });
      return;
    }
    case "approval.resolved": {
      const approval = report.approvals.find(({ id }) => id === event.approvalId);
      if (approval !== undefined) approval.resolution = event.resolution;
      return;
    }
    case "mission.sealing":
      draft.sealed = event.snapshot;
      return;
    case "mission.closed":
      report.outcome = { outcome: event.outcome, reason: event.reason };
      report.endedAt = at;
      return;
    default:
  }
}

function applyToTasks({ report, tasks, attempts }: Draft, event: MissionEvent, at: number): void {
  switch (event.type) {
    case "task.added": {
      const entry: TaskReportEntry = { id: event.task.id, goal: event.task.goal, status: "open", attempts: [] };
      tasks.set(entry.id, entry);
      report.tasks.push(entry);
      const old = tasks.get(event.supersedes);
      if (old !== undefined) Object.assign(old, { status: "superseded", supersededBy: entry.id, reason: event.reason });
      return;
    }
    case "task.ended":
      Object.assign(tasks.get(event.taskId) ?? {}, { status: event.status, reason: event.reason });
      return;
    case "attempt.started": {
      const { attemptId: id, number, agentId, from } = event;
      const entry: AttemptReportEntry = { id, number, agentId, startedAt: at, from, outcome: "open" };
      attempts.set(id, entry);
      tasks.get(event.taskId)?.attempts.push(entry);
      return;
    }
    case "attempt.ended": {
      const entry = attempts.get(event.attemptId);
      const { outcome } = event;
      if (entry === undefined) return;
      entry.outcome = outcome.status;
      entry.endedAt = at;
      if (outcome.snapshot !== undefined) entry.snapshot = outcome.snapshot;
      if (outcome.status === "handedOff") entry.summary = outcome.handoff.summary;
      else entry.summary = outcome.status === "failed" ? `${outcome.error.code}: ${outcome.error.message}` : outcome.reason;
      return;
    }
    default:
  }
}

function applyToCalls(draft: Draft, event: MissionEvent, seq: number, at: number): void {
  const { report, calls } = draft;
  const epoch = report.runs.at(-1)?.epoch ?? 0;
  switch (event.type) {
    case "run.started":
      report.runs.push({ runId: event.runId, runnerId: event.runnerId, epoch: event.epoch, startedAt: at, eventsBefore: seq - 1 });
      return;
    case "run.stopped": {
      const run = report.runs.find(({ runId }) => runId === event.runId);
      if (run !== undefined) run.stoppedAt = at;
      return;
    }
    case "call.wanted": {
      const { id, attemptId } = event.call;
      calls.set(id, attemptId === undefined ? { epoch } : { epoch, attemptId });
      return;
    }
    case "call.recovered":
      report.recoveries.push({ ...ofAttempt(draft, event.callId), callId: event.callId, epoch, action: event.action });
      calls.set(event.callId, { ...calls.get(event.callId), epoch });
      addAmounts(report.spent, event.charged);
      return;
    case "call.settled":
      callSettled(draft, event, epoch);
      return;
    case "budget.raised":
      for (const [dimension, amount] of Object.entries(event.limits) as [keyof Amounts, number][])
        if (report.limits[dimension] !== undefined) report.limits[dimension] += amount;
      return;
    default:
  }
}

function callSettled(draft: Draft, event: Extract<MissionEvent, { type: "call.settled" }>, epoch: number): void {
  const { report } = draft;
  const { outcome, callId } = event;
  addAmounts(report.spent, event.charged);
  if (outcome.status === "interrupted" && (draft.calls.get(callId)?.epoch ?? epoch) < epoch) {
    const entry: RecoveryEntry = { ...ofAttempt(draft, callId), callId, epoch, action: "interrupt" };
    if (outcome.snapshot !== undefined) entry.from = outcome.snapshot;
    report.recoveries.push(entry);
  }
  if (outcome.status !== "succeeded") return;
  if (outcome.result.kind === "prepare") report.repository.commit = outcome.result.snapshot.commit;
  if (outcome.result.kind === "deliver") report.delivered = { commit: outcome.result.commit, tree: draft.sealed?.tree ?? "" };
}

function ofAttempt({ calls }: Draft, callId: string): { attemptId?: string } {
  const attemptId = calls.get(callId)?.attemptId;
  return attemptId === undefined ? {} : { attemptId };
}

function addAmounts(sum: Amounts, more: Amounts): void {
  sum.calls += more.calls;
  sum.tokens += more.tokens;
  sum.timeMs += more.timeMs;
  sum.costMicroUsd += more.costMicroUsd;
}
