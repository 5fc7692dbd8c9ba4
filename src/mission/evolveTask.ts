/** How events change the plan's progress: tasks, the ready set, supersession, approvals about them. */
import type { MissionEvent } from "../protocol/events.ts";
import type { StageId, TaskId } from "../protocol/ids.ts";
import type { TaskSpec } from "../protocol/plan.ts";
import { goalOf, roundOf } from "./round.ts";
import {
  attemptIdOf,
  currentTaskId,
  type ClosedTask,
  type MissionState,
  type PreviousAttempt,
  type TaskState,
} from "./state.ts";

type Of<T extends MissionEvent["type"]> = Extract<MissionEvent, { type: T }>;

/** Opens a task of the plan and counts what it waits for. */
export function openTask(state: MissionState, spec: TaskSpec): TaskState {
  const { work } = state;
  const task: TaskState = {
    spec,
    phase: "pending",
    agentId: spec.agentId,
    waitingOn: 0,
    notBefore: 0,
    attemptCount: 0,
    attemptsLeft: spec.maxAttempts,
    setbacks: 0,
    interruptions: 0,
    previous: [],
  };
  for (const named of spec.needs) {
    const need = currentTaskId(state, named);
    work.neededBy.set(need, (work.neededBy.get(need) ?? 0) + 1);
    if (work.closed.get(need)?.status === "done") continue;
    task.waitingOn += 1;
    const dependents = work.dependents.get(need);
    if (dependents === undefined) work.dependents.set(need, [spec.id]);
    else dependents.push(spec.id);
  }
  for (const assertionId of spec.fulfills) work.claims.set(assertionId, spec.id);
  const stage = stageOf(state, spec);
  if (stage !== undefined) {
    work.openInStage.set(stage.id, (work.openInStage.get(stage.id) ?? 0) + 1);
    if (stage.index > work.sealedStages) {
      task.waitingOn += 1;
      work.staged.set(stage.id, [...(work.staged.get(stage.id) ?? []), spec.id]);
    }
  }
  work.tasks.set(spec.id, task);
  work.taskCount += 1;
  if (task.waitingOn === 0) work.ready.add(spec.id);
  return task;
}

/** A task that names no stage belongs to the first. */
function stageOf({ spec }: MissionState, task: TaskSpec): { id: StageId; index: number } | undefined {
  const stages = spec.stages ?? [];
  const index = Math.max(
    0,
    stages.findIndex(({ id }) => id === task.stageId),
  );
  const stage = stages[index];
  return stage === undefined ? undefined : { id: stage.id, index };
}

/** Earlier attempts a task remembers for the brief of the next. */
const maxPrevious = 5;
/** Findings kept of one attempt. */
const maxFindings = 50;

/** Keeps what a later attempt should know. */
export function remember(task: TaskState, previous: PreviousAttempt): void {
  task.previous.push({ ...previous, findings: previous.findings.slice(0, maxFindings) });
  if (task.previous.length > maxPrevious) task.previous.shift();
}

/** Moves a task to a phase and keeps the indexes of ready and active tasks true. */
export function setPhase(state: MissionState, task: TaskState, phase: TaskState["phase"]): void {
  task.phase = phase;
  const { ready, active } = state.work;
  if (phase === "pending") {
    active.delete(task.spec.id);
    if (task.waitingOn === 0) ready.add(task.spec.id);
  } else {
    ready.delete(task.spec.id);
    active.add(task.spec.id);
  }
}

function closeTask(state: MissionState, taskId: TaskId): TaskState | undefined {
  const { work } = state;
  const task = work.tasks.get(taskId);
  if (task === undefined) return undefined;
  work.tasks.delete(taskId);
  work.ready.delete(taskId);
  work.active.delete(taskId);
  if (work.writer === taskId) delete work.writer;
  const stage = stageOf(state, task.spec);
  if (stage !== undefined) work.openInStage.set(stage.id, (work.openInStage.get(stage.id) ?? 1) - 1);
  if (task.approvalId !== undefined) work.approvals.delete(task.approvalId);
  for (const named of task.spec.needs) {
    const need = currentTaskId(state, named);
    const count = (work.neededBy.get(need) ?? 1) - 1;
    if (count > 0) {
      work.neededBy.set(need, count);
      continue;
    }
    work.neededBy.delete(need);
    const closed = work.closed.get(need);
    if (closed !== undefined) delete closed.handoff;
  }
  return task;
}

/** A finished task keeps no history; what reopened it is what the next attempt must know. */
function reopenedBecause(event: Of<"task.added">, before: ClosedTask | undefined): TaskState["previous"] {
  if (before === undefined || before.attemptCount === 0) return [];
  const attemptId = attemptIdOf(event.supersedes, before.attemptCount);
  return [{ attemptId, outcome: "verdictFailed", findings: [{ severity: "blocking", text: event.reason }] }];
}

