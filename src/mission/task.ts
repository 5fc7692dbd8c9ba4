/** Tasks: started, verified, finished, and what is done when they fail. */
import type { MissionEvent } from "../protocol/events.ts";
import { verifierAgentId, type TaskId, type Timestamp } from "../protocol/ids.ts";
import type { AgentSpec } from "../protocol/plan.ts";
import { charge, spending } from "./budget.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import { answerFailure, deadlineOf } from "./failure.ts";
import { askToDismiss, openFindings, trackedBy } from "./finding.ts";
import { fixEvents } from "./fix.ts";
import { handedOffEvents } from "./handoff.ts";
import { isProven, setupTimeoutMs, verificationTimeoutMs } from "./proof.ts";
import { ask, wantCall } from "./request.ts";
import {
  attemptIdOf,
  creatorOf,
  stepIdOf,
  type CallState,
  type Failure,
  type Mission,
  type TaskState,
} from "./state.ts";

const openTask = (mission: Mission, id: TaskId): TaskState | undefined => mission.work.tasks.get(id);

function notOpen(mission: Mission, id: TaskId): MissionDecision {
  const closed = mission.work.closed.get(id);
  return closed === undefined
    ? refuse("notFound", `there is no task "${id}"`)
    : refuse("alreadyDone", `task "${id}" is ${closed.status}`);
}

/** Whether a pending task may start: its needs are done, its time has come, the write lock is free. */
export function startable(mission: Mission, task: Readonly<TaskState>, at: Timestamp): boolean {
  const { writer } = mission.work;
  const lockFree = task.spec.access === "read" || writer === undefined || writer === task.spec.id;
  return task.phase === "pending" && task.waitingOn === 0 && task.notBefore <= at && lockFree;
}

export function start(mission: Mission, command: CommandOf<"task.start">): MissionDecision {
  const task = openTask(mission, command.body.taskId);
  if (task === undefined) return notOpen(mission, command.body.taskId);
  if (!startable(mission, task, command.at))
    return refuse("notNow", `task "${task.spec.id}" is ${task.phase} and cannot start`);
  const agent = mission.spec.agents[task.agentId];
  const from = task.from ?? mission.work.head;
  if (agent === undefined || from === undefined) return refuse("notNow", "the base is not imported");
  const number = task.attemptCount + 1;
  const attemptId = attemptIdOf(task.spec.id, number);
  const started: MissionEvent = {
    type: "attempt.started",
    attemptId,
    taskId: task.spec.id,
    number,
    agentId: task.agentId,
    from,
  };
  if (agent.kind === "stepwise") return accept(started, firstStep(mission, task, attemptId, agent));
  const work =
    agent.kind === "human"
      ? ({ kind: "human", agentId: task.agentId, from } as const)
      : ({ kind: "attempt", agentId: task.agentId, from, resumable: agent.resumable ?? false } as const);
  const { wanted, events } = wantCall(
    mission,
    {
      work,
      effects: ["attempt"],
      taskId: task.spec.id,
      attemptId,
      // Dependencies may have to be installed before the agent begins.
      timeoutMs:
        Math.max(1, Math.min(task.spec.timeoutMs, deadlineOf(task) - command.at)) + setupTimeoutMs(mission),
      reserve: agent.kind === "program" ? agent.reserve : {},
    },
    command.at,
  );
  return accept(...(wanted ? [started, ...events] : events));
}

/** An agent that works step by step begins by planning. */
function firstStep(
  mission: Mission,
  task: TaskState,
  attemptId: string,
  agent: Extract<AgentSpec, { kind: "stepwise" }>,
): MissionEvent {
  const step = {
    id: stepIdOf(mission.ledger.stepCount + 1),
    attemptId,
    intention: task.spec.goal,
    type: "skill",
    executor: agent.program,
    input: task.spec.id,
    effects: ["model"],
    reserve: { calls: 1, tokens: 0, costMicroUsd: 0, ...agent.reserve, timeMs: task.spec.timeoutMs },
    timeoutMs: task.spec.timeoutMs,
  } as const;
  return {
    type: "steps.added",
    attemptId,
    steps: [{ ...step, effects: [...step.effects] }],
    position: "append",
  };
}

