/** What a handoff adds to the record beside its claim: findings, facts, artifacts. Claims too, each with who says so. */
import type { CallResult } from "../protocol/call.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { FactDraft } from "../protocol/fact.ts";
import type { Handoff } from "../protocol/handoff.ts";
import type { AttemptId, Timestamp } from "../protocol/ids.ts";
import { factEvents } from "./blackboard.ts";
import { handoffFindings, recordFindings } from "./finding.ts";
import { artifactIdOf, type Mission } from "./state.ts";

type Artifacts = NonNullable<Extract<CallResult, { kind: "attempt" }>["artifacts"]>;

/** Of an attempt that is still open in `mission`. */
export function handedOffEvents(
  mission: Mission,
  attemptId: AttemptId,
  handoff: Handoff,
  at: Timestamp,
  artifacts: Artifacts = [],
): MissionEvent[] {
  const attempt = mission.work.attempts.get(attemptId);
  if (attempt === undefined) return [];
  const { taskId, agentId } = attempt;
  const source = `agent:${agentId}`;
  return [
    ...recordFindings(mission, handoffFindings(handoff), { by: source, taskId, attemptId }),
    ...factEvents(mission, (handoff.facts ?? []).map(asDraft), { source, taskId, attemptId }, at),
    ...artifacts.map((artifact, index): MissionEvent => ({
      type: "artifact.recorded",
      artifactId: artifactIdOf(mission.ledger.artifactCount + index + 1),
      ...artifact,
      taskId,
      attemptId,
    })),
  ];
}

function asDraft({
  type,
  subject,
  content,
  confidence,
  ttlMs,
}: NonNullable<Handoff["facts"]>[number]): FactDraft {
  const draft: FactDraft = { type, subject, content };
  if (confidence !== undefined) draft.confidence = confidence;
  if (ttlMs !== undefined) draft.ttlMs = ttlMs;
  return draft;
}
