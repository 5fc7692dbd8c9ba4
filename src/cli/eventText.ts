/** Events as sentences for people. */
import type { MissionRecord } from "../app/following.ts";
import type { CallOutcome, CallResult, CallWork } from "../protocol/call.ts";
import type { AttemptOutcome, MissionEvent } from "../protocol/events.ts";
import type { Finding } from "../protocol/finding.ts";
import type { Verdict } from "../protocol/verdict.ts";
import { escapeLine } from "../app/escape.ts";

export const shortCommit = (commit: string): string => commit.slice(0, 10);

type Of<T extends MissionEvent["type"]> = Extract<MissionEvent, { type: T }>;

/** One line, safe to print; without sequence and time. */
export function eventText<T extends MissionEvent["type"]>(event: Of<T>): string {
  // The table holds for every type the function of that type, which the compiler cannot follow through the union.
  const sentence = sentences[event.type] as (event: Of<T>) => string;
  return escapeLine(sentence(event), 400);
}

const sentences: { readonly [T in MissionEvent["type"]]: (event: Of<T>) => string } = {
  "mission.created": ({ spec }) => `mission: ${spec.goal}`,
  "mission.paused": ({ by, reason }) => `paused by ${by}: ${reason}`,
  "mission.resumed": ({ by }) => `resumed by ${by}`,
  "mission.cancelled": ({ by, reason }) => `cancelled by ${by}: ${reason}`,
  "mission.rolledBack": ({ to, by, reason, undoes }) =>
    undoes === undefined
      ? `rolled back to event ${to} by ${by}: ${reason}`
      : `rollback at event ${undoes} taken back by ${by}: ${reason}`,
  "mission.sealing": ({ snapshot }) => `tree sealed at ${shortCommit(snapshot.commit)}`,
  "mission.closed": ({ outcome, reason }) => `closed ${outcome}: ${reason}`,
  "run.started": ({ epoch }) => `run with epoch ${epoch}`,
  "run.stopped": ({ reason }) => `run ended: ${reason}`,
  "task.added": ({ task, supersedes, reason }) => `task ${task.id} takes over from ${supersedes}: ${reason}`,
  "task.retried": ({ taskId, again, agentId, reason }) =>
    `task ${taskId}: ${again} again, by ${agentId}: ${reason}`,
  "task.ended": ({ taskId, status, reason }) => `task ${taskId} ${status}: ${reason}`,
  "attempt.started": ({ attemptId, agentId, from }) =>
    `attempt ${attemptId} by ${agentId}, from ${shortCommit(from.commit)}`,
  "attempt.ended": ({ attemptId, outcome }) => `attempt ${attemptId} ${attemptText(outcome)}`,
  "steps.added": ({ attemptId, steps }) =>
    `attempt ${attemptId}: steps ${steps.map(({ id, executor }) => `${id} ${executor}`).join(", ")}`,
  "steps.cancelled": ({ attemptId, stepIds, reason }) =>
    `attempt ${attemptId}: steps ${stepIds.join(", ")} cancelled: ${reason}`,
  "call.wanted": ({ call }) => `call ${call.id}: ${callText(call.work)}`,
  "call.cancelling": ({ callId, reason }) => `call ${callId} is being ended: ${reason}`,
  "call.recovered": ({ callId, epoch, action }) => `call ${callId} recovered under epoch ${epoch}: ${action}`,
  "call.settled": ({ callId, outcome }) => `call ${callId} ${outcomeText(outcome)}`,
  "snapshot.taken": ({ callId, snapshot }) =>
    `snapshot ${shortCommit(snapshot.commit)} inside call ${callId}`,
  "verdict.given": ({ verdict }) => verdictText(verdict),
  "finding.recorded": ({ finding }) => findingText(finding),
  "finding.tracked": ({ findingId, taskId, by }) =>
    `finding ${findingId} is tracked by task ${taskId} (${by})`,
  "finding.dismissed": ({ findingId, reason, by }) => `finding ${findingId} dismissed by ${by}: ${reason}`,
  "stage.sealed": ({ stageId, snapshot }) => `stage ${stageId} sealed on tree ${shortCommit(snapshot.tree)}`,
  "fact.recorded": ({ fact }) =>
    `${fact.type} ${fact.id} by ${fact.source}: ${fact.subject}: ${fact.content}`,
  "fact.conflicted": ({ subject, factIds }) => `${factIds.join(", ")} contradict each other about ${subject}`,
  "fact.expired": ({ factId }) => `${factId} is no longer told to anybody: its time is over`,
  "artifact.recorded": ({ artifactId, name, path, content }) =>
    `artifact ${artifactId} ${name}: ${path}, ${content.sizeBytes} bytes, sha256 ${shortCommit(content.sha256)}`,
  "assertion.reopened": ({ assertionId, from, to, reason }) =>
    `assertion ${assertionId} moves from ${from} to ${to}: ${reason}`,
  "approval.requested": ({ approval }) =>
    `approval ${approval.id} (${approval.kind}): ${approval.action}: ${approval.reason}`,
  "approval.resolved": ({ approvalId, resolution }) =>
    `approval ${approvalId} ${resolution.status}${"by" in resolution ? ` by ${resolution.by}` : ""}`,
  "budget.exceeded": ({ wanted, dimension, left }) => `budget: ${wanted} ${dimension} wanted, ${left} left`,
  "budget.raised": ({ by, limits }) => `budget raised by ${by}: ${JSON.stringify(limits)}`,
  "detector.tripped": ({ detector, attemptId, detail }) => `${detector} in attempt ${attemptId}: ${detail}`,
  "concurrency.lowered": ({ to, until }) => `at most ${to} at once until ${new Date(until).toISOString()}`,
};

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
    case "preflight":
      return `try the base at ${shortCommit(work.snapshot.commit)}, each check ${work.runs} times`;
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
      return resultText(outcome.result);
    case "failed":
      return `failed (${outcome.error.code}): ${outcome.error.message}`;
    case "interrupted":
      return `interrupted: ${outcome.reason}`;
    case "unknown":
      return `of unknown effect: ${outcome.reason}`;
  }
}

