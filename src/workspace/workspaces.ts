/** Mission workspaces on plain git: the implementation of the port, and what it promises about order. */
import { readdir, rmdir } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { Workspaces } from "../ports/workspace.ts";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { makeDurably, writeRef } from "./durable.ts";
import { absent, codeOf, Folder } from "./folder.ts";
import { git } from "./git.ts";
import { Importer } from "./importer.ts";
import { materialiseSnapshot } from "./materialise.ts";
import {
  importBase,
  makeMissionFolders,
  type MissionFolders,
  missionFolders,
  missionRepository,
  recordedBase,
  snapshotRef,
  syncRepositoryName,
} from "./missionRepository.ts";
import { segment } from "./names.ts";
import { commitTime, list, type Listing, readBlobs } from "./objects.ts";
import { tidy } from "./packs.ts";
import { type FolderMemory, Survey } from "./survey.ts";
import { deliverTo, findUserRepository, isDelivered, resolveBase } from "./userRepository.ts";

export interface WorkspacesOptions {
  /** Where missions' repositories and folders live; ours alone to write. */
  directory: string;
  /** Gives a folder to the account that agents run under. */
  adopt?: (directory: string) => Promise<void>;
}

const maxDiffBytes = 64 * 1024 * 1024;

interface Known extends FolderMemory {
  commit: string;
  listing: Listing;
}

/** Errors are WorkspaceErrors. Calls about one mission's repository wait for each other. */
export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  const directory = resolve(options.directory);
  const inTurn = turns();
  const known = new Map<string, Known>();
  const of = (missionId: string): MissionFolders => missionFolders(directory, missionId);

  return {
    prepare: async ({ missionId, repositoryPath, base }) =>
      await guarded(async () => {
        const folders = of(missionId);
        return await inTurn(missionId, async () => {
          await makeDurably(directory);
          const recorded = await recordedBase(folders);
          if (recorded !== undefined) {
            // Whoever made it may have been killed before its name was safe.
            await syncRepositoryName(folders);
            return recorded;
          }
          const user = await findUserRepository(repositoryPath);
          return await importBase(folders, user, await resolveBase(user, base));
        });
      }),

    materialise: async ({ missionId, name, snapshot }) =>
      await guarded(async () => ({
        directory: await materialiseSnapshot(of(missionId), name, snapshot, options.adopt),
      })),

    has: async (missionId, snapshot) => await guarded(async () => await holds(of(missionId), snapshot)),

    capture: async ({ missionId, directory: workFolder, parent, message }) =>
      await guarded(async () => {
        const folders = of(missionId);
        const folder = workFolderIn(directory, workFolder);
        if (folder.missionId !== missionId) throw notOurs(workFolder);
        return await inTurn(
          missionId,
          async () => await capture(folders, folder.path, parent, message, known),
        );
      }),

    deliver: async ({ missionId, repositoryPath, branch, snapshot }) =>
      await guarded(async () => {
        const folders = of(missionId);
        const user = await findUserRepository(repositoryPath);
        await list(missionRepository(folders), snapshot);
        const base = await recordedBase(folders);
        await deliverTo(user, missionRepository(folders), base?.commit ?? snapshot.commit, branch, snapshot);
      }),

    delivered: async ({ repositoryPath, branch, snapshot }) =>
      await guarded(
        async () => await isDelivered(await findUserRepository(repositoryPath), branch, snapshot),
      ),

    diff: async (missionId, from, to) => await guarded(async () => await diff(of(missionId), from, to)),

    remove: async (workFolder) => {
      await guarded(async () => {
        const folder = workFolderIn(directory, workFolder);
        known.delete(folder.path);
        await removeFolder(folder.path);
      });
    },

    removeAll: async (missionId, keptPrefix) => {
      await guarded(async () => await removeAll(of(missionId), keptPrefix, known));
    },
  };
}

/** Dead runners' folders too; a folder that was never made is no trouble. */
async function removeAll(
  { work }: MissionFolders,
  keptPrefix: string | undefined,
  memory: Map<string, Known>,
): Promise<void> {
  for (const name of await readdir(work).catch(() => [])) {
    const isKept = keptPrefix !== undefined && name.replace(/^\.making-/, "").startsWith(keptPrefix);
    if (isKept) continue;
    memory.delete(join(work, name));
    await removeFolder(join(work, name));
  }
}

