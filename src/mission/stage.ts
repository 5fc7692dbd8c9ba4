/** Stages (FM12): when all tasks of one are done, its tree is judged as a whole and sealed; the next one begins. */
import type { StageId, Timestamp } from "../protocol/ids.ts";
import { accept, refuse, type MissionDecision } from "./decision.ts";
import { unprovenOfStage, verificationTimeoutMs } from "./proof.ts";
import { wantCall } from "./request.ts";
import type { Mission } from "./state.ts";

/** The first stage that is not sealed, when all its tasks are done, and those of the stages before, which may be reopened. */
export function finishedStage({ spec, work }: Mission): StageId | undefined {
  const upTo = (spec.stages ?? []).slice(0, work.sealedStages + 1);
  if (upTo.length <= work.sealedStages) return undefined;
  return upTo.some(({ id }) => (work.openInStage.get(id) ?? 0) > 0) ? undefined : upTo.at(-1)?.id;
}

export function verifyStage(mission: Mission, stageId: StageId, at: Timestamp): MissionDecision {
  const { head } = mission.work;
  if (head === undefined || finishedStage(mission) !== stageId)
    return refuse("notNow", `stage "${stageId}" has open tasks`);
  const assertionIds = unprovenOfStage(mission, stageId, head);
  if (assertionIds.length === 0) return refuse("alreadyDone", `stage "${stageId}" is proven`);
  const { contractVersion } = mission.ledger;
  const work = { kind: "verify", assertionIds, snapshot: head, contractVersion, stageId } as const;
  const timeoutMs = verificationTimeoutMs(mission, assertionIds);
  return accept(...wantCall(mission, { work, effects: ["workspace"], timeoutMs, reserve: {} }, at).events);
}

export function sealStage(mission: Mission, stageId: StageId): MissionDecision {
  const { head } = mission.work;
  if (head === undefined || finishedStage(mission) !== stageId)
    return refuse("notNow", `stage "${stageId}" has open tasks`);
  const missing = unprovenOfStage(mission, stageId, head);
  if (missing.length > 0) return refuse("notNow", `not proven: ${missing.join(", ")}`);
  return accept({ type: "stage.sealed", stageId, snapshot: head });
}