function resultText(result: CallResult): string {
  if (result.kind === "deliver") return `delivered ${shortCommit(result.commit)}`;
  if (result.kind !== "preflight") return "done";
  const { baseline, environment } = result;
  const verdicts = baseline.map(
    ({ assertionId, value, flaky }) => `${assertionId} ${value}${flaky ? " (flaky)" : ""}`,
  );
  const sealed =
    environment === undefined ? [] : [environment.built ? "environment built" : "environment found sealed"];
  return `tried the base: ${[...verdicts, ...sealed].join(", ")}`;
}

function findingText({ id, severity, kind, by, text, place }: Finding): string {
  return `finding ${id} ${severity} (${kind}) by ${by}${place === undefined ? "" : ` at ${place}`}: ${text}`;
}

export const verdictMark = (value: string): string =>
  value === "passed" ? "✓" : value === "failed" ? "✗" : "?";

function verdictText({ assertionId, value, reason }: Verdict): string {
  return `${verdictMark(value)} ${assertionId} ${value}: ${reason}`;
}

const seldomNews: ReadonlySet<MissionEvent["type"]> = new Set([
  "mission.created",
  "mission.sealing",
  "run.stopped",
  "steps.added",
  "steps.cancelled",
  "call.cancelling",
  "budget.exceeded",
  "fact.expired",
]);

/** Picks what a person who only wants to know how it goes should see. Feed events in order. */
export class News {
  /** Their attempts tell how they ended. */
  readonly #ofAttempts = new Set<string>();

  isNews({ event }: MissionRecord): boolean {
    if (event.type === "call.wanted") {
      if (event.call.attemptId !== undefined) this.#ofAttempts.add(event.call.id);
      return ["prepare", "preflight", "verify", "deliver", "human"].includes(event.call.work.kind);
    }
    if (event.type === "call.settled") {
      const { outcome, callId } = event;
      return outcome.status === "succeeded"
        ? ["deliver", "preflight"].includes(outcome.result.kind)
        : !this.#ofAttempts.has(callId);
    }
    return !seldomNews.has(event.type);
  }
}
