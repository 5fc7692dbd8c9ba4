/** A fix task supersedes the one whose work did not pass; its assertions move with it, on record. */
import type { MissionEvent } from "../protocol/events.ts";
import type { Finding } from "../protocol/finding.ts";
import type { AssertionId, FindingId, TaskId, Timestamp } from "../protocol/ids.ts";
import type { TaskSpec } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Verdict } from "../protocol/verdict.ts";
import { tellable } from "./heldOut.ts";
import { ask } from "./request.ts";
import { goalOf, roundsOf } from "./round.ts";
import { currentTaskId, type Mission } from "./state.ts";

/** The whole reason is with the task that is added. */
const maxReopenedReason = 300;

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
      reason: reason.slice(0, maxReopenedReason),
    })),
    ...tracked.map((findingId): MissionEvent => ({
      type: "finding.tracked",
      findingId,
      taskId: id,
      by: "engine",
    })),
  ];
}

interface Again {
  spec: TaskSpec;
  assertionIds: AssertionId[];
  reason: string;
}

/**
 * A verification of a whole tree found broken what had passed before: the tasks that claimed it are done
 * again, each once, and with `retryDownstream` what needs them; a human is asked when rounds have run out,
 * and may grant one more.
 */
export function reopenEvents(
  mission: Mission,
  verdicts: readonly Verdict[],
  at: Timestamp,
  { granted = false, tracked = [] }: { granted?: boolean; tracked?: readonly Finding[] } = {},
): MissionEvent[] {
  const again = new Map<TaskId, Again>();
  for (const [taskId, failed] of brokenTasks(mission, verdicts)) {
    const spec = mission.work.closed.get(taskId)?.spec;
    const reason = failed.map((verdict) => tellable(mission, verdict)).join("\n");
    const outOfRoundsNow = !granted && roundsOf(mission, taskId) >= mission.spec.policy.maxRounds;
    if (spec === undefined || outOfRoundsNow) return [outOfRounds(mission, taskId, reason, at, tracked)];
    const assertionIds = failed
      .map((verdict) => verdict.assertionId)
      .filter((id) => spec.fulfills.includes(id));
    again.set(taskId, { spec, assertionIds, reason });
  }
  for (const [taskId, { spec }] of again)
    if (spec.onFailure === "retryDownstream")
      for (const one of downstreamOf(mission, taskId))
        if (!again.has(one.id)) {
          const reason = `"${taskId}" is done again, and this needs it`;
          again.set(one.id, { spec: one, assertionIds: one.fulfills, reason });
        }
  return inOrder(mission, again).flatMap(({ spec, assertionIds, reason }, index) =>
    fixEvents(mission, spec, assertionIds, {
      reason,
      agentId: spec.agentId,
      tracked: index === 0 ? tracked.map(({ id }) => id) : [],
    }),
  );
}

/** Failed verdicts by the task that answers for them; one that is being done again already is left to it. */
function brokenTasks(mission: Mission, verdicts: readonly Verdict[]): Map<TaskId, Verdict[]> {
  const { claims, lastDone, tasks } = mission.work;
  const broken = new Map<TaskId, Verdict[]>();
  for (const verdict of verdicts) {
    // A check of the whole tree is claimed by nobody: whoever changed the tree last answers for it.
    const claimant = claims.get(verdict.assertionId) ?? lastDone;
    if (verdict.value !== "failed" || claimant === undefined) continue;
    const taskId = currentTaskId(mission, claimant);
    if (!tasks.has(taskId)) broken.set(taskId, [...(broken.get(taskId) ?? []), verdict]);
  }
  return broken;
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

/** What is needed before what needs it: a task that is opened waits only for what is open by then. */
function inOrder(mission: Mission, again: ReadonlyMap<TaskId, Again>): Again[] {
  const left = new Map(again);
  const ordered: Again[] = [];
  while (left.size > 0) {
    const free = [...left].filter(
      ([, { spec }]) => !spec.needs.some((need) => left.has(currentTaskId(mission, need))),
    );
    // A plan has no circles; should a log have one, its order does not matter.
    for (const [id, entry] of free.length > 0 ? free : [...left]) {
      left.delete(id);
      ordered.push(entry);
    }
  }
  return ordered;
}

function outOfRounds(
  mission: Mission,
  taskId: TaskId,
  reason: string,
  at: Timestamp,
  tracked: readonly Finding[],
): MissionEvent {
  const why = `"${taskId}" has used up its rounds of fixes: ${reason}`;
  const scope = "the whole mission; without it the mission ends unverified";
  if (tracked.length === 0)
    return ask(mission, at, {
      kind: "escalation",
      action: `give "${taskId}" another round of fixes`,
      reason: why,
      scope,
      risk: "medium",
    });
  return ask(mission, at, {
    kind: "finding",
    action: "dismiss what was found and judge the tree again",
    reason: why,
    scope,
    risk: "high",
    findingIds: tracked.map(({ id }) => id),
  });
}
