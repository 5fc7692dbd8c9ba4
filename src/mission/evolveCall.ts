/** How events change calls: what they hold back, who may perform them, and how they ended. */
import type { Baseline, Call, CallOutcome } from "../protocol/call.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { Timestamp } from "../protocol/ids.ts";
import { add, subtract } from "./budget.ts";
import { fail, touch } from "./evolveAttempt.ts";
import { remember, setPhase } from "./evolveTask.ts";
import { backoffMs } from "./failure.ts";
import { tellable } from "./heldOut.ts";
import type { BaselineState, CallState, Failure, MissionState } from "./state.ts";

type Of<T extends MissionEvent["type"]> = Extract<MissionEvent, { type: T }>;

/** The repetition detector looks no further back than this. */
const maxRecent = 16;

export function runStarted(state: MissionState, event: Of<"run.started">): void {
  const { ledger } = state;
  ledger.epoch = event.epoch;
  ledger.run = { runId: event.runId, runnerId: event.runnerId };
  for (const call of ledger.calls.values()) call.ranMs += Math.max(0, state.at - call.since);
}

export function callWanted(state: MissionState, { call }: Of<"call.wanted">, at: Timestamp): void {
  const { ledger, work } = state;
  ledger.callCount += 1;
  ledger.reserved = add(ledger.reserved, call.reserve);
  const entry: CallState = {
    call,
    epoch: ledger.epoch,
    since: at,
    deadlineAt: at + call.reserve.timeMs,
    mode: "perform",
    ranMs: 0,
  };
  ledger.calls.set(call.id, entry);
  const attempt = call.attemptId === undefined ? undefined : work.attempts.get(call.attemptId);
  if (attempt !== undefined) {
    attempt.callId = call.id;
    touch(attempt, at);
    if (call.stepId !== undefined && attempt.queue[0]?.id === call.stepId) {
      const step = attempt.queue.shift();
      if (step !== undefined) attempt.running = step;
      attempt.stepCount += 1;
    }
  }
  const task = call.taskId === undefined ? undefined : work.tasks.get(call.taskId);
  if (call.work.kind === "verify" && task !== undefined) setPhase(state, task, "verifying");
}

export function callCancelling(state: MissionState, event: Of<"call.cancelling">): void {
  const call = state.ledger.calls.get(event.callId);
  if (call !== undefined) call.cancelling = event.reason;
}

const modes = {
  redo: "perform",
  askAgain: "perform",
  restore: "restore",
  resume: "resume",
  interrupt: "perform",
  lookUp: "lookUp",
} as const;

export function callRecovered(state: MissionState, event: Of<"call.recovered">, at: Timestamp): void {
  const entry = state.ledger.calls.get(event.callId);
  if (entry === undefined) return;
  entry.epoch = event.epoch;
  entry.mode = modes[event.action];
  entry.since = at;
  entry.ranMs = 0;
  entry.deadlineAt = at + entry.call.reserve.timeMs;
  state.ledger.spent = add(state.ledger.spent, event.charged);
}

export function callSettled(state: MissionState, event: Of<"call.settled">, at: Timestamp): void {
  const { ledger, work } = state;
  const entry = ledger.calls.get(event.callId);
  if (entry === undefined) return;
  ledger.calls.delete(event.callId);
  ledger.reserved = subtract(ledger.reserved, entry.call.reserve);
  ledger.spent = add(ledger.spent, event.charged);
  if (event.overrun !== undefined) ledger.overrun = add(ledger.overrun, event.overrun);
  if (entry.abandoned === true) return;
  const { call } = entry;
  const attempt = call.attemptId === undefined ? undefined : work.attempts.get(call.attemptId);
  if (attempt !== undefined && attempt.callId === call.id) {
    delete attempt.callId;
    touch(attempt, at, snapshotOf(event.outcome));
    if (attempt.running !== undefined) {
      attempt.recent.push(
        `${attempt.running.executor}:${inputDigest(attempt.running.input)}:${resultDigest(event.outcome)}`,
      );
      if (attempt.recent.length > maxRecent) attempt.recent.shift();
      delete attempt.running;
    }
  }
  missionCallSettled(state, call, event.outcome, at);
}

function snapshotOf(outcome: CallOutcome): { commit: string; tree: string } | undefined {
  if (outcome.status === "succeeded")
    return "snapshot" in outcome.result ? outcome.result.snapshot : undefined;
  return "snapshot" in outcome ? outcome.snapshot : undefined;
}

const inputDigest = (input: string | { sha256: string }): string =>
  typeof input === "string" ? input : input.sha256;

function resultDigest(outcome: CallOutcome): string {
  if (outcome.status !== "succeeded") return outcome.status;
  return outcome.result.kind === "step" ? outcome.result.digest : outcome.result.kind;
}

