/**
 * What is done about a failure: a table in code (SW6). A worker reports; only this decides. Where
 * the table has no answer left, a human is asked, and silence gives up.
 */
import type { AgentId, Timestamp } from "../protocol/ids.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { roundsOf } from "./round.ts";
import type { Failure, Mission, TaskState } from "./state.ts";

export type FailureAnswer =
  /** Another attempt, by the same agent or the fallback; `extraAttempts` are given back or granted. */
  | {
      answer: "retry";
      agentId: AgentId;
      notBefore: Timestamp;
      from?: Snapshot | undefined;
      extraAttempts: number;
    }
  /** Fewer at once, and nothing before the limit resets. */
  | { answer: "slowDown"; to: number; until: Timestamp }
  /** Judge the same tree again. */
  | { answer: "verifyAgain"; notBefore: Timestamp }
  /** Another branch of the plan takes the assertions over, starting from the mission's head. */
  | { answer: "branch"; agentId: AgentId; goal: string }
  /** A new task takes the goal over, starting from the tree that was judged. */
  | { answer: "fix"; from: Snapshot }
  | { answer: "ask"; why: string }
  | { answer: "giveUp"; why: string };

const maxBackoffMs = 10 * 60_000;
/** A runner that dies this often under one task is not bad luck. */
const maxInterruptions = 50;

/** Doubles with each setback in a row, bounded. */
export function backoffMs(baseMs: number, setbacks: number): number {
  return Math.min(maxBackoffMs, baseMs * 2 ** Math.min(setbacks, 20));
}

/** Another attempt from the mission's head while there are any left; then the fallback; then a human. */
function retry(task: TaskState, at: Timestamp): FailureAnswer {
  const isLate = at >= deadlineOf(task);
  if (task.attemptsLeft > 0 && !isLate)
    return { answer: "retry", agentId: task.agentId, notBefore: at, extraAttempts: 0 };
  const { fallback } = task.spec;
  if (task.spec.onFailure === "fallback" && fallback !== undefined) {
    const { agentId, goal } = fallback;
    if (goal !== undefined) return { answer: "branch", agentId, goal };
    if (agentId !== task.agentId && !isLate)
      return { answer: "retry", agentId, notBefore: at, extraAttempts: task.spec.maxAttempts };
  }
  const why = isLate ? "its deadline is over" : "no attempts are left";
  return { answer: "ask", why: `${why} (${task.attemptCount} made)` };
}

/** When a task must be done; Infinity before its first attempt and without a deadline. */
export function deadlineOf({ spec, startedAt }: Readonly<TaskState>): Timestamp {
  return spec.deadlineMs === undefined || startedAt === undefined ? Infinity : startedAt + spec.deadlineMs;
}

/** The table. */
export function answerFailure(
  mission: Mission,
  task: TaskState,
  failure: Failure,
  at: Timestamp,
): FailureAnswer {
  const { policy } = mission.spec;
  const round = roundsOf(mission, task.spec.id);
  if (task.spec.onFailure === "failFast" && !isOurs(failure))
    return { answer: "giveUp", why: `the task's policy is to fail fast: ${failure.message}` };
  switch (failure.code) {
    case "interrupted":
      return task.interruptions <= maxInterruptions
        ? { answer: "retry", agentId: task.agentId, notBefore: at, from: failure.snapshot, extraAttempts: 1 }
        : { answer: "ask", why: `${task.interruptions} interruptions in a row` };
    case "timeout":
    case "stall":
    case "detector":
    case "agentFailed":
    case "malformedHandoff":
      return retry(task, at);
    case "rateLimit":
      return {
        answer: "slowDown",
        to: Math.max(1, Math.floor(policy.maxConcurrency / 2)),
        // A reset that has passed, or is no time at all, must not be waited for by asking again at once.
        until:
          failure.resetAt !== undefined && failure.resetAt > at
            ? failure.resetAt
            : at + backoffMs(policy.backoffMs, task.setbacks),
      };
    case "infrastructure":
    case "sandbox":
    case "quota":
      return task.setbacks <= policy.maxInfrastructureRetries
        ? {
            answer: "retry",
            agentId: task.agentId,
            notBefore: at + backoffMs(policy.backoffMs, task.setbacks),
            from: failure.snapshot,
            extraAttempts: 1,
          }
        : { answer: "ask", why: `${task.setbacks} infrastructure failures in a row` };
    case "verdictUnclear":
      return task.setbacks <= policy.maxInfrastructureRetries
        ? { answer: "verifyAgain", notBefore: at + backoffMs(policy.backoffMs, task.setbacks) }
        : { answer: "ask", why: `verification was unclear ${task.setbacks} times` };
    case "verdictFailed":
      return failure.snapshot !== undefined && round < policy.maxRounds
        ? { answer: "fix", from: failure.snapshot }
        : { answer: "ask", why: `${round} rounds of fixes did not pass verification` };
    case "verdictImpossible":
    case "blocked":
    case "impossible":
    case "unknownEffect":
      return { answer: "ask", why: failure.message };
  }
}

/** Failures that say nothing about the work: ours, or of the world around it. */
function isOurs(failure: Failure): boolean {
  switch (failure.code) {
    case "interrupted":
    case "rateLimit":
    case "infrastructure":
    case "sandbox":
    case "quota":
    case "verdictUnclear":
    case "unknownEffect":
      return true;
    default:
      return false;
  }
}
