/** What a mission came to, traced: requirement → assertion → task → commit → evidence, and what was recovered. */
import type { ApprovalKind, ApprovalResolution } from "../protocol/approval.ts";
import { dimensions, type Amounts, type Limits, type Usage } from "../protocol/budget.ts";
import type { RecoveryAction } from "../protocol/call.ts";
import type { AttemptOutcome, MissionEvent, MissionOutcome } from "../protocol/events.ts";
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
  approvals: {
    id: string;
    kind: ApprovalKind;
    action: string;
    reason: string;
    resolution?: ApprovalResolution;
  }[];
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
    if (assertion.verdict !== undefined)
      assertion.verdict.onDelivered = assertion.verdict.tree === report.delivered?.tree;
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
  const tasks: TaskReportEntry[] = spec.tasks.map(({ id, goal }) => ({
    id,
    goal,
    status: "open",
    attempts: [],
  }));
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

type Of<T extends MissionEvent["type"]> = Extract<MissionEvent, { type: T }>;
type Handlers = {
  readonly [T in MissionEvent["type"]]?: (
    draft: Draft,
    event: Of<T>,
    place: { seq: number; at: number },
  ) => void;
};

function apply<T extends MissionEvent["type"]>(draft: Draft, record: MissionRecord & { event: Of<T> }): void {
  draft.report.events = record.seq;
  const handler = handlers[record.event.type];
  handler?.(draft, record.event, record);
}

/** What a report is made of; other events change nothing in it. */
const handlers: Handlers = {
  "mission.sealing": (draft, { snapshot }) => {
    draft.sealed = snapshot;
  },
  "mission.closed": ({ report }, { outcome, reason }, { at }) => {
    report.outcome = { outcome, reason };
    report.endedAt = at;
  },
  "verdict.given": ({ assertions }, { verdict }, { at }) => {
    const assertion = assertions.get(verdict.assertionId);
    if (assertion !== undefined) assertion.verdict = { ...verdict, at, onDelivered: false };
  },
  "assertion.reopened": ({ assertions }, { assertionId, to }) => {
    const assertion = assertions.get(assertionId);
    if (assertion !== undefined) assertion.taskId = to;
  },
  "approval.requested": ({ report }, { approval: { id, kind, action, reason } }) => {
    report.approvals.push({ id, kind, action, reason });
  },
  "approval.resolved": ({ report }, { approvalId, resolution }) => {
    const approval = report.approvals.find(({ id }) => id === approvalId);
    if (approval !== undefined) approval.resolution = resolution;
  },
  "budget.raised": ({ report }, { limits }) => {
    for (const dimension of dimensions) {
      const limit = report.limits[dimension];
      if (limit !== undefined) report.limits[dimension] = limit + (limits[dimension] ?? 0);
    }
  },
  "task.added": ({ report, tasks }, { task, supersedes, reason }) => {
    const entry: TaskReportEntry = { id: task.id, goal: task.goal, status: "open", attempts: [] };
    tasks.set(entry.id, entry);
    report.tasks.push(entry);
    const old = tasks.get(supersedes);
    if (old !== undefined) Object.assign(old, { status: "superseded", supersededBy: entry.id, reason });
  },
  "task.ended": ({ tasks }, { taskId, status, reason }) => {
    const task = tasks.get(taskId);
    if (task !== undefined) Object.assign(task, { status, reason });
  },
  "attempt.started": ({ attempts, tasks }, { attemptId: id, number, agentId, from, taskId }, { at }) => {
    const entry: AttemptReportEntry = { id, number, agentId, startedAt: at, from, outcome: "open" };
    attempts.set(id, entry);
    tasks.get(taskId)?.attempts.push(entry);
  },
  "attempt.ended": ({ attempts }, { attemptId, outcome }, { at }) => {
    const entry = attempts.get(attemptId);
    if (entry === undefined) return;
    entry.outcome = outcome.status;
    entry.endedAt = at;
    if (outcome.snapshot !== undefined) entry.snapshot = outcome.snapshot;
    entry.summary = summaryOf(outcome);
  },
  "run.started": ({ report }, { runId, runnerId, epoch }, { seq, at }) => {
    report.runs.push({ runId, runnerId, epoch, startedAt: at, eventsBefore: seq - 1 });
  },
  "run.stopped": ({ report }, event, { at }) => {
    const run = report.runs.find(({ runId }) => runId === event.runId);
    if (run !== undefined) run.stoppedAt = at;
  },
  "call.wanted": ({ report, calls }, { call: { id, attemptId } }) => {
    const epoch = epochOf(report);
    calls.set(id, attemptId === undefined ? { epoch } : { epoch, attemptId });
  },
  "call.recovered": (draft, { callId, epoch, action, charged }) => {
    draft.report.recoveries.push({ ...ofAttempt(draft, callId), callId, epoch, action });
    draft.calls.set(callId, { ...draft.calls.get(callId), epoch });
    addAmounts(draft.report.spent, charged);
  },
  "call.settled": callSettled,
};

const epochOf = (report: MissionReport): number => report.runs.at(-1)?.epoch ?? 0;

function summaryOf(outcome: AttemptOutcome): string {
  switch (outcome.status) {
    case "handedOff":
      return outcome.handoff.summary;
    case "failed":
      return `${outcome.error.code}: ${outcome.error.message}`;
    case "interrupted":
      return outcome.reason;
  }
}

function callSettled(draft: Draft, event: Of<"call.settled">): void {
  const epoch = epochOf(draft.report);
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
  if (outcome.result.kind === "deliver")
    report.delivered = { commit: outcome.result.commit, tree: draft.sealed?.tree ?? "" };
}

function ofAttempt({ calls }: Draft, callId: string): { attemptId?: string } {
  const attemptId = calls.get(callId)?.attemptId;
  return attemptId === undefined ? {} : { attemptId };
}

function addAmounts(sum: Amounts, more: Usage): void {
  for (const dimension of dimensions) sum[dimension] += more[dimension] ?? 0;
}
