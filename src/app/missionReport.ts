/** What a mission came to, traced: requirement → assertion → task → commit → evidence, and what was recovered. */
import { dimensions, type Amounts, type Usage } from "../protocol/budget.ts";
import type { AttemptOutcome, MissionEvent } from "../protocol/events.ts";
import type { MissionSpec } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { MissionRecord } from "./following.ts";
import type {
  AssertionReportEntry,
  AttemptReportEntry,
  MissionReport,
  RecoveryEntry,
  TaskReportEntry,
} from "./reportEntries.ts";
import { judgeFreshness, unverifiedIn } from "./reportFreshness.ts";

/** Undefined while nothing was created. */
export async function reportOf(records: AsyncIterable<MissionRecord>): Promise<MissionReport | undefined> {
  const all: MissionRecord[] = [];
  for await (const record of records) all.push(record);
  const draft = draftOf(all);
  if (draft === undefined) return undefined;
  const { report } = draft;
  judgeFreshness(report, draft.contractVersion);
  report.unverified = unverifiedIn(report);
  return report;
}

function draftOf(records: readonly MissionRecord[]): Draft | undefined {
  let draft: Draft | undefined;
  for (const record of records) {
    const { event } = record;
    if (event.type === "mission.created") draft = begin(event, record.at);
    if (draft === undefined) continue;
    apply(draft, record);
    if (event.type === "mission.rolledBack")
      goBack(draft, draftOf(records.slice(0, event.to)), record, event);
  }
  return draft;
}

/** What was done since is on record, and counts no more. */
function goBack(
  draft: Draft,
  past: Draft | undefined,
  { seq, at }: MissionRecord,
  event: Of<"mission.rolledBack">,
): void {
  const { report, tasks, assertions } = draft;
  const { to, by, reason, undoes } = event;
  report.rollbacks.push({ seq, at, to, by, reason, ...(undoes === undefined ? {} : { undoes }) });
  if (past === undefined) return;
  const isNow = (value: object | undefined): object =>
    value ?? { status: "cancelled", reason: "rolled back" };
  for (const task of tasks.values()) {
    const { attempts } = task;
    delete task.reason;
    delete task.snapshot;
    delete task.supersededBy;
    Object.assign(task, isNow(past.tasks.get(task.id)), { attempts });
  }
  for (const assertion of assertions.values()) {
    const then = past.assertions.get(assertion.id);
    if (assertion.verdict !== undefined && assertion.verdict.at !== then?.verdict?.at)
      assertion.earlier.push(assertion.verdict);
    const { earlier } = assertion;
    delete assertion.verdict;
    if (then !== undefined) Object.assign(assertion, then, { earlier });
  }
  delete report.head;
  if (past.report.head !== undefined) report.head = past.report.head;
  report.stages = past.report.stages;
}

interface Draft {
  report: MissionReport;
  tasks: Map<string, TaskReportEntry>;
  attempts: Map<string, AttemptReportEntry>;
  /** Assertions, and checks of the whole tree. */
  assertions: Map<string, AssertionReportEntry>;
  /** Of every call: its attempt, task, the epoch that performs it, and what a delivery delivers. */
  calls: Map<
    string,
    { attemptId?: string; taskId?: string; epoch: number; delivers?: Snapshot; runs?: number }
  >;
  contractVersion: number;
}

type Of<T extends MissionEvent["type"]> = Extract<MissionEvent, { type: T }>;

function begin({ missionId, spec }: Of<"mission.created">, at: number): Draft {
  const tasks = spec.tasks.map((task): TaskReportEntry => taskEntry(task));
  const claimantOf = (id: string): string | undefined =>
    spec.tasks.find(({ fulfills }) => fulfills.includes(id))?.id;
  const entry = (one: Pick<AssertionReportEntry, "id" | "behaviour" | "check">): AssertionReportEntry => {
    const taskId = claimantOf(one.id);
    const { id, behaviour, check } = one;
    const empty = { onBase: "any" as const, heldOut: false, files: [], claimedBefore: [], earlier: [] };
    return { id, behaviour, check, ...empty, ...(taskId === undefined ? {} : { taskId }) };
  };
  const assertions = spec.contract.map(({ onBase, heldOut = false, files = [], ...one }) => ({
    ...entry(one),
    onBase,
    heldOut,
    files: files.map(({ path, content }) => ({ path, content })),
  }));
  const checks = (spec.checks ?? []).map(entry);
  return {
    report: { ...blank(spec, at), missionId, tasks, assertions, checks },
    tasks: new Map(tasks.map((task) => [task.id, task])),
    attempts: new Map(),
    assertions: new Map([...assertions, ...checks].map((one) => [one.id, one])),
    calls: new Map(),
    contractVersion: 1,
  };
}

