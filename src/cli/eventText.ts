/** Events as sentences for people. */
import type { MissionRecord } from "../app/following.ts";
import type { CallOutcome, CallWork } from "../protocol/call.ts";
import type { AttemptOutcome, MissionEvent } from "../protocol/events.ts";
import type { Verdict } from "../protocol/verdict.ts";
import { escapeLine } from "./escape.ts";

export const shortCommit = (commit: string): string => commit.slice(0, 10);

/** One line, safe to print; without sequence and time. */
export function eventText(event: MissionEvent): string {
  return escapeLine(sentence(event), 400);
}

function sentence(event: MissionEvent): string {
  switch (event.type) {
    case "mission.created":
      return `mission: ${event.spec.goal}`;
    case "mission.paused":
      return `paused by ${event.by}: ${event.reason}`;
    case "mission.resumed":
      return `resumed by ${event.by}`;
    case "mission.cancelled":
      return `cancelled by ${event.by}: ${event.reason}`;
    case "mission.sealing":
      return `tree sealed at ${shortCommit(event.snapshot.commit)}`;
    case "mission.closed":
      return `closed ${event.outcome}: ${event.reason}`;
    case "run.started":
      return `run with epoch ${event.epoch}`;
    case "run.stopped":
      return `run ended: ${event.reason}`;
    case "approval.requested":
      return `approval ${event.approval.id} (${event.approval.kind}): ${event.approval.action}: ${event.approval.reason}`;
    case "approval.resolved":
      return `approval ${event.approvalId} ${event.resolution.status}${event.resolution.status === "expired" ? "" : ` by ${event.resolution.by}`}`;
    case "budget.exceeded":
      return `budget: ${event.wanted} ${event.dimension} wanted, ${event.left} left`;
    case "budget.raised":
      return `budget raised by ${event.by}: ${JSON.stringify(event.limits)}`;
    default:
      return workSentence(event);
  }
}

type WorkEvent = Exclude<MissionEvent, { type: `mission.${string}` | `run.${string}` | `approval.${string}` | `budget.${string}` }>;

function workSentence(event: WorkEvent): string {
  switch (event.type) {
    case "task.added":
      return `task ${event.task.id} takes over from ${event.supersedes}: ${event.reason}`;
    case "task.retried":
      return `task ${event.taskId}: ${event.again} again, by ${event.agentId}: ${event.reason}`;
    case "task.ended":
      return `task ${event.taskId} ${event.status}: ${event.reason}`;
    case "attempt.started":
      return `attempt ${event.attemptId} by ${event.agentId}, from ${shortCommit(event.from.commit)}`;
    case "attempt.ended":
      return `attempt ${event.attemptId} ${attemptText(event.outcome)}`;
    case "steps.added":
      return `attempt ${event.attemptId}: steps ${event.steps.map(({ id, executor }) => `${id} ${executor}`).join(", ")}`;
    case "steps.cancelled":
      return `attempt ${event.attemptId}: steps ${event.stepIds.join(", ")} cancelled: ${event.reason}`;
    case "call.wanted":
      return `call ${event.call.id}: ${callText(event.call.work)}`;
    case "call.cancelling":
      return `call ${event.callId} is being ended: ${event.reason}`;
    case "call.recovered":
      return `call ${event.callId} recovered under epoch ${event.epoch}: ${event.action}`;
    case "call.settled":
      return `call ${event.callId} ${outcomeText(event.outcome)}`;
    case "snapshot.taken":
      return `snapshot ${shortCommit(event.snapshot.commit)} inside call ${event.callId}`;
    case "verdict.given":
      return verdictText(event.verdict);
    case "assertion.reopened":
      return `assertion ${event.assertionId} moves from ${event.from} to ${event.to}: ${event.reason}`;
    case "detector.tripped":
      return `${event.detector} in attempt ${event.attemptId}: ${event.detail}`;
    case "concurrency.lowered":
      return `at most ${event.to} at once until ${new Date(event.until).toISOString()}`;
  }
}

function attemptText(outcome: AttemptOutcome): string {
  switch (outcome.status) {
    case "handedOff":
      return `handed off (${outcome.handoff.status}): ${outcome.handoff.summary}`;
    case "failed":
      return `failed (${outcome.error.code}): ${outcome.error.message}`;
    case "interrupted":
      return `interrupted: ${outcome.reason}`;
  }
}

export function callText(work: CallWork): string {
  switch (work.kind) {
    case "prepare":
      return "import the base";
    case "attempt":
      return `attempt by ${work.agentId}`;
    case "human":
      return `${work.agentId} is asked to work`;
    case "skill":
      return `skill ${work.skill}`;
    case "tool":
      return `tool ${work.tool}`;
    case "verify":
      return `verify ${work.assertionIds.join(", ")} on ${shortCommit(work.snapshot.commit)}`;
    case "deliver":
      return `deliver ${work.branch} at ${shortCommit(work.snapshot.commit)}`;
  }
}

function outcomeText(outcome: CallOutcome): string {
  switch (outcome.status) {
    case "succeeded":
      return outcome.result.kind === "deliver" ? `delivered ${shortCommit(outcome.result.commit)}` : "done";
    case "failed":
      return `failed (${outcome.error.code}): ${outcome.error.message}`;
    case "interrupted":
      return `interrupted: ${outcome.reason}`;
    case "unknown":
      return `of unknown effect: ${outcome.reason}`;
  }
}

export const verdictMark = (value: string): string => (value === "passed" ? "✓" : value === "failed" ? "✗" : "?");

function verdictText({ assertionId, value, reason }: Verdict): string {
  return `${verdictMark(value)} ${assertionId} ${value}: ${reason}`;
}

/** Picks what a person who only wants to know how it goes should see. Feed events in order. */
export class News {
  /** Their attempts tell how they ended. */
  readonly #ofAttempts = new Set<string>();

  isNews({ event }: MissionRecord): boolean {
    switch (event.type) {
      case "mission.created":
      case "mission.sealing":
      case "run.stopped":
      case "steps.added":
      case "steps.cancelled":
      case "call.cancelling":
      case "budget.exceeded":
        return false;
      case "call.wanted":
        if (event.call.attemptId !== undefined) this.#ofAttempts.add(event.call.id);
        return ["prepare", "verify", "deliver", "human"].includes(event.call.work.kind);
      case "call.settled":
        return event.outcome.status === "succeeded"
          ? event.outcome.result.kind === "deliver"
          : !this.#ofAttempts.has(event.callId);
      default:
        return true;
    }
  }
}