export function verify(mission: Mission, command: CommandOf<"task.verify">): MissionDecision {
  const task = openTask(mission, command.body.taskId);
  if (task === undefined) return notOpen(mission, command.body.taskId);
  if (task.phase !== "handedOff" || task.handedOff === undefined)
    return refuse("notNow", `task "${task.spec.id}" is ${task.phase}`);
  if (creatorOf(mission, task.spec.id) === verifierAgentId)
    return refuse("notAllowed", "nobody judges their own work");
  const { snapshot } = task.handedOff;
  const assertionIds = task.spec.fulfills;
  const { contractVersion } = mission.ledger;
  const wish = {
    work: { kind: "verify", assertionIds, snapshot, contractVersion } as const,
    effects: ["workspace" as const],
    taskId: task.spec.id,
    timeoutMs: verificationTimeoutMs(mission, assertionIds),
    reserve: {},
  };
  return accept(...wantCall(mission, wish, command.at).events);
}

/** Done is a verdict, never a claim: fresh, passing, on this very tree. */
export function finish(mission: Mission, command: CommandOf<"task.finish">): MissionDecision {
  const task = openTask(mission, command.body.taskId);
  if (task === undefined) return notOpen(mission, command.body.taskId);
  if (task.phase !== "judged" || task.handedOff === undefined)
    return refuse("notNow", `task "${task.spec.id}" is ${task.phase}`);
  const { snapshot, handoff } = task.handedOff;
  const missing = task.spec.fulfills.filter((id) => !isProven(mission, id, snapshot));
  if (missing.length > 0) return refuse("notNow", `not proven: ${missing.join(", ")}`);
  const open = openFindings(mission, task.spec.id);
  if (open.length > 0) return refuse("notNow", `blocked by ${open.map(({ id }) => id).join(", ")}`);
  return accept({
    type: "task.ended",
    taskId: task.spec.id,
    status: "done",
    reason: handoff.summary.slice(0, 200) || "verified",
    snapshot,
  });
}

export function handleFailure(mission: Mission, command: CommandOf<"task.handleFailure">): MissionDecision {
  const task = openTask(mission, command.body.taskId);
  if (task === undefined) return notOpen(mission, command.body.taskId);
  if (task.phase !== "failing" || task.failure === undefined)
    return refuse("notNow", `task "${task.spec.id}" is ${task.phase}`);
  return accept(...failureEvents(mission, task, task.failure, command.at));
}

const unpassed = (mission: Mission, task: TaskState): string[] =>
  task.spec.fulfills.filter((id) => mission.work.verdicts.get(id)?.value !== "passed");

const fromOf = ({ snapshot }: Failure): { from?: NonNullable<Failure["snapshot"]> } =>
  snapshot === undefined ? {} : { from: snapshot };

function failureEvents(mission: Mission, task: TaskState, failure: Failure, at: Timestamp): MissionEvent[] {
  const taskId = task.spec.id;
  const answer = answerFailure(mission, task, failure, at);
  const retried = { type: "task.retried", taskId, agentId: task.agentId, reason: failure.message } as const;
  switch (answer.answer) {
    case "retry": {
      const { agentId, notBefore, from, extraAttempts } = answer;
      return [
        {
          ...retried,
          again: "attempt",
          agentId,
          notBefore,
          extraAttempts,
          ...(from === undefined ? {} : { from }),
        },
      ];
    }
    case "slowDown":
      return [
        { type: "concurrency.lowered", to: answer.to, until: answer.until },
        { ...retried, again: "attempt", notBefore: answer.until, extraAttempts: 1, ...fromOf(failure) },
      ];
    case "verifyAgain":
      return [{ ...retried, again: "verification", notBefore: answer.notBefore, extraAttempts: 0 }];
    case "fix":
      return fixEvents(mission, task.spec, unpassed(mission, task), {
        reason: failure.message,
        from: answer.from,
        agentId: task.agentId,
        tracked: trackedBy(mission, taskId),
      });
    case "branch":
      return fixEvents(mission, { ...task.spec, onFailure: "retry" }, unpassed(mission, task), {
        reason: `another way is tried: ${failure.message}`,
        agentId: answer.agentId,
        goal: answer.goal,
        tracked: trackedBy(mission, taskId),
      });
    case "ask": {
      const open = openFindings(mission, taskId);
      if (failure.code === "verdictFailed" && open.some(({ by }) => by === verifierAgentId))
        return [askToDismiss(mission, task, open, at)];
      return [
        ask(mission, at, {
          kind: failure.code === "unknownEffect" ? "unknownEffect" : "escalation",
          action: `give task "${taskId}" another attempt`,
          reason: `${answer.why}: ${failure.message}`,
          scope: `task "${taskId}"; without it the task fails and the mission ends unverified`,
          risk: "medium",
          taskId,
        }),
      ];
    }
    case "giveUp":
      return [{ type: "task.ended", taskId, status: "failed", reason: answer.why }];
  }
}

