/** Detectors (OP2, OP8): repetition, iteration, stall. Each ends the attempt; the failure table goes on from there. */
import type { DetectorName, MissionEvent } from "../protocol/events.ts";
import type { Timestamp } from "../protocol/ids.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import type { AttemptState, Mission } from "./state.ts";

export interface Alarm {
  detector: DetectorName;
  detail: string;
}

/** What is wrong with an open attempt, or undefined. */
export function alarmOf(mission: Mission, attempt: Readonly<AttemptState>, at: Timestamp): Alarm | undefined {
  const { policy } = mission.spec;
  if (attempt.stepCount > 0 && attempt.callId === undefined) {
    const repeated = repetitions(attempt.recent);
    if (repeated >= policy.maxRepetitions)
      return {
        detector: "repetition",
        detail: `${repeated} identical steps with identical results in a row`,
      };
    if (attempt.stepCount >= policy.maxStepsPerAttempt)
      return {
        detector: "iteration",
        detail: `${attempt.stepCount} steps, ${policy.maxStepsPerAttempt} are allowed`,
      };
  }
  if (at >= stallsAt(mission, attempt) && !isBeingEnded(mission, attempt))
    return { detector: "stall", detail: `nothing settled and nothing changed for ${policy.stallAfterMs} ms` };
  return undefined;
}

/** When an attempt counts as stalled; people are bounded by their deadline alone. */
export function stallsAt(mission: Mission, attempt: Readonly<AttemptState>): Timestamp {
  const entry = attempt.callId === undefined ? undefined : mission.ledger.calls.get(attempt.callId);
  if (entry === undefined || entry.call.work.kind === "human") return Infinity;
  return Math.max(attempt.lastActivityAt, entry.since) + mission.spec.policy.stallAfterMs;
}

function isBeingEnded(mission: Mission, attempt: Readonly<AttemptState>): boolean {
  return attempt.callId !== undefined && mission.ledger.calls.get(attempt.callId)?.cancelling !== undefined;
}

/** How often the last entry stands at the end in a row. */
function repetitions(recent: readonly string[]): number {
  let count = 0;
  for (let index = recent.length - 1; index >= 0 && recent[index] === recent.at(-1); index -= 1) count += 1;
  return count;
}

/** Ends the attempt: at once between two steps, through its call otherwise. */
export function tripDetector(mission: Mission, command: CommandOf<"detector.trip">): MissionDecision {
  const { attemptId } = command.body;
  const attempt = mission.work.attempts.get(attemptId);
  if (attempt === undefined) return refuse("alreadyDone", `attempt "${attemptId}" has ended`);
  const alarm = alarmOf(mission, attempt, command.at);
  if (alarm === undefined) return refuse("notNow", `no detector has anything to say about "${attemptId}"`);
  const tripped: MissionEvent = { type: "detector.tripped", ...alarm, taskId: attempt.taskId, attemptId };
  if (attempt.callId !== undefined)
    return accept(tripped, { type: "call.cancelling", callId: attempt.callId, reason: "detector" });
  const error = { code: "stall", message: `${alarm.detector}: ${alarm.detail}` } as const;
  return accept(tripped, {
    type: "attempt.ended",
    attemptId,
    outcome: { status: "failed", error, snapshot: attempt.latest },
  });
}