function blank(spec: MissionSpec, at: number): MissionReport {
  return {
    missionId: "",
    goal: spec.goal,
    repository: { ...spec.repository },
    branch: spec.branch,
    assertions: [],
    checks: [],
    stages: (spec.stages ?? []).map((stage) => ({ ...stage })),
    tasks: [],
    setup: (spec.setup ?? []).map(({ command, cwd, network }) => ({
      command,
      network,
      ...(cwd === undefined ? {} : { cwd }),
    })),
    allowed: [
      ...(spec.policy.sandbox === "none" ? ["agents and checks ran without a box"] : []),
      ...(spec.policy.setupNetwork ? ["setup was allowed to use the network"] : []),
      ...(spec.policy.mayChangeTests.length > 0
        ? [`tasks were allowed to change tests: ${spec.policy.mayChangeTests.join(", ")}`]
        : []),
    ],
    findings: [],
    facts: [],
    artifacts: [],
    unverified: [],
    runs: [],
    recoveries: [],
    rollbacks: [],
    approvals: [],
    spent: { calls: 0, tokens: 0, timeMs: 0, costMicroUsd: 0 },
    limits: { ...spec.budget },
    createdAt: at,
    events: 0,
  };
}

function taskEntry({ id, goal, stageId }: MissionSpec["tasks"][number]): TaskReportEntry {
  return { id, goal, status: "open", attempts: [], ...(stageId === undefined ? {} : { stageId }) };
}

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
  "mission.sealing": ({ report }, { snapshot }) => {
    report.head = snapshot;
  },
  "mission.closed": ({ report }, { outcome, reason }, { at }) => {
    report.outcome = { outcome, reason };
    report.endedAt = at;
  },
  "verdict.given": verdictGiven,
  "assertion.reopened": ({ assertions }, { assertionId, from, to, reason }) => {
    const assertion = assertions.get(assertionId);
    if (assertion === undefined) return;
    assertion.claimedBefore.push({ taskId: from, reason });
    assertion.taskId = to;
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
    const entry: TaskReportEntry = { ...taskEntry(task), supersedes };
    tasks.set(entry.id, entry);
    report.tasks.push(entry);
    const old = tasks.get(supersedes);
    if (old !== undefined) Object.assign(old, { status: "superseded", supersededBy: entry.id, reason });
  },
  "task.ended": ({ report, tasks }, { taskId, status, reason, snapshot }) => {
    const task = tasks.get(taskId);
    if (task !== undefined) Object.assign(task, { status, reason });
    if (snapshot === undefined) return;
    if (task !== undefined) task.snapshot = snapshot;
    if (status === "done") report.head = snapshot;
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
    if (outcome.status === "handedOff" && outcome.handoff.leftUndone.length > 0)
      entry.leftUndone = outcome.handoff.leftUndone;
  },
  "run.started": ({ report }, { runId, runnerId, epoch }, { seq, at }) => {
    report.runs.push({ runId, runnerId, epoch, startedAt: at, eventsBefore: seq - 1 });
  },
  "run.stopped": ({ report }, event, { at }) => {
    const run = report.runs.find(({ runId }) => runId === event.runId);
    if (run !== undefined) run.stoppedAt = at;
  },
  "stage.sealed": ({ report }, { stageId, snapshot }, { at }) => {
    const stage = report.stages.find(({ id }) => id === stageId);
    if (stage !== undefined) stage.sealed = { at, snapshot };
  },
  "finding.recorded": ({ report }, { finding }, { at }) => {
    // Only what blocks waits for anybody.
    const status = finding.severity === "blocking" ? "open" : "noted";
    report.findings.push({ ...finding, at, status });
  },
  "finding.tracked": ({ report }, { findingId, taskId, by }) => {
    const finding = report.findings.find(({ id }) => id === findingId);
    if (finding !== undefined)
      Object.assign(finding, { status: "tracked", trackedBy: taskId, decidedBy: by });
  },
  "finding.dismissed": ({ report }, { findingId, reason, by }) => {
    const finding = report.findings.find(({ id }) => id === findingId);
    if (finding !== undefined) Object.assign(finding, { status: "dismissed", reason, decidedBy: by });
  },
  "fact.recorded": ({ report }, { fact }) => {
    report.facts.push({ ...fact, expired: false, conflictsWith: [] });
  },
  "fact.conflicted": ({ report }, { factIds }) => {
    for (const fact of report.facts)
      if (factIds.includes(fact.id)) fact.conflictsWith = factIds.filter((id) => id !== fact.id);
  },
  "fact.expired": ({ report }, { factId }) => {
    const fact = report.facts.find(({ id }) => id === factId);
    if (fact !== undefined) fact.expired = true;
  },
  "artifact.recorded": ({ report }, { artifactId: id, name, path, content, taskId, attemptId }) => {
    report.artifacts.push({ id, name, path, content, taskId, attemptId });
  },
  "call.wanted": ({ report, calls }, { call: { id, attemptId, taskId, work } }) => {
    calls.set(id, {
      epoch: epochOf(report),
      ...(attemptId === undefined ? {} : { attemptId }),
      ...(taskId === undefined ? {} : { taskId }),
      ...(work.kind === "deliver" ? { delivers: work.snapshot } : {}),
      ...(work.kind === "preflight" ? { runs: work.runs } : {}),
    });
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

function verdictGiven(draft: Draft, { verdict, callId }: Of<"verdict.given">, { at }: { at: number }): void {
  draft.contractVersion = Math.max(draft.contractVersion, verdict.contractVersion);
  const assertion = draft.assertions.get(verdict.assertionId);
  if (assertion === undefined) return;
  if (assertion.verdict !== undefined) {
    const { onDelivered: _onDelivered, stale: _stale, ...earlier } = assertion.verdict;
    assertion.earlier.push(earlier);
  }
  const { assertionId: _assertionId, ...given } = verdict;
  const taskId = draft.calls.get(callId)?.taskId;
  assertion.verdict = { ...given, at, onDelivered: false, ...(taskId === undefined ? {} : { taskId }) };
}

function callSettled(draft: Draft, event: Of<"call.settled">, { at }: { at: number }): void {
  const { report, calls } = draft;
  const { outcome, callId } = event;
  const call = calls.get(callId);
  const epoch = epochOf(report);
  addAmounts(report.spent, event.charged);
  if (outcome.status === "interrupted" && (call?.epoch ?? epoch) < epoch) {
    const entry: RecoveryEntry = { ...ofAttempt(draft, callId), callId, epoch, action: "interrupt" };
    if (outcome.snapshot !== undefined) entry.from = outcome.snapshot;
    report.recoveries.push(entry);
  }
  if (outcome.status !== "succeeded") return;
  const { result } = outcome;
  if (result.kind === "prepare") {
    report.repository.commit = result.snapshot.commit;
    report.base = result.snapshot;
  } else if (result.kind === "preflight") {
    const { environment, baseline } = result;
    report.preflight = { at, runs: call?.runs ?? 1, ...(environment === undefined ? {} : { environment }) };
    for (const { assertionId, value, reason, flaky, evidence } of baseline) {
      const assertion = draft.assertions.get(assertionId);
      if (assertion !== undefined) assertion.baseline = { value, reason, flaky, evidence };
    }
  } else if (result.kind === "deliver") {
    const snapshot = call?.delivers ?? { commit: result.commit, tree: "" };
    report.delivered = { commit: result.commit, tree: snapshot.tree };
    report.head = snapshot;
  }
}

function ofAttempt({ calls }: Draft, callId: string): { attemptId?: string } {
  const attemptId = calls.get(callId)?.attemptId;
  return attemptId === undefined ? {} : { attemptId };
}

function addAmounts(sum: Amounts, more: Usage): void {
  for (const dimension of dimensions) sum[dimension] += more[dimension] ?? 0;
}
