/** The mission as a whole: created, paused, resumed, cancelled, prepared, sealed, delivered, closed. */
import type { MissionEvent, MissionOutcome } from "../protocol/events.ts";
import type { AssertionId, Timestamp } from "../protocol/ids.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import { deliverable, freshVerdict, unproven, verificationTimeoutMs } from "./proof.ts";
import { ask, openApproval, wantCall } from "./request.ts";
import type { Mission } from "./state.ts";

const prepareTimeoutMs = 10 * 60_000;
const deliverTimeoutMs = 5 * 60_000;

export function pause(mission: Mission, command: CommandOf<"mission.pause">): MissionDecision {
  if (mission.work.cancelled !== undefined) return refuse("notNow", "the mission is being cancelled");
  if (mission.work.paused !== undefined)
    return refuse("alreadyDone", `the mission is paused by ${mission.work.paused.by}`);
  return accept({ type: "mission.paused", by: command.by, reason: command.body.reason });
}

export function resume(mission: Mission, command: CommandOf<"mission.resume">): MissionDecision {
  if (mission.work.paused === undefined) return refuse("alreadyDone", "the mission is not paused");
  return accept({ type: "mission.resumed", by: command.by });
}

export function cancel(mission: Mission, command: CommandOf<"mission.cancel">): MissionDecision {
  if (mission.work.cancelled !== undefined)
    return refuse("alreadyDone", `the mission is being cancelled by ${mission.work.cancelled.by}`);
  return accept({ type: "mission.cancelled", by: command.by, reason: command.body.reason });
}

/** A new epoch must be newer than every one the log has seen. */
export function startRun(mission: Mission, command: CommandOf<"run.start">): MissionDecision {
  const { runId, runnerId, epoch } = command.body;
  if (epoch <= mission.ledger.epoch)
    return refuse("stale", `epoch ${epoch} is not newer than ${mission.ledger.epoch}`);
  return accept({ type: "run.started", runId, runnerId, epoch });
}

export function stopRun(mission: Mission, command: CommandOf<"run.stop">): MissionDecision {
  const { run } = mission.ledger;
  if (run === undefined) return refuse("alreadyDone", "no run is open");
  return accept({ type: "run.stopped", runId: run.runId, reason: command.body.reason });
}

export function askPlan(mission: Mission, at: Timestamp): MissionDecision {
  if (mission.work.planApproved) return refuse("alreadyDone", "the plan is approved");
  if (openApproval(mission, "plan") !== undefined)
    return refuse("alreadyDone", "the plan's approval is asked for");
  const { contract, agents, budget } = mission.spec;
  const scope = `${mission.work.taskCount} tasks, ${contract.length} assertions, agents ${Object.keys(agents).join(", ")}, budget ${JSON.stringify(budget)}`;
  const question = {
    kind: "plan",
    action: `work on: ${mission.spec.goal}`,
    reason: "the policy asks a human to approve the plan",
    scope,
    risk: "medium",
  } as const;
  return accept(ask(mission, at, question));
}

export function prepare(mission: Mission, at: Timestamp): MissionDecision {
  if (mission.work.base !== undefined) return refuse("alreadyDone", "the base is imported");
  return accept(
    ...wantCall(
      mission,
      { work: { kind: "prepare" }, effects: ["read"], timeoutMs: prepareTimeoutMs, reserve: {} },
      at,
    ).events,
  );
}

/** All tasks are done: what they made is the tree to be delivered. */
export function seal(mission: Mission): MissionDecision {
  const { head, tasks, sealed } = mission.work;
  if (sealed !== undefined) return refuse("alreadyDone", "the tree is sealed");
  if (head === undefined || tasks.size > 0) return refuse("notNow", `${tasks.size} tasks are open`);
  return accept({ type: "mission.sealing", snapshot: head });
}

/** A mission without tasks proves its contract on the base and changes nothing. */
export const onlyProves = ({ work }: Mission): boolean => work.taskCount === 0;

/** What must still be judged on the sealed tree. Where there is nobody to mend anything, one clear verdict is enough. */
export function toJudge(mission: Mission, snapshot: Snapshot): AssertionId[] {
  const missing = unproven(mission, snapshot);
  if (!onlyProves(mission)) return missing;
  return missing.filter((id) => {
    const value = freshVerdict(mission, id, snapshot)?.value;
    return value === undefined || value === "error" || value === "inconclusive";
  });
}

