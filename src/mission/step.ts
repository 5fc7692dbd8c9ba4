/** Steps (AL2–AL5): what is legal, one at a time, and what follows when one ends. */
import { dimensions } from "../protocol/budget.ts";
import { effects, type CallOutcome } from "../protocol/call.ts";
import type { Call } from "../protocol/call.ts";
import type { NextSteps } from "../protocol/commands.ts";
import type { AttemptOutcome, MissionEvent } from "../protocol/events.ts";
import type { Timestamp } from "../protocol/ids.ts";
import type { Step } from "../protocol/step.ts";
import { isAmount } from "./budget.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import { handedOffEvents } from "./handoff.ts";
import { wantCall } from "./request.ts";
import { stepIdOf, type AttemptState, type Mission } from "./state.ts";

/** Steps one agent may have waiting. */
const maxQueue = 100;

/** Starts the next pending step. One step per agent at a time. */
export function startStep(mission: Mission, command: CommandOf<"step.start">): MissionDecision {
  const attempt = mission.work.attempts.get(command.body.attemptId);
  if (attempt === undefined)
    return refuse("notFound", `there is no open attempt "${command.body.attemptId}"`);
  if (attempt.callId !== undefined)
    return refuse("notNow", `step ${attempt.running?.id} is running: one step per agent at a time`);
  const step = attempt.queue[0];
  if (step === undefined) return refuse("notNow", `attempt "${attempt.id}" has no pending step`);
  const work =
    step.type === "skill"
      ? ({ kind: "skill", skill: step.executor, input: step.input } as const)
      : ({ kind: "tool", tool: step.executor, input: step.input, ...beforeOf(step, attempt) } as const);
  const { timeMs: _time, calls: _calls, ...reserve } = step.reserve;
  const wish = {
    work,
    effects: step.effects,
    taskId: attempt.taskId,
    attemptId: attempt.id,
    stepId: step.id,
    timeoutMs: step.timeoutMs,
    reserve,
  };
  return accept(...wantCall(mission, wish, command.at).events);
}

/** The settled call of a step, and all that follows: at most four events with the next one's call. */
export function stepConsequences(
  mission: Mission,
  call: Call,
  outcome: CallOutcome,
  next: NextSteps | undefined,
  settled: MissionEvent,
  at: Timestamp,
): MissionDecision {
  const attempt = call.attemptId === undefined ? undefined : mission.work.attempts.get(call.attemptId);
  if (attempt === undefined) return accept(settled);
  if (next !== undefined && next.attemptId !== attempt.id)
    return refuse(
      "notAllowed",
      `a step of "${attempt.id}" cannot add steps to "${next.attemptId}": only the supervisor changes the graph`,
    );
  const problem = illegal(attempt, next);
  const ended = problem ?? endOf(attempt, outcome, next);
  if (ended !== undefined)
    return accept(
      settled,
      { type: "attempt.ended", attemptId: attempt.id, outcome: ended },
      ...(ended.status === "handedOff" ? handedOffEvents(mission, attempt.id, ended.handoff, at) : []),
    );
  const events: MissionEvent[] = [settled];
  if (next?.cancel !== undefined && next.cancel.length > 0)
    events.push({
      type: "steps.cancelled",
      attemptId: attempt.id,
      stepIds: next.cancel,
      reason: "the agent changed its mind",
    });
  if (next !== undefined && next.steps.length > 0)
    events.push({ ...added(mission, next), attemptId: attempt.id });
  return accept(...events);
}

function added(mission: Mission, next: NextSteps): Extract<MissionEvent, { type: "steps.added" }> {
  const { attemptId, position } = next;
  const first = mission.ledger.stepCount + 1;
  const steps = next.steps.map((draft, index): Step => ({
    ...draft,
    id: stepIdOf(first + index),
    attemptId,
  }));
  return { type: "steps.added", attemptId, steps, position };
}

/** Limits an agent cannot argue with. */
function illegal(attempt: AttemptState, next: NextSteps | undefined): AttemptOutcome | undefined {
  if (next === undefined) return undefined;
  const waiting = attempt.queue.length + next.steps.length;
  if (waiting > maxQueue) return refusedSteps(`${waiting} steps would wait, ${maxQueue} are allowed`);
  const odd = next.steps.find(
    ({ reserve, timeoutMs }) => !isAmount(timeoutMs) || dimensions.some((one) => !isAmount(reserve[one])),
  );
  const unknown = next.steps.flatMap((step) => step.effects).find((effect) => !effects.includes(effect));
  if (unknown !== undefined)
    return refusedSteps(`there is no effect "${unknown}": use ${effects.join(", ")}`);
  return odd === undefined
    ? undefined
    : refusedSteps(`step "${odd.intention}" reserves what is not a whole number of at least 0`);
}

const refusedSteps = (message: string): AttemptOutcome => ({
  status: "failed",
  error: { code: "agentFailed", message },
});

/** How an attempt ends with this step; undefined when it goes on. */
function endOf(
  attempt: AttemptState,
  outcome: CallOutcome,
  next: NextSteps | undefined,
): AttemptOutcome | undefined {
  switch (outcome.status) {
    case "succeeded": {
      const { result } = outcome;
      if (result.kind !== "step") return undefined;
      if (result.done !== undefined)
        return { status: "handedOff", handoff: result.done, snapshot: result.snapshot ?? attempt.latest };
      const cancelled = new Set(next?.cancel);
      const pending =
        attempt.queue.filter((step) => !cancelled.has(step.id)).length + (next?.steps.length ?? 0);
      if (pending > 0) return undefined;
      return {
        status: "failed",
        error: { code: "malformedHandoff", message: "no steps are left and nothing was handed off" },
      };
    }
    case "failed":
      return { status: "failed", error: outcome.error, snapshot: outcome.snapshot ?? attempt.latest };
    case "interrupted":
      return { status: "interrupted", reason: outcome.reason, snapshot: outcome.snapshot ?? attempt.latest };
    case "unknown":
      return { status: "failed", error: { code: "unknownEffect", message: outcome.reason } };
  }
}

/** A step that edits the workspace starts from the attempt's newest tree. */
function beforeOf(step: Step, attempt: AttemptState): { before?: AttemptState["latest"] } {
  return step.effects.includes("workspace") ? { before: attempt.latest } : {};
}