/** Calls of the mission itself: the base, verification, delivery. */
function missionCallSettled(state: MissionState, call: Call, outcome: CallOutcome, at: Timestamp): void {
  const { work } = state;
  switch (call.work.kind) {
    case "prepare":
      if (outcome.status === "succeeded" && outcome.result.kind === "prepare") {
        work.base = outcome.result.snapshot;
        work.start = outcome.result.start ?? outcome.result.snapshot;
        work.head = work.start;
        work.setbacks = { count: 0, notBefore: 0 };
      } else setBack(state, outcome, at);
      return;
    case "preflight":
      if (outcome.status === "succeeded" && outcome.result.kind === "preflight") {
        work.baseline = new Map(
          outcome.result.baseline.map((entry) => [entry.assertionId, baselineOf(entry)]),
        );
        work.setbacks = { count: 0, notBefore: 0 };
      } else setBack(state, outcome, at);
      return;
    case "verify":
      return verifySettled(state, call, outcome, at);
    case "deliver":
      if (outcome.status === "succeeded" && work.sealed !== undefined) {
        work.sealed.delivered = true;
        work.setbacks = { count: 0, notBefore: 0 };
      } else setBack(state, outcome, at);
      return;
    case "attempt":
    case "human":
    case "skill":
    case "tool":
      return;
  }
}

function baselineOf({ value, flaky, tests }: Baseline): BaselineState {
  return tests === undefined ? { value, flaky } : { value, flaky, tests };
}

/** Of everything that was judged on one tree, the judged tree is one. */
export function verdictGiven({ work }: MissionState, { verdict }: Of<"verdict.given">): void {
  work.verdicts.set(verdict.assertionId, verdict);
  work.judged = { tree: verdict.tree, snapshot: verdict.judged };
}

/** Trouble with a call of the mission itself; interruptions are nobody's fault and are not counted. */
function setBack(state: MissionState, outcome: CallOutcome, at: Timestamp): void {
  const { work, spec } = state;
  if (outcome.status === "succeeded" || outcome.status === "interrupted") return;
  const count = work.setbacks.count + 1;
  const last: Failure =
    outcome.status === "failed" ? { ...outcome.error } : { code: "unknownEffect", message: outcome.reason };
  const notBefore = Math.max(at + backoffMs(spec.policy.backoffMs, count), last.resetAt ?? 0);
  work.setbacks = { count, notBefore, last };
}

function verifySettled(state: MissionState, call: Call, outcome: CallOutcome, at: Timestamp): void {
  if (call.work.kind !== "verify") return;
  const { work } = state;
  const failure = outcome.status === "succeeded" ? judged(state, call) : unjudged(outcome);
  const task = call.taskId === undefined ? undefined : work.tasks.get(call.taskId);
  if (task === undefined) {
    if (work.sealed === undefined && call.work.stageId === undefined) return;
    if (failure === undefined) work.setbacks = { count: 0, notBefore: 0 };
    else if (failure.code !== "verdictFailed" && outcome.status !== "interrupted")
      setBack(state, { status: "failed", error: { code: codeOf(failure), message: failure.message } }, at);
    return;
  }
  if (outcome.status === "interrupted") return setPhase(state, task, "handedOff");
  if (failure === undefined) return setPhase(state, task, "judged");
  if (failure.code === "verdictUnclear") task.setbacks += 1;
  else if (task.handedOff !== undefined)
    remember(task, {
      attemptId: task.handedOff.attemptId,
      outcome: failure.code,
      summary: task.handedOff.handoff.summary,
      findings: [{ severity: "blocking", text: failure.message }],
    });
  fail(state, task, failure);
}

/** What nobody can judge is for a human at once; the rest may be cured by waiting. */
const codeOf = (failure: Failure): "impossible" | "infrastructure" =>
  failure.code === "verdictImpossible" ? "impossible" : "infrastructure";

/** Of all that was not passed, in one failure. */
const maxReasonCharacters = 8_000;

const joined = (reasons: string[]): string => reasons.join("\n").slice(0, maxReasonCharacters);

function unjudged(outcome: CallOutcome): Failure {
  const message = outcome.status === "failed" ? outcome.error.message : "the verification did not finish";
  return { code: "verdictUnclear", message };
}

/** What the verdicts of a verification come to; undefined when every one passed. */
export function judged(
  state: { spec: Pick<MissionState["spec"], "contract">; work: Pick<MissionState["work"], "verdicts"> },
  call: Call,
): Failure | undefined {
  if (call.work.kind !== "verify") return undefined;
  const { snapshot, assertionIds } = call.work;
  const reasons = { failed: [] as string[], impossible: [] as string[], unclear: [] as string[] };
  for (const id of assertionIds) {
    const verdict = state.work.verdicts.get(id);
    if (verdict === undefined || verdict.tree !== snapshot.tree) reasons.unclear.push(`${id}: no verdict`);
    else if (verdict.value === "failed") reasons.failed.push(tellable(state, verdict));
    else if (verdict.value === "impossible" || verdict.value === "blocked")
      reasons.impossible.push(tellable(state, verdict));
    else if (verdict.value !== "passed") reasons.unclear.push(tellable(state, verdict));
  }
  if (reasons.failed.length > 0) return { code: "verdictFailed", message: joined(reasons.failed), snapshot };
  if (reasons.impossible.length > 0)
    return { code: "verdictImpossible", message: joined(reasons.impossible), snapshot };
  if (reasons.unclear.length > 0)
    return { code: "verdictUnclear", message: joined(reasons.unclear), snapshot };
  return undefined;
}