/** Ends a task of a mission that goes no further. Its calls must be settled first. */
export function cancelTask(mission: Mission, command: CommandOf<"task.cancel">): MissionDecision {
  const task = openTask(mission, command.body.taskId);
  if (task === undefined) return notOpen(mission, command.body.taskId);
  const attempt = task.attemptId === undefined ? undefined : mission.work.attempts.get(task.attemptId);
  const open = [...mission.ledger.calls.values()].find(({ call }) => call.taskId === task.spec.id);
  if (open !== undefined) return refuse("notNow", `call ${open.call.id} is open`);
  const { cancelled, givenUp, failedCount } = mission.work;
  if (cancelled === undefined && givenUp === undefined && failedCount === 0)
    return refuse("notNow", "the mission goes on: cancel it first");
  const reason = cancelled?.reason ?? givenUp ?? "another task failed";
  const ended: MissionEvent = { type: "task.ended", taskId: task.spec.id, status: "cancelled", reason };
  if (attempt === undefined) return accept(ended);
  return accept(
    { type: "attempt.ended", attemptId: attempt.id, outcome: { status: "interrupted", reason } },
    ended,
  );
}

/** The call a person is asked to answer for a task. */
export function humanCall(mission: Mission, taskId: TaskId): Readonly<CallState> | undefined {
  for (const entry of mission.ledger.calls.values())
    if (entry.call.work.kind === "human" && entry.call.taskId === taskId) return entry;
  return undefined;
}

/** A person hands off; like every handoff it is a claim, and is judged. */
export function answer(mission: Mission, command: CommandOf<"task.answer">): MissionDecision {
  const { taskId, handoff, snapshot } = command.body;
  if (!command.by.startsWith("human:"))
    return refuse("notAllowed", `only a human answers, not ${command.by}`);
  const entry = humanCall(mission, taskId);
  if (entry?.call.attemptId === undefined || entry.call.work.kind !== "human")
    return mission.work.tasks.has(taskId)
      ? refuse("notNow", `task "${taskId}" does not wait for a person`)
      : notOpen(mission, taskId);
  const { id: callId, attemptId, reserve, work } = entry.call;
  const left = snapshot ?? work.from;
  const amounts = spending(charge(reserve, {}, command.at - entry.since));
  const settled = { type: "call.settled", callId, ...amounts, by: command.by } as const;
  if (handoff.status === "done" || handoff.status === "partial")
    return accept(
      { ...settled, outcome: { status: "succeeded", result: { kind: "attempt", handoff, snapshot: left } } },
      { type: "attempt.ended", attemptId, outcome: { status: "handedOff", handoff, snapshot: left } },
      ...handedOffEvents(mission, attemptId, handoff, command.at),
    );
  const code = handoff.status === "failed" ? "agentFailed" : handoff.status;
  const error = { code, message: handoff.summary } as const;
  return accept(
    { ...settled, outcome: { status: "failed", error } },
    { type: "attempt.ended", attemptId, outcome: { status: "failed", error } },
    ...handedOffEvents(mission, attemptId, handoff, command.at),
  );
}
