/** A fix task supersedes the one whose work did not pass; its assertions move with it, on record. */
import type { MissionEvent } from "../protocol/events.ts";
import type { TaskId, Timestamp } from "../protocol/ids.ts";
import type { TaskSpec } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Verdict } from "../protocol/verdict.ts";
import { ask } from "./request.ts";
import type { Mission } from "./state.ts";

/** Fix tasks are named `<task>~<round>`; a plan's own ids have no `~`. */
export function roundOf(taskId: TaskId): number {
  return Number(/~(\d+)$/.exec(taskId)?.[1] ?? 0);
}

export function fixEvents(
  spec: TaskSpec,
  reopened: readonly string[],
  how: { reason: string; from?: Snapshot; agentId: string },
): MissionEvent[] {
  const { reason, from, agentId } = how;
  const id = `${spec.id.replace(/~\d+$/, "")}~${roundOf(spec.id) + 1}`;
  const added: MissionEvent = {
    type: "task.added",
    task: { ...spec, id, agentId },
    supersedes: spec.id,
    reason,
  };
  return [
    from === undefined ? added : { ...added, from },
    ...reopened.map((assertionId): MissionEvent => ({
      type: "assertion.reopened",
      assertionId,
      from: spec.id,
      to: id,
      reason,
    })),
  ];
}

/**
 * The final verification found broken what had passed before: the tasks that claimed it are done again,
 * each once; a human is asked when rounds have run out, and may grant one more.
 */
export function reopenEvents(
  mission: Mission,
  verdicts: readonly Verdict[],
  at: Timestamp,
  granted = false,
): MissionEvent[] {
  const broken = new Map<TaskId, Verdict[]>();
  for (const verdict of verdicts) {
    const claimant = mission.work.claims.get(verdict.assertionId);
    if (verdict.value === "failed" && claimant !== undefined)
      broken.set(claimant, [...(broken.get(claimant) ?? []), verdict]);
  }
  const events: MissionEvent[] = [];
  for (const [taskId, failed] of broken) {
    const spec = mission.work.closed.get(taskId)?.spec;
    const reason = failed.map((verdict) => `${verdict.assertionId}: ${verdict.reason}`).join("\n");
    const outOfRoundsNow = !granted && roundOf(taskId) >= mission.spec.policy.maxRounds;
    if (spec === undefined || outOfRoundsNow) return [outOfRounds(mission, taskId, reason, at)];
    const ids = failed.map((verdict) => verdict.assertionId);
    events.push(...fixEvents(spec, ids, { reason, agentId: spec.agentId }));
  }
  return events;
}

function outOfRounds(mission: Mission, taskId: TaskId, reason: string, at: Timestamp): MissionEvent {
  return ask(mission, at, {
    kind: "escalation",
    action: `give "${taskId}" another round of fixes`,
    reason: `"${taskId}" has used up its rounds of fixes: ${reason}`,
    scope: "the whole mission; without it the mission ends unverified",
    risk: "medium",
  });
}
