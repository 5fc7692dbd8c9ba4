/** A fix task supersedes the one whose work did not pass; its assertions move with it, on record. */
import type { MissionEvent } from "../protocol/events.ts";
import type { FindingId, TaskId, Timestamp } from "../protocol/ids.ts";
import type { TaskSpec } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Verdict } from "../protocol/verdict.ts";
import { tellable } from "./heldOut.ts";
import { ask } from "./request.ts";
import { goalOf, roundsOf } from "./round.ts";
import { currentTaskId, type Mission } from "./state.ts";

export interface Fix {
  reason: string;
  /** The tree it starts from; the mission's head when left out. */
  from?: Snapshot;
  agentId: string;
  /** Findings that it deals with. */
  tracked?: readonly FindingId[];
  /** Another way to the same assertions. */
  goal?: string;
}

export function fixEvents(
  mission: Mission,
  spec: TaskSpec,
  reopened: readonly string[],
  how: Fix,
): MissionEvent[] {
  const { reason, from, agentId, tracked = [], goal = spec.goal } = how;
  const id = `${goalOf(spec.id)}~${roundsOf(mission, spec.id) + 1}`;
  const added: MissionEvent = {
    type: "task.added",
    task: { ...spec, id, agentId, goal },
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
    ...tracked.map((findingId): MissionEvent => ({
      type: "finding.tracked",
      findingId,
      taskId: id,
      by: "engine",
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
    // A check of the whole tree is claimed by nobody: whoever changed the tree last answers for it.
    const claimant = mission.work.claims.get(verdict.assertionId) ?? mission.work.lastDone;
    if (verdict.value === "failed" && claimant !== undefined)
      broken.set(claimant, [...(broken.get(claimant) ?? []), verdict]);
  }
  const events: MissionEvent[] = [];
  for (const [taskId, failed] of broken) {
    const spec = mission.work.closed.get(taskId)?.spec;
    const reason = failed.map((verdict) => tellable(mission, verdict)).join("\n");
    const outOfRoundsNow = !granted && roundsOf(mission, taskId) >= mission.spec.policy.maxRounds;
    if (spec === undefined || outOfRoundsNow) return [outOfRounds(mission, taskId, reason, at)];
    const ids = failed.map((verdict) => verdict.assertionId).filter((id) => spec.fulfills.includes(id));
    events.push(...fixEvents(mission, spec, ids, { reason, agentId: spec.agentId }));
    if (spec.onFailure === "retryDownstream") {
      const again = downstreamOf(mission, taskId).filter((one) => !broken.has(one.id));
      for (const one of again)
        events.push(
          ...fixEvents(mission, one, one.fulfills, {
            reason: `"${taskId}" is done again, and this needs it`,
            agentId: one.agentId,
          }),
        );
    }
  }
  return events;
}

/** Tasks that are done and need this one, directly or not (SW8). */
function downstreamOf(mission: Mission, taskId: TaskId): TaskSpec[] {
  const found = new Map<TaskId, TaskSpec>();
  const seen = [taskId];
  for (let id = seen.pop(); id !== undefined; id = seen.pop())
    for (const { spec } of mission.work.closed.values()) {
      if (spec === undefined || found.has(spec.id)) continue;
      if (!spec.needs.some((need) => currentTaskId(mission, need) === id)) continue;
      found.set(spec.id, spec);
      seen.push(spec.id);
    }
  return [...found.values()];
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
