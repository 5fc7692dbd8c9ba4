/**
 * What follows from the state alone: the one thing the engine should decide now, the calls it should
 * be performing, and when it must look again.
 */
import type { ProposedCommand, HumanCommand } from "../protocol/commands.ts";
import type { Timestamp } from "../protocol/ids.ts";
import { dimensions } from "../protocol/budget.ts";
import { maySolveItself } from "./budget.ts";
import { decide } from "./decide.ts";
import { alarmOf, stallsAt } from "./detector.ts";
import { expiresAt } from "./blackboard.ts";
import { openFindings } from "./finding.ts";
import { needsEscalation, onlyProves, toJudge } from "./lifecycle.ts";
import { needsPreflight } from "./preflight.ts";
import { unprovenOfStage } from "./proof.ts";
import { finishedStage } from "./stage.ts";
import { budgetIsAsked, openApproval } from "./request.ts";
import type { CallState, Mission, TaskState } from "./state.ts";
import { startable } from "./task.ts";

export type Proposal = ProposedCommand | Extract<HumanCommand, { type: "mission.cancel" }>;

/** The next thing to decide, or undefined when the mission waits. Deciding it always changes the state. */
export function next(mission: Mission, now: Timestamp): Proposal | undefined {
  const { work } = mission;
  if (work.outcome !== undefined || mission.unknownEvent !== undefined) return undefined;
  const urgent = nextForCalls(mission, now) ?? nextForDeadlines(mission, now);
  if (urgent !== undefined) return urgent;
  // Nothing begins beside what is being ended.
  for (const { abandoned } of mission.ledger.calls.values()) if (abandoned === true) return undefined;
  if (work.cancelled !== undefined || work.givenUp !== undefined) return winding(mission);
  if (work.paused !== undefined) return undefined;
  if (!work.planApproved)
    return openApproval(mission, "plan") === undefined ? { type: "plan.ask" } : undefined;
  if (budgetIsAsked(mission)) return undefined;
  if (work.base === undefined) return own(mission, now, "prepare", { type: "mission.prepare" });
  if (needsPreflight(mission)) return own(mission, now, "preflight", { type: "mission.preflight" });
  if (openApproval(mission, "preflight") !== undefined) return undefined;
  const ofWhole = finishedStage(mission) === undefined ? nextForSeal : nextForStage;
  const proposal = nextForTasks(mission, now) ?? ofWhole(mission, now);
  return proposal !== undefined && waitsForRoom(mission, proposal, now) ? undefined : proposal;
}

/** What calls under way hold back may come free: nobody is asked for more before it did. */
function waitsForRoom(mission: Mission, proposal: Proposal, now: Timestamp): boolean {
  const { limits, reserved } = mission.ledger;
  if (!dimensions.some((dimension) => limits[dimension] !== undefined && reserved[dimension] > 0))
    return false;
  const decision = decide(mission, { id: "", at: now, by: "engine", body: proposal });
  const exceeded = decision.ok
    ? decision.events.find((event) => event.type === "budget.exceeded")
    : undefined;
  return exceeded !== undefined && maySolveItself(mission, exceeded);
}

/** Calls of dead runners are recovered; calls past their time, of a paused or a cancelled mission are ended. */
function nextForCalls(mission: Mission, now: Timestamp): Proposal | undefined {
  const { cancelled, givenUp, paused } = mission.work;
  for (const entry of mission.ledger.calls.values()) {
    const { call } = entry;
    const isHuman = call.work.kind === "human";
    if (!isHuman && entry.epoch < mission.ledger.epoch) return { type: "call.recover", callId: call.id };
    if (entry.cancelling !== undefined) continue;
    if (now >= entry.deadlineAt)
      return isHuman
        ? { type: "call.expire", callId: call.id }
        : { type: "call.cancel", callId: call.id, reason: "deadline" };
    // What is under way towards the outside is not torn in two.
    if (call.work.kind === "deliver") continue;
    if (cancelled !== undefined || givenUp !== undefined)
      return { type: "call.cancel", callId: call.id, reason: "cancel" };
    if (paused !== undefined && !isHuman) return { type: "call.cancel", callId: call.id, reason: "pause" };
  }
  return undefined;
}

function nextForDeadlines(mission: Mission, now: Timestamp): Proposal | undefined {
  for (const approval of mission.work.approvals.values())
    if (now >= approval.deadlineAt) return { type: "approval.expire", approvalId: approval.id };
  if (mission.work.cancelled === undefined && now >= endsAt(mission))
    return { type: "mission.cancel", reason: `the mission's time of ${mission.spec.timeoutMs} ms is over` };
  for (const fact of mission.work.facts.values())
    if (now >= expiresAt(fact)) return { type: "fact.expire", factId: fact.id };
  for (const attempt of mission.work.attempts.values())
    if (alarmOf(mission, attempt, now) !== undefined) return { type: "detector.trip", attemptId: attempt.id };
  return undefined;
}

const endsAt = (mission: Mission): Timestamp => mission.createdAt + mission.spec.timeoutMs;

/** A mission that goes no further: its calls end, then its tasks, then itself. */
function winding(mission: Mission): Proposal | undefined {
  if (mission.ledger.calls.size > 0) return undefined;
  for (const taskId of mission.work.tasks.keys()) return { type: "task.cancel", taskId };
  return { type: "mission.close" };
}

/** One of the mission's own calls, unless it is under way, must wait, or needs a human first. */
function own(
  mission: Mission,
  now: Timestamp,
  kind: "prepare" | "preflight" | "verify" | "deliver",
  proposal: Proposal,
): Proposal | undefined {
  for (const { call } of mission.ledger.calls.values())
    if (call.work.kind === kind && call.taskId === undefined) return undefined;
  if (
    openApproval(mission, "escalation") !== undefined ||
    openApproval(mission, "finding") !== undefined ||
    openApproval(mission, "unknownEffect") !== undefined
  )
    return undefined;
  if (needsEscalation(mission)) return { type: "mission.escalate" };
  return mission.work.setbacks.notBefore > now ? undefined : proposal;
}

