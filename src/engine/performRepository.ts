/** Calls that touch the user's repository: importing the base, delivering the branch. */
import { visibly } from "./judging.ts";
import {
  explain,
  failed,
  settled,
  stale,
  type Performance,
  type Performed,
  type Settlement,
} from "./performance.ts";

export async function prepare(performance: Performance): Promise<Settlement> {
  const { ports, mission, missionId } = performance;
  const { path, base } = mission.spec.repository;
  const snapshot = await ports.workspaces.prepare({ missionId, repositoryPath: path, base });
  ports.faults.reach("prepare.imported");
  // Agents see what the contract brings, but for what is held out.
  const start = await visibly(performance, snapshot);
  const begun = start.commit === snapshot.commit ? {} : { start };
  return settled({ status: "succeeded", result: { kind: "prepare", snapshot, ...begun } });
}

export async function deliver({ ports, mission, missionId, call, held }: Performance): Promise<Settlement> {
  if (call.work.kind !== "deliver") return failed({ code: "infrastructure", message: "not a delivery" });
  const { branch, snapshot } = call.work;
  const repositoryPath = mission.spec.repository.path;
  ports.faults.reach("deliver.before");
  if (!held()) return stale();
  await ports.workspaces.deliver({ missionId, repositoryPath, branch, snapshot });
  ports.faults.reach("deliver.fetched");
  return settled({ status: "succeeded", result: { kind: "deliver", commit: snapshot.commit } });
}

/** The branch itself is the idempotency key: it stands at the commit, or the delivery never happened. */
export async function lookUpDelivery({ ports, mission, call }: Performance): Promise<Performed> {
  if (call.work.kind !== "deliver") return failed({ code: "infrastructure", message: "not a delivery" });
  const { branch, snapshot } = call.work;
  const request = { repositoryPath: mission.spec.repository.path, branch, snapshot };
  try {
    const done = await ports.workspaces.delivered(request);
    ports.faults.reach("recovery.lookedUp");
    return done
      ? settled({ status: "succeeded", result: { kind: "deliver", commit: snapshot.commit } })
      : "absent";
  } catch (error) {
    return settled({
      status: "unknown",
      reason: `whether ${branch} was delivered is not known: ${explain(error).message}`,
    });
  }
}