async function capture(
  folders: MissionFolders,
  directory: string,
  parent: Snapshot,
  message: string,
  memory: Map<string, Known>,
): Promise<Snapshot> {
  await makeMissionFolders(folders);
  const repository = missionRepository(folders);
  const before = memory.get(directory);
  const listing = before?.commit === parent.commit ? before.listing : await list(repository, parent);
  const importer = new Importer(repository);
  try {
    const survey = new Survey(
      {
        repository,
        directory,
        temporary: folders.temporary,
        listing,
        memory: before ?? { files: new Map(), ignores: new Map() },
        importer,
      },
      parent.commit,
    );
    const changes = await survey.changes();
    if (changes.removed.length === 0 && changes.written.size === 0) {
      memory.set(directory, { ...survey.remembered(), commit: parent.commit, listing });
      return parent;
    }
    // The same content on the same parent is the same commit, whenever it is captured.
    const seconds = (await commitTime(repository, parent.commit)) + 1;
    const snapshot = await importer.commit(parent.commit, seconds, cleaned(message), changes);
    await writeRef(folders.repository, snapshotRef(snapshot.commit), snapshot.commit);
    const next = new Map(listing);
    for (const path of changes.removed) next.delete(path);
    for (const [path, entry] of changes.written) next.set(path, entry);
    memory.set(directory, { ...survey.remembered(), commit: snapshot.commit, listing: next });
    return snapshot;
  } finally {
    await importer.close();
    await tidy(repository);
  }
}

/** A commit message without control characters. */
function cleaned(message: string): string {
  // oxlint-disable-next-line no-control-regex
  return `${message.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "").trim() || "snapshot"}\n`;
}

async function holds(folders: MissionFolders, snapshot: Snapshot): Promise<boolean> {
  try {
    const repository = missionRepository(folders);
    const listing = await list(repository, snapshot);
    await readBlobs(repository, snapshot, listing, async (_path, _entry, _sizeBytes, content) => {
      for await (const chunk of content) void chunk;
    });
    return true;
  } catch (error) {
    if (error instanceof WorkspaceError && error.code === "missingSnapshot") return false;
    throw error;
  }
}

async function diff(folders: MissionFolders, from: Snapshot, to: Snapshot): Promise<string> {
  const repository = missionRepository(folders);
  await list(repository, from);
  await list(repository, to);
  const args = [
    "diff-tree",
    "-r",
    "-p",
    "-M",
    "--full-index",
    "--no-color",
    "--no-textconv",
    "--no-ext-diff",
  ];
  const text = await git({
    ...repository,
    args: [...args, "--submodule=short", "--end-of-options", from.tree, to.tree],
    maxOutputBytes: maxDiffBytes,
  });
  return text.toString("utf8");
}

/** Which mission's work folder a path is; compared by segment, so that nothing else is touched. */
function workFolderIn(directory: string, path: string): { missionId: string; path: string } {
  const parts = relative(directory, resolve(path)).split(sep);
  const [missionId = "", work, name = ""] = parts;
  if (parts.length !== 3 || work !== "work") throw notOurs(path);
  return {
    missionId: segment("mission id", missionId),
    path: resolve(directory, missionId, work, segment("folder name", name)),
  };
}

function notOurs(path: string): WorkspaceError {
  return new WorkspaceError("git", `${path} is not a folder made by materialise`);
}

async function removeFolder(path: string): Promise<void> {
  const folder = await Folder.open(path).catch(absent);
  if (folder === undefined) return;
  try {
    await folder.clear();
  } finally {
    await folder.close();
  }
  await rmdir(path).catch(absent);
}

/** Runs one piece of work after another for each key. */
function turns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const previous = last.get(key) ?? Promise.resolve();
    const mine = previous.then(work, work);
    const settled = mine.catch(() => undefined);
    last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (last.get(key) === settled) last.delete(key);
    }
  };
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WorkspaceError) throw error;
    const full = ["ENOSPC", "EDQUOT"].includes(codeOf(error));
    const message = error instanceof Error ? error.message : String(error);
    throw new WorkspaceError(full ? "diskFull" : "git", message, { cause: error });
  }
}
