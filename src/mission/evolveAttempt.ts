/** How events change attempts and their steps. */
import type { MissionEvent } from "../protocol/events.ts";
import type { Timestamp } from "../protocol/ids.ts";
import { remember, setPhase } from "./evolveTask.ts";
import type { AttemptState, Failure, MissionState, TaskState } from "./state.ts";

type Of<T extends MissionEvent["type"]> = Extract<MissionEvent, { type: T }>;

export function attemptStarted(state: MissionState, event: Of<"attempt.started">, at: Timestamp): void {
  const { work } = state;
  const task = work.tasks.get(event.taskId);
  if (task === undefined) return;
  work.attempts.set(event.attemptId, {
    id: event.attemptId,
    taskId: event.taskId,
    agentId: event.agentId,
    number: event.number,
    startedAt: at,
    lastActivityAt: at,
    from: event.from,
    latest: event.from,
    queue: [],
    stepCount: 0,
    recent: [],
  });
  task.attemptId = event.attemptId;
  task.attemptCount = event.number;
  task.startedAt ??= at;
  task.attemptsLeft -= 1;
  delete task.handedOff;
  if (task.spec.access === "write") work.writer = event.taskId;
  setPhase(state, task, "working");
}

/** A task's attempt failed: the failure table must answer. */
export function fail(state: MissionState, task: TaskState, failure: Failure): void {
  task.failure = failure;
  setPhase(state, task, "failing");
}

const setbackCodes: readonly Failure["code"][] = ["infrastructure", "sandbox", "quota", "rateLimit"];

export function attemptEnded(state: MissionState, event: Of<"attempt.ended">): void {
  const attempt = state.work.attempts.get(event.attemptId);
  const task = attempt === undefined ? undefined : state.work.tasks.get(attempt.taskId);
  if (attempt === undefined || task === undefined) return;
  state.work.attempts.delete(event.attemptId);
  delete task.attemptId;
  const { outcome } = event;
  if (outcome.status === "handedOff") {
    const { handoff } = outcome;
    // Who only reads leaves no tree: what stands to be judged is what was read.
    const snapshot = task.spec.access === "read" ? attempt.from : outcome.snapshot;
    task.handedOff = { attemptId: attempt.id, agentId: attempt.agentId, handoff, snapshot };
    task.setbacks = 0;
    task.interruptions = 0;
    delete task.interrupted;
    setPhase(state, task, "handedOff");
    return;
  }
  const failure: Failure =
    outcome.status === "failed" ? { ...outcome.error } : { code: "interrupted", message: outcome.reason };
  if (outcome.snapshot !== undefined) failure.snapshot = outcome.snapshot;
  if (setbackCodes.includes(failure.code)) task.setbacks += 1;
  if (outcome.status === "interrupted") task.interruptions += 1;
  if (outcome.status === "interrupted") task.interrupted = { attemptId: attempt.id, reason: outcome.reason };
  else {
    delete task.interrupted;
    remember(task, {
      attemptId: attempt.id,
      outcome: failure.code,
      findings: [{ severity: "blocking", text: failure.message }],
    });
  }
  fail(state, task, failure);
}

export function stepsAdded(state: MissionState, event: Of<"steps.added">): void {
  const attempt = state.work.attempts.get(event.attemptId);
  if (attempt === undefined) return;
  if (event.position === "append") attempt.queue.push(...event.steps);
  else attempt.queue.unshift(...event.steps);
  state.ledger.stepCount += event.steps.length;
}

export function stepsCancelled(state: MissionState, event: Of<"steps.cancelled">): void {
  const attempt = state.work.attempts.get(event.attemptId);
  if (attempt === undefined) return;
  attempt.queue = attempt.queue.filter((step) => !event.stepIds.includes(step.id));
}

export function snapshotTaken(state: MissionState, event: Of<"snapshot.taken">, at: Timestamp): void {
  const attemptId = state.ledger.calls.get(event.callId)?.call.attemptId;
  const attempt = attemptId === undefined ? undefined : state.work.attempts.get(attemptId);
  if (attempt !== undefined) touch(attempt, at, event.snapshot);
}

/** Something moved in an attempt. */
export function touch(attempt: AttemptState, at: Timestamp, latest?: AttemptState["latest"]): void {
  attempt.lastActivityAt = at;
  if (latest !== undefined) attempt.latest = latest;
}

/** A tripped detector ends the attempt through the events beside it; the memory starts anew. */
export function detectorTripped(state: MissionState, event: Of<"detector.tripped">): void {
  const attempt = state.work.attempts.get(event.attemptId);
  if (attempt !== undefined) attempt.recent = [];
}
