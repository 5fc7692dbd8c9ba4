/**
 * The handoff gate (FM11): what agents and the verifier found. A blocking finding holds its task until a
 * fix task tracks it or a human dismisses it with a reason; one of the verifier lets no verdict pass.
 */
import type { Approval } from "../protocol/approval.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { Finding, FindingDraft } from "../protocol/finding.ts";
import type { Handoff } from "../protocol/handoff.ts";
import type { FindingId, TaskId, Timestamp } from "../protocol/ids.ts";
import type { VerdictDraft } from "../protocol/verdict.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import { fixEvents } from "./fix.ts";
import { ask } from "./request.ts";
import { goalOf, roundsOf } from "./round.ts";
import { findingIdOf, type Mission, type TaskState } from "./state.ts";

/** Of one handoff or one verification. */
const maxBlocking = 200;
const maxOthers = 50;
/** Findings that a verdict's reason names. */
const maxNamed = 10;

/** What a finding says about which goal: dismissed once, it is dismissed when found there again. */
export function findingKey({ kind, place = "", text }: FindingDraft, taskId: TaskId | undefined): string {
  return `${taskId === undefined ? "" : goalOf(taskId)} ${kind} ${place} ${text}`;
}

/** Everything that blocks, and as much of the rest as anybody would read. */
function bounded(drafts: readonly FindingDraft[]): FindingDraft[] {
  const blocking = drafts.filter(({ severity }) => severity === "blocking");
  const others = drafts.filter(({ severity }) => severity !== "blocking");
  return [...blocking.slice(0, maxBlocking), ...others.slice(0, maxOthers)];
}

export function recordFindings(
  mission: Mission,
  drafts: readonly FindingDraft[],
  about: Omit<Finding, keyof FindingDraft | "id">,
): MissionEvent[] {
  const first = mission.ledger.findingCount + 1;
  return bounded(drafts).map((draft, index): MissionEvent => ({
    type: "finding.recorded",
    finding: { id: findingIdOf(first + index), ...draft, ...about },
  }));
}

/** What an agent says it found and did otherwise than asked. */
export function handoffFindings(handoff: Handoff): FindingDraft[] {
  return [
    ...handoff.issues.map(({ severity, text }): FindingDraft => ({ kind: "issue", severity, text })),
    ...handoff.deviations.map((text): FindingDraft => ({ kind: "deviation", severity: "suggestion", text })),
  ];
}

/** Without the blocking ones that are on record: judging the same tree again finds the same. */
export function unknownYet(
  mission: Mission,
  drafts: readonly FindingDraft[],
  taskId: TaskId | undefined,
): FindingDraft[] {
  const known = new Set([...mission.work.findings.values()].map((one) => findingKey(one, one.taskId)));
  return drafts.filter((draft) => !known.has(findingKey(draft, taskId)));
}

/** With a blocking finding that no human dismissed, nothing this verification says counts as passed. */
export function gated(
  mission: Mission,
  verdicts: readonly VerdictDraft[],
  findings: readonly FindingDraft[],
  taskId: TaskId | undefined,
): VerdictDraft[] {
  const blocking = bounded(findings).filter(
    (draft) => draft.severity === "blocking" && !mission.ledger.dismissed.has(findingKey(draft, taskId)),
  );
  if (blocking.length === 0) return [...verdicts];
  const named = blocking.slice(0, maxNamed).map(said).join("; ");
  const why = blocking.length > maxNamed ? `${named}; and ${blocking.length - maxNamed} more` : named;
  return verdicts.map((verdict) =>
    verdict.value === "passed"
      ? { ...verdict, value: "failed", reason: `${verdict.reason}, but ${why}` }
      : verdict,
  );
}

/** A finding in one line. */
export const said = ({ text, place }: FindingDraft): string =>
  place === undefined ? text : `${place}: ${text}`;

/** Blocking findings about a task that nobody has dealt with. */
export function openFindings(mission: Mission, taskId: TaskId): Finding[] {
  return [...mission.work.findings.values()].filter((finding) => finding.taskId === taskId);
}

/** Work that passed, and about which its own agent says that something blocks. */
export function askAboutFindings(
  mission: Mission,
  command: CommandOf<"task.askAboutFindings">,
): MissionDecision {
  const task = mission.work.tasks.get(command.body.taskId);
  const open = openFindings(mission, command.body.taskId);
  if (task === undefined || task.phase !== "judged")
    return refuse("notNow", `task "${command.body.taskId}" is not waiting for this`);
  if (open.length === 0) return refuse("alreadyDone", `nothing blocks task "${task.spec.id}"`);
  return accept(askToDismiss(mission, task, open, command.at));
}

export function askToDismiss(
  mission: Mission,
  task: Readonly<TaskState>,
  open: readonly Finding[],
  at: Timestamp,
): MissionEvent {
  return ask(mission, at, {
    kind: "finding",
    action: `dismiss ${open.length === 1 ? "this finding" : "these findings"} and go on`,
    reason: [
      ...open.map((finding) => `${finding.id} by ${finding.by}: ${said(finding)}`),
      ...(task.failure === undefined ? [] : [task.failure.message]),
    ].join("\n"),
    scope: `task "${task.spec.id}"; without it a fix task takes over while rounds are left`,
    risk: "high",
    taskId: task.spec.id,
    findingIds: open.map(({ id }) => id),
  });
}

/** A human dismissed them: the task goes on where it was held, judged again where that was the verifier's doing. */
export function dismissEvents(
  task: Readonly<TaskState> | undefined,
  approval: Readonly<Approval>,
  by: string,
  reason: string,
  at: Timestamp,
): MissionEvent[] {
  const dismissed = (approval.findingIds ?? []).map((findingId): MissionEvent => ({
    type: "finding.dismissed",
    findingId,
    reason,
    by,
  }));
  if (task?.failure === undefined) return dismissed;
  const again: MissionEvent = {
    type: "task.retried",
    taskId: task.spec.id,
    again: "verification",
    agentId: task.agentId,
    notBefore: at,
    reason: "a human dismissed what blocked it",
    extraAttempts: 0,
  };
  return [...dismissed, again];
}

/** Not dismissed: a fix task takes the goal over; undefined when rounds have run out. */
export function fixFindings(
  mission: Mission,
  task: Readonly<TaskState>,
  approval: Readonly<Approval>,
): MissionEvent[] | undefined {
  const { handedOff, spec } = task;
  if (handedOff === undefined || roundsOf(mission, spec.id) >= mission.spec.policy.maxRounds)
    return undefined;
  return fixEvents(mission, spec, spec.fulfills, {
    reason: approval.reason,
    from: handedOff.snapshot,
    agentId: task.agentId,
    tracked: approval.findingIds ?? [],
  });
}

/** Ids of what a fix task of this task takes along. */
export const trackedBy = (mission: Mission, taskId: TaskId): FindingId[] =>
  openFindings(mission, taskId).map(({ id }) => id);
