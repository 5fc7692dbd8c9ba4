/** Missions that only prove: the contract of a mission or a file, judged on a commit as it is. */
import type { MissionDraft } from "../plan/missionDraft.ts";
import type { Blobs } from "../ports/blobs.ts";
import type { Log } from "../ports/log.ts";
import { missionStream, type MissionId } from "../protocol/ids.ts";
import { draftContract } from "./contractFiles.ts";
import { followEvents, type MissionRecord } from "./following.ts";

/** The contract of a mission, on `ref` or else what it delivered, else its base. Undefined without such a mission. */
export async function proofOfMission(
  ports: { log: Log; blobs: Blobs } & Parameters<typeof followEvents>[0],
  missionId: MissionId,
  ref?: string,
): Promise<MissionDraft | undefined> {
  const [first] = (await ports.log.read(missionStream(missionId), 0, 1)) as MissionRecord[];
  if (first?.event.type !== "mission.created") return undefined;
  const { branch: _branch, contract, ...spec } = first.event.spec;
  const draft = { ...spec, contract: await draftContract(contract, ports.blobs) };
  return proofDraft(draft, ref ?? (await deliveredBy(ports, missionId)));
}

/** The same contract without work; `ref` instead of the draft's base. */
export function proofDraft(draft: MissionDraft, ref?: string): MissionDraft {
  const { branch: _branch, stages: _stages, ...rest } = draft;
  return {
    ...rest,
    repository: { path: draft.repository.path, base: ref ?? draft.repository.base },
    tasks: [],
    agents: {},
    // A person allows these anew each time.
    budget: {},
    policy: { ...draft.policy, approvePlan: false, setupNetwork: false, mutationSamples: 0 },
  };
}

async function deliveredBy(
  ports: Parameters<typeof followEvents>[0],
  missionId: MissionId,
): Promise<string | undefined> {
  let delivered: string | undefined;
  for await (const { event } of followEvents(ports, missionId, 0))
    if (event.type === "call.settled" && event.outcome.status === "succeeded")
      if (event.outcome.result.kind === "deliver") delivered = event.outcome.result.commit;
  return delivered;
}
