/**
 * What preflight and verification share: the contract's files laid over a tree, its sealed environment,
 * one run of one check in a fresh workspace, and its evidence made durable.
 */
import { EnvironmentError } from "../ports/environment.ts";
import type { InlineBlob } from "../ports/log.ts";
import type { Mount } from "../ports/sandbox.ts";
import type { JudgeRequest, Judgement, Observation } from "../ports/verifier.ts";
import type { OverlayFile } from "../ports/workspace.ts";
import type { Assertion, Check } from "../protocol/contract.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Evidence } from "../protocol/verdict.ts";
import { discard, explain, folderPrefix, type Performance } from "./performance.ts";

/** An assertion, or a check that no task claims. */
export interface Judged {
  id: string;
  check: Check;
  heldOut?: boolean;
}

/** Everything that may be judged, in the plan's order. */
export function everythingOf({ mission }: Performance): Judged[] {
  return [...mission.spec.contract, ...(mission.spec.checks ?? [])];
}

/** The tree with the contract's files laid over it: what is judged, and what is delivered. */
export async function overlaid(
  { ports, mission, missionId }: Performance,
  snapshot: Snapshot,
  which: (assertion: Assertion) => boolean = () => true,
): Promise<Snapshot> {
  const files = new Map<string, OverlayFile>();
  for (const { path, content, executable } of mission.spec.contract.filter(which).flatMap(filesOf)) {
    const bytes = await ports.blobs.get(content);
    if (bytes === undefined) throw new Error(`the contract's file ${path} is lost: ${content.sha256}`);
    files.set(
      path,
      executable === undefined ? { path, content: bytes } : { path, content: bytes, executable },
    );
  }
  if (files.size === 0) return snapshot;
  const message = "the contract's files";
  return await ports.workspaces.overlay({ missionId, snapshot, files: [...files.values()], message });
}

export const filesOf = ({ files = [] }: Assertion): NonNullable<Assertion["files"]> => files;

/** The tree as agents may see it: with the contract's files that are not held out. */
export const visibly = async (performance: Performance, snapshot: Snapshot): Promise<Snapshot> =>
  await overlaid(performance, snapshot, ({ heldOut }) => heldOut !== true);

/**
 * Sealed dependencies of a tree. They are installed where nothing is held out: whatever setup makes of a tree,
 * agents see. Throws EnvironmentError.
 */
export async function environmentOf(performance: Performance, snapshot: Snapshot): Promise<Mount[]> {
  const { ports, mission, missionId, call, epoch, signal } = performance;
  const { setup = [], policy } = mission.spec;
  if (setup.length === 0) return [];
  const tree = await visibly(performance, snapshot);
  const made: string[] = [];
  const fresh = async (): Promise<{ directory: string }> => {
    const name = `${folderPrefix(epoch)}${call.id}-setup-${tree.tree}-${made.length + 1}`;
    const folder = await ports.workspaces.materialise({ missionId, name, snapshot: tree });
    made.push(folder.directory);
    return folder;
  };
  try {
    const { directory } = await fresh();
    const network = policy.setupNetwork;
    return (await ports.environments.seal({ missionId, setup, network, directory, fresh, signal })).mounts;
  } finally {
    for (const folder of made) await discard(performance, folder);
  }
}

/** A tree with the contract's files laid over it, and its dependencies or why there are none. */
export interface Court {
  judged: Snapshot;
  mounts: Mount[] | EnvironmentError;
}

/** Once for all checks of a tree. */
export async function courtOf(performance: Performance, snapshot: Snapshot): Promise<Court> {
  const judged = await overlaid(performance, snapshot);
  try {
    return { judged, mounts: await environmentOf(performance, snapshot) };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return { judged, mounts: error };
  }
}

/** Runs a check once, in a folder of its own made from the judged tree. `label` names the folder: once per call. */
export async function judgeOnce(
  performance: Performance,
  { judged, mounts }: Court,
  { id, check }: Judged,
  how: { label: string; baseline?: readonly string[] },
): Promise<Judgement> {
  const { ports, mission, missionId, call, epoch, signal } = performance;
  if (mounts instanceof EnvironmentError) return without(mounts);
  const name = `${folderPrefix(epoch)}${call.id}-${how.label}`;
  try {
    const { directory } = await ports.workspaces.materialise({ missionId, name, snapshot: judged });
    try {
      ports.faults.reach("verify.materialised");
      const services = mission.spec.services ?? {};
      const request: JudgeRequest = {
        missionId,
        assertion: { id, check },
        directory,
        mounts,
        services,
        signal,
      };
      if (how.baseline !== undefined) request.baseline = how.baseline;
      return await ports.verifier.judge(request);
    } finally {
      await discard(performance, directory);
    }
  } catch (error) {
    return { value: "error", reason: explain(error).message, observations: [] };
  }
}

/** Dependencies that do not install are the tree's doing; everything else that keeps a check from running is not. */
function without(error: EnvironmentError): Judgement {
  const values = { setup: "failed", notAllowed: "blocked", broken: "error" } as const;
  const observation: Observation = { command: [], exitCode: null, durationMs: 0, output: error.output };
  return { value: values[error.code], reason: error.message, observations: [observation] };
}

/** Evidence as blobs, which commit with the verdict. */
export async function keepEvidence(
  { ports }: Performance,
  observations: readonly Observation[],
  blobs: InlineBlob[],
): Promise<Evidence[]> {
  const evidence: Evidence[] = [];
  for (const { output, ...rest } of observations) {
    const staged = await ports.blobs.stage(output);
    if (staged.inline !== undefined) blobs.push(staged.inline);
    evidence.push({ ...rest, output: staged.ref });
  }
  return evidence;
}
