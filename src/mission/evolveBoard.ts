/** How events change what was found and said: findings, the blackboard, artifacts, and the seals of stages. */
import type { MissionEvent } from "../protocol/events.ts";
import { remember } from "./evolveTask.ts";
import { findingKey, said } from "./finding.ts";
import type { MissionState } from "./state.ts";

type Of<T extends MissionEvent["type"]> = Extract<MissionEvent, { type: T }>;

/** Only what blocks is kept: the rest is for people, who read the log. */
export function findingRecorded(state: MissionState, { finding }: Of<"finding.recorded">): void {
  state.ledger.findingCount += 1;
  const isDismissed = state.ledger.dismissed.has(findingKey(finding, finding.taskId));
  if (finding.severity === "blocking" && !isDismissed) state.work.findings.set(finding.id, finding);
}

export function findingTracked(state: MissionState, event: Of<"finding.tracked">): void {
  const { findings, tasks } = state.work;
  const finding = findings.get(event.findingId);
  const task = tasks.get(event.taskId);
  findings.delete(event.findingId);
  if (finding === undefined || task === undefined) return;
  // Whoever is to deal with it must be told.
  const entry = { severity: finding.severity, text: said(finding) };
  const last = task.previous.at(-1);
  if (last !== undefined) last.findings.push(entry);
  else remember(task, { attemptId: finding.attemptId ?? "", outcome: "findings", findings: [entry] });
}

export function findingDismissed(state: MissionState, event: Of<"finding.dismissed">): void {
  const finding = state.work.findings.get(event.findingId);
  if (finding === undefined) return;
  state.ledger.dismissed.add(findingKey(finding, finding.taskId));
  state.work.findings.delete(event.findingId);
}

/** Tasks of the next stage need wait for it no longer. */
export function stageSealed(state: MissionState, { stageId }: Of<"stage.sealed">): void {
  const { work, spec } = state;
  if (spec.stages?.[work.sealedStages]?.id !== stageId) return;
  work.sealedStages += 1;
  const next = spec.stages?.[work.sealedStages]?.id;
  if (next === undefined) return;
  for (const taskId of work.staged.get(next) ?? []) {
    const task = work.tasks.get(taskId);
    if (task === undefined) continue;
    task.waitingOn -= 1;
    if (task.waitingOn === 0 && task.phase === "pending") work.ready.add(taskId);
  }
  work.staged.delete(next);
}

export function factRecorded(state: MissionState, { fact }: Of<"fact.recorded">): void {
  state.ledger.factCount += 1;
  state.work.facts.set(fact.id, fact);
}

export function factConflicted(state: MissionState, event: Of<"fact.conflicted">): void {
  state.work.disputed.add(event.subject);
}

/** A conflict ends only when those who contradict each other have fallen silent. */
export function factExpired(state: MissionState, event: Of<"fact.expired">): void {
  const { facts, disputed } = state.work;
  const fact = facts.get(event.factId);
  if (fact === undefined) return;
  facts.delete(event.factId);
  const left = new Set(
    [...facts.values()].filter(({ subject }) => subject === fact.subject).map(({ content }) => content),
  );
  if (left.size < 2) disputed.delete(fact.subject);
}

export function artifactRecorded(state: MissionState): void {
  state.ledger.artifactCount += 1;
}
