/** Judging a tree: every assertion in a fresh workspace of exactly that tree, by checks that really run. */
import type { InlineBlob } from "../ports/log.ts";
import type { Observation } from "../ports/verifier.ts";
import type { Assertion } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Evidence, VerdictDraft } from "../protocol/verdict.ts";
import {
  discard,
  explain,
  failed,
  folderPrefix,
  settled,
  type Performance,
  type Settlement,
} from "./performance.ts";

export async function performVerification(performance: Performance): Promise<Settlement> {
  const { call, mission, signal } = performance;
  if (call.work.kind !== "verify") return failed({ code: "infrastructure", message: "not a verification" });
  const { assertionIds, snapshot } = call.work;
  const blobs: InlineBlob[] = [];
  const verdicts: VerdictDraft[] = [];
  for (const assertion of mission.spec.contract) {
    if (!assertionIds.includes(assertion.id)) continue;
    verdicts.push(await judgeOne(performance, assertion, snapshot, blobs));
    if (signal.aborted) return settled({ status: "interrupted", reason: "the runner ended it" });
  }
  performance.ports.faults.reach("verify.judged");
  return settled({ status: "succeeded", result: { kind: "verify", verdicts } }, blobs);
}

async function judgeOne(
  performance: Performance,
  assertion: Assertion,
  snapshot: Snapshot,
  blobs: InlineBlob[],
): Promise<VerdictDraft> {
  const { ports, missionId, call, epoch, signal } = performance;
  const name = `${folderPrefix(epoch)}${call.id}-${assertion.id}`;
  try {
    const { directory } = await ports.workspaces.materialise({ missionId, name, snapshot });
    try {
      ports.faults.reach("verify.materialised");
      const judgement = await ports.verifier.judge({ assertion, directory, signal });
      const evidence: Evidence[] = [];
      for (const observation of judgement.observations) evidence.push(await keep(ports, observation, blobs));
      return { assertionId: assertion.id, value: judgement.value, reason: judgement.reason, evidence };
    } finally {
      await discard(performance, directory);
    }
  } catch (error) {
    return { assertionId: assertion.id, value: "error", reason: explain(error).message, evidence: [] };
  }
}

async function keep(
  ports: Performance["ports"],
  observation: Observation,
  blobs: InlineBlob[],
): Promise<Evidence> {
  const { output, ...rest } = observation;
  const staged = await ports.blobs.stage(output);
  if (staged.inline !== undefined) blobs.push(staged.inline);
  return { ...rest, output: staged.ref };
}
