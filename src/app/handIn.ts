/**
 * Bringing a person's work into their mission: a commit of the user's repository becomes a snapshot
 * on top of the tree their task started from. Files cross through folders made by Houston; a git
 * directory that an agent could have written is never read.
 */
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ids } from "../ports/clock.ts";
import type { Workspaces } from "../ports/workspace.ts";
import type { MissionId } from "../protocol/ids.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { workspacesFolder } from "./stateDirectory.ts";

export interface HandInRequest {
  missionId: MissionId;
  taskId: string;
  repositoryPath: string;
  /** A branch, tag or commit of that repository. */
  ref: string;
  /** Where the task's work started. */
  from: Snapshot;
}

/** Throws WorkspaceError, for example when there is no such commit. */
export async function handIn(
  outside: { workspaces: Workspaces; ids: Ids; stateDirectory: string },
  request: HandInRequest,
): Promise<Snapshot> {
  const { workspaces, ids, stateDirectory } = outside;
  // `prepare` imports one commit per mission, so the person's commit comes in under a name of its own.
  const transfer = ids.next();
  const made: string[] = [];
  try {
    const theirs = await workspaces.prepare({
      missionId: transfer,
      repositoryPath: request.repositoryPath,
      base: request.ref,
    });
    const source = await workspaces.materialise({ missionId: transfer, name: "theirs", snapshot: theirs });
    made.push(source.directory);
    const target = await workspaces.materialise({
      missionId: request.missionId,
      name: `answer-${transfer}`,
      snapshot: request.from,
    });
    made.push(target.directory);
    await replaceFiles(source.directory, target.directory);
    const message = `${request.taskId}: handed in by a person`;
    return await workspaces.capture({
      missionId: request.missionId,
      directory: target.directory,
      parent: request.from,
      message,
    });
  } finally {
    for (const directory of made) await workspaces.remove(directory);
    await rm(join(workspacesFolder(stateDirectory), transfer), { recursive: true, force: true });
  }
}

/** Everything but the folders' own git directories. */
async function replaceFiles(source: string, target: string): Promise<void> {
  for (const name of await readdir(target))
    if (name !== ".git") await rm(join(target, name), { recursive: true, force: true });
  for (const name of await readdir(source))
    if (name !== ".git")
      await cp(join(source, name), join(target, name), { recursive: true, verbatimSymlinks: true });
}
