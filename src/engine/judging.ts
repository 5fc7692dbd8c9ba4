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

/** Sealed dependencies of a tree, of which `directory` is a fresh folder. Throws EnvironmentError. */
export async function environmentOf(
  performance: Performance,
  snapshot: Snapshot,
  directory: string,
  label: string,
): Promise<Mount[]> {
  const { ports, mission, missionId, call, epoch, signal } = performance;
  const { setup = [], policy } = mission.spec;
  if (setup.length === 0) return [];
  const made: string[] = [];
  const fresh = async (): Promise<{ directory: string }> => {
    const name = `${folderPrefix(epoch)}${call.id}-${label}-setup${made.length === 0 ? "" : made.length}`;
    const folder = await ports.workspaces.materialise({ missionId, name, snapshot });
    made.push(folder.directory);
    return folder;
  };
  try {
    const network = policy.setupNetwork;
    const sealed = await ports.environments.seal({ missionId, setup, network, directory, fresh, signal });
    return sealed.mounts;
  } finally {
    for (const folder of made) await discard(performance, folder);
  }
}

/** Runs a check once, in a folder of its own made from the judged tree. */
export async function judgeOnce(
  performance: Performance,
  judged: Snapshot,
  { id, check }: Judged,
  how: { label: string; baseline?: readonly string[] },
): Promise<Judgement> {
  const { ports, mission, missionId, call, epoch, signal } = performance;
  const name = `${folderPrefix(epoch)}${call.id}-${how.label}`;
  try {
    const { directory } = await ports.workspaces.materialise({ missionId, name, snapshot: judged });
    try {
      ports.faults.reach("verify.materialised");
      const mounts = await environmentOf(performance, judged, directory, how.label);
      const request: JudgeRequest = {
        missionId,
        assertion: { id, check },
        directory,
        mounts,
        services: mission.spec.services ?? {},
        signal,
      };
      if (how.baseline !== undefined) request.baseline = how.baseline;
      return await ports.verifier.judge(request);
    } finally {
      await discard(performance, directory);
    }
  } catch (error) {
    return without(error);
  }
}

/** Dependencies that do not install are the tree's doing; everything else that keeps a check from running is not. */
function without(error: unknown): Judgement {
  if (!(error instanceof EnvironmentError))
    return { value: "error", reason: explain(error).message, observations: [] };
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