/** Judges the sealed tree where evidence is missing or stale. */
export function verify(mission: Mission, at: Timestamp): MissionDecision {
  const { sealed } = mission.work;
  if (sealed === undefined) return refuse("notNow", "nothing is sealed");
  const assertionIds = toJudge(mission, sealed.snapshot);
  if (assertionIds.length === 0) return refuse("alreadyDone", "every assertion is judged on the sealed tree");
  const { contractVersion } = mission.ledger;
  const work = { kind: "verify", assertionIds, snapshot: sealed.snapshot, contractVersion } as const;
  const timeoutMs = verificationTimeoutMs(mission, assertionIds);
  return accept(...wantCall(mission, { work, effects: ["workspace"], timeoutMs, reserve: {} }, at).events);
}

/** Only what is proven leaves. */
export function deliver(mission: Mission, at: Timestamp): MissionDecision {
  const { sealed } = mission.work;
  if (sealed === undefined) return refuse("notNow", "nothing is sealed");
  if (sealed.delivered) return refuse("alreadyDone", "the branch is delivered");
  const missing = unproven(mission, sealed.snapshot);
  if (missing.length > 0) return refuse("notNow", `not proven: ${missing.join(", ")}`);
  const snapshot = deliverable(mission, sealed.snapshot);
  const work = { kind: "deliver", branch: mission.spec.branch, snapshot } as const;
  return accept(
    ...wantCall(mission, { work, effects: ["external"], timeoutMs: deliverTimeoutMs, reserve: {} }, at)
      .events,
  );
}

/** Trouble with the mission's own calls that waiting does not cure. */
export function needsEscalation(mission: Mission): boolean {
  const { count, last } = mission.work.setbacks;
  if (last === undefined) return false;
  return (
    count > mission.spec.policy.maxInfrastructureRetries ||
    ["blocked", "unknownEffect", "impossible"].includes(last.code)
  );
}

export function escalate(mission: Mission, at: Timestamp): MissionDecision {
  const { setbacks } = mission.work;
  if (!needsEscalation(mission)) return refuse("alreadyDone", "nothing needs a human");
  const question = {
    kind: setbacks.last?.code === "unknownEffect" ? "unknownEffect" : "escalation",
    action: "try again",
    reason: setbacks.last?.message ?? "no reason is known",
    scope: "the whole mission; without it the mission ends unverified",
    risk: "medium",
  } as const;
  return accept(ask(mission, at, question));
}

/** What a mission that can go no further has come to. */
export function close(mission: Mission): MissionDecision {
  const { work } = mission;
  if (mission.ledger.calls.size > 0) return refuse("notNow", `${mission.ledger.calls.size} calls are open`);
  if (work.tasks.size > 0) return refuse("notNow", `${work.tasks.size} tasks are open`);
  const result = outcomeOf(mission);
  if (result === undefined) return refuse("notNow", "the work is not finished");
  return accept({ type: "mission.closed", ...result } satisfies MissionEvent);
}

function outcomeOf(mission: Mission): { outcome: MissionOutcome; reason: string } | undefined {
  const { work } = mission;
  if (work.cancelled !== undefined)
    return { outcome: "cancelled", reason: `${work.cancelled.reason} (${work.cancelled.by})` };
  if (work.givenUp !== undefined)
    return { outcome: work.planApproved ? "unverified" : "rejected", reason: work.givenUp };
  if (onlyProves(mission) && work.sealed !== undefined) {
    if (toJudge(mission, work.sealed.snapshot).length > 0) return undefined;
    const missing = unproven(mission, work.sealed.snapshot);
    return missing.length === 0
      ? { outcome: "verified", reason: "every assertion passed on the base" }
      : { outcome: "unverified", reason: `not proven on the base: ${missing.join(", ")}` };
  }
  if (work.failedCount > 0)
    return { outcome: "failed", reason: `${work.failedCount} of ${work.taskCount} tasks failed` };
  if (work.sealed?.delivered === true && unproven(mission, work.sealed.snapshot).length === 0) {
    const total = mission.spec.contract.length;
    return { outcome: "verified", reason: `${total} of ${total} assertions passed on the delivered tree` };
  }
  return undefined;
}