/** Performers that may be at work at once; people do not count. */
function capacity(mission: Mission, now: Timestamp): number {
  const { concurrency, calls } = mission.ledger;
  const { maxConcurrency } = mission.spec.policy;
  const limit =
    concurrency !== undefined && concurrency.until > now
      ? Math.min(concurrency.to, maxConcurrency)
      : maxConcurrency;
  let busy = 0;
  for (const { call } of calls.values()) if (call.work.kind !== "human") busy += 1;
  for (const attempt of mission.work.attempts.values()) if (attempt.callId === undefined) busy += 1;
  return limit - busy;
}

function nextForTasks(mission: Mission, now: Timestamp): Proposal | undefined {
  const { work } = mission;
  for (const taskId of work.active) {
    const task = work.tasks.get(taskId);
    const proposal = task === undefined ? undefined : nextForTask(mission, task, now);
    if (proposal !== undefined) return proposal;
  }
  if (work.failedCount > 0) {
    // Nothing that remains can make the mission whole: what is open ends, what waits never starts.
    if (work.active.size === 0) return winding(mission);
    return undefined;
  }
  if (work.ready.size === 0 || capacity(mission, now) <= 0) return undefined;
  for (const taskId of work.ready) {
    const task = work.tasks.get(taskId);
    if (task !== undefined && startable(mission, task, now)) return { type: "task.start", taskId };
  }
  return undefined;
}

function nextForTask(mission: Mission, task: Readonly<TaskState>, now: Timestamp): Proposal | undefined {
  const taskId = task.spec.id;
  switch (task.phase) {
    case "working": {
      const attempt = task.attemptId === undefined ? undefined : mission.work.attempts.get(task.attemptId);
      const idle = attempt !== undefined && attempt.callId === undefined && attempt.queue.length > 0;
      return idle ? { type: "step.start", attemptId: attempt.id } : undefined;
    }
    case "handedOff":
      return task.notBefore <= now && capacity(mission, now) > 0
        ? { type: "task.verify", taskId }
        : undefined;
    case "judged":
      return openFindings(mission, taskId).length > 0
        ? { type: "task.askAboutFindings", taskId }
        : { type: "task.finish", taskId };
    case "failing":
      return { type: "task.handleFailure", taskId };
    case "pending":
    case "verifying":
    case "asking":
      return undefined;
  }
}

/** A stage whose tasks are all done is judged as a whole, then sealed. */
function nextForStage(mission: Mission, now: Timestamp): Proposal | undefined {
  const stageId = finishedStage(mission);
  const { head } = mission.work;
  if (stageId === undefined || head === undefined) return undefined;
  return unprovenOfStage(mission, stageId, head).length > 0
    ? own(mission, now, "verify", { type: "stage.verify", stageId })
    : { type: "stage.seal", stageId };
}

function nextForSeal(mission: Mission, now: Timestamp): Proposal | undefined {
  const { work } = mission;
  if (work.tasks.size > 0) return undefined;
  if (work.sealed === undefined) return { type: "mission.seal" };
  if (toJudge(mission, work.sealed.snapshot).length > 0)
    return own(mission, now, "verify", { type: "mission.verify" });
  if (!work.sealed.delivered && !onlyProves(mission))
    return own(mission, now, "deliver", { type: "mission.deliver" });
  return mission.ledger.calls.size === 0 ? { type: "mission.close" } : undefined;
}

/** Calls that the runner of the newest epoch must be performing now, ends of calls included. */
export function due(mission: Mission): readonly Readonly<CallState>[] {
  const calls: Readonly<CallState>[] = [];
  // What could not be settled must not be begun.
  if (mission.unknownEvent !== undefined) return calls;
  for (const entry of mission.ledger.calls.values())
    if (entry.call.work.kind !== "human" && entry.epoch === mission.ledger.epoch) calls.push(entry);
  return calls;
}

/** Earlier than any clock, one that was set back included. */
const atOnce = 0;

/**
 * When somebody must look at the mission again: at once when there is work to do, never (null) when it
 * is closed, else at its next deadline.
 */
export function wakeAt(mission: Mission): Timestamp | null {
  if (mission.work.outcome !== undefined || mission.unknownEvent !== undefined) return null;
  if (due(mission).length > 0 || next(mission, mission.at) !== undefined) return atOnce;
  const at = nextDeadline(mission, mission.at);
  return at === Infinity ? null : at;
}

/** The earliest instant after `since` at which time alone may change what `next` says; Infinity when none will. */
export function nextDeadline(mission: Mission, since: Timestamp): Timestamp {
  const { work, ledger } = mission;
  let at = Infinity;
  const consider = (time: Timestamp): void => {
    if (time > since && time < at) at = time;
  };
  if (work.cancelled === undefined) consider(endsAt(mission));
  for (const entry of ledger.calls.values()) if (entry.cancelling === undefined) consider(entry.deadlineAt);
  for (const approval of work.approvals.values()) consider(approval.deadlineAt);
  for (const fact of work.facts.values()) consider(expiresAt(fact));
  for (const attempt of work.attempts.values()) consider(stallsAt(mission, attempt));
  for (const taskId of work.active) consider(work.tasks.get(taskId)?.notBefore ?? 0);
  for (const taskId of work.ready) consider(work.tasks.get(taskId)?.notBefore ?? 0);
  consider(work.setbacks.notBefore);
  if (ledger.concurrency !== undefined) consider(ledger.concurrency.until);
  return at;
}