export function taskAdded(state: MissionState, event: Of<"task.added">): void {
  const { work } = state;
  // Opened before the old one closes, so that the handoffs both need are kept.
  const goal = goalOf(event.task.id);
  state.ledger.rounds.set(goal, Math.max(state.ledger.rounds.get(goal) ?? 0, roundOf(event.task.id)));
  const task = openTask(state, event.task);
  const old = closeTask(state, event.supersedes);
  if (event.from !== undefined) task.from = event.from;
  task.supersedes = event.supersedes;
  const before = work.closed.get(event.supersedes);
  task.previous = old?.previous ?? reopenedBecause(event, before);
  // The plan has as many tasks as before: the new one stands for the old.
  work.taskCount -= old === undefined && before === undefined ? 0 : 1;
  delete work.sealed;
  if (before?.status === "done") work.doneCount -= 1;
  work.closed.set(event.supersedes, {
    status: "superseded",
    reason: event.reason,
    supersededBy: event.task.id,
    attemptCount: old?.attemptCount ?? before?.attemptCount ?? 0,
  });
  const dependents = work.dependents.get(event.supersedes);
  if (dependents !== undefined) {
    work.dependents.delete(event.supersedes);
    work.dependents.set(event.task.id, dependents);
  }
  const needed = work.neededBy.get(event.supersedes);
  if (needed !== undefined) {
    work.neededBy.delete(event.supersedes);
    work.neededBy.set(event.task.id, needed);
  }
  // The goal keeps its place: nobody else writes between a judged tree and its fix.
  if (event.task.access === "write" && event.from !== undefined) work.writer = event.task.id;
}

export function taskRetried(state: MissionState, event: Of<"task.retried">): void {
  const task = state.work.tasks.get(event.taskId);
  if (task === undefined) return;
  task.agentId = event.agentId;
  task.notBefore = event.notBefore;
  task.attemptsLeft += event.extraAttempts;
  if (event.granted === true) {
    task.setbacks = 0;
    task.interruptions = 0;
    delete task.startedAt;
  }
  if (event.from === undefined) delete task.from;
  else task.from = event.from;
  delete task.failure;
  if (event.again === "verification") return setPhase(state, task, "handedOff");
  delete task.handedOff;
  setPhase(state, task, "pending");
}

export function taskEnded(state: MissionState, event: Of<"task.ended">): void {
  const { work } = state;
  const task = closeTask(state, event.taskId);
  if (task === undefined) return;
  const closed: ClosedTask = { status: event.status, reason: event.reason, attemptCount: task.attemptCount };
  if (task.handedOff !== undefined && work.neededBy.has(event.taskId))
    closed.handoff = task.handedOff.handoff;
  work.closed.set(event.taskId, closed);
  if (event.status === "failed") work.failedCount += 1;
  if (event.status !== "done") return;
  closed.spec = task.spec;
  if (task.spec.access === "write") work.lastDone = event.taskId;
  work.doneCount += 1;
  if (event.snapshot !== undefined && task.spec.access === "write") work.head = event.snapshot;
  for (const id of work.dependents.get(event.taskId) ?? []) {
    const dependent = work.tasks.get(id);
    if (dependent === undefined) continue;
    dependent.waitingOn -= 1;
    if (dependent.waitingOn === 0 && dependent.phase === "pending") work.ready.add(id);
  }
  work.dependents.delete(event.taskId);
}

export function approvalRequested(state: MissionState, { approval }: Of<"approval.requested">): void {
  const { work, ledger } = state;
  work.approvals.set(approval.id, approval);
  ledger.approvalCount += 1;
  const task = approval.taskId === undefined ? undefined : work.tasks.get(approval.taskId);
  if (task === undefined || approval.kind === "budget") return;
  task.approvalId = approval.id;
  setPhase(state, task, "asking");
}

/** What a grant leads to is said by the events beside it; a denial of what everything waits for gives up. */
export function approvalResolved(state: MissionState, event: Of<"approval.resolved">): void {
  const { work } = state;
  const approval = work.approvals.get(event.approvalId);
  if (approval === undefined) return;
  work.approvals.delete(event.approvalId);
  const granted = event.resolution.status === "granted";
  const task = approval.taskId === undefined ? undefined : work.tasks.get(approval.taskId);
  if (task?.approvalId === event.approvalId) delete task.approvalId;
  if (task !== undefined && approval.kind === "finding") return findingsAnswered(state, task, granted);
  if (approval.kind === "plan" && granted) work.planApproved = true;
  else if (
    !granted &&
    (approval.kind === "plan" || approval.kind === "budget" || approval.taskId === undefined)
  )
    work.givenUp = `${approval.kind} ${approval.id} ${event.resolution.status}: ${approval.reason}`;
  else if (granted && approval.taskId === undefined) work.setbacks = { count: 0, notBefore: 0 };
}

/** Dismissed, the work stands as it was judged; otherwise whoever fixes it must know what was made. */
function findingsAnswered(state: MissionState, task: TaskState, granted: boolean): void {
  if (granted && task.failure === undefined) return setPhase(state, task, "judged");
  if (granted || task.handedOff === undefined) return;
  const { attemptId, handoff } = task.handedOff;
  remember(task, { attemptId, outcome: "findings", summary: handoff.summary, findings: [] });
}
