/** Mission workspaces on plain git: the implementation of the port, and what it promises about order. */
import { readdir, rmdir } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { Workspaces } from "../ports/workspace.ts";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { type AppliesChanges, applyToWorkTree } from "./apply.ts";
import { capture, type CaptureMemory } from "./capture.ts";
import { changesBetween, diff, filesOf, readFiles } from "./contents.ts";
import { makeDurably } from "./durable.ts";
import { absent, codeOf, Folder, unlessGone } from "./folder.ts";
import { leftBehindMs, sweepLeftovers } from "./leftovers.ts";
import { materialiseSnapshot } from "./materialise.ts";
import {
  importBase,
  type MissionFolders,
  missionFolders,
  missionRepository,
  recordedBase,
  copyRepository,
  syncRepositoryName,
} from "./missionRepository.ts";
import { segment } from "./names.ts";
import { list, readBlobs, type Repository } from "./objects.ts";
import { importCommit, overlay } from "./snapshots.ts";
import { deliverTo, findUserRepository, isDelivered, resolveBase } from "./userRepository.ts";

export interface WorkspacesOptions {
  /** Where missions' repositories and folders live; ours alone to write. */
  directory: string;
  /** Gives a folder to the account that agents run under. */
  adopt?: (directory: string) => Promise<void>;
}

/** Errors are WorkspaceErrors. Calls about one mission's repository wait for each other. */
export function createWorkspaces(options: WorkspacesOptions): Workspaces & AppliesChanges {
  const directory = resolve(options.directory);
  const memory: CaptureMemory = new Map();
  const of = (missionId: string): MissionFolders => missionFolders(directory, missionId);
  const inTurn = turns(async (missionId) => {
    await sweepLeftovers(of(missionId));
  });

  return {
    ...reading(of),
    ...delivering(of),

    prepare: async ({ missionId, repositoryPath, base }) =>
      await inTurn(missionId, async () => {
        await makeDurably(directory);
        return await prepare(of(missionId), repositoryPath, base);
      }),

    importCommit: async ({ missionId, repositoryPath, ref, parent, message }) =>
      await inTurn(missionId, async () => {
        const user = await findUserRepository(repositoryPath);
        return await importCommit(of(missionId), user, await resolveBase(user, ref), parent, message);
      }),

    copy: async ({ from, to }) => await inTurn(from, async () => await copyRepository(of(from), of(to))),

    overlay: async ({ missionId, snapshot, files, message }) =>
      await inTurn(missionId, async () => await overlay(of(missionId), snapshot, files, message)),

    capture: async ({ missionId, directory: workFolder, parent, message, except }) => {
      const request = { directory: workFolder, parent, message, ...(except === undefined ? {} : { except }) };
      return await inTurn(missionId, async () => {
        const folder = workFolderIn(directory, workFolder);
        if (folder.missionId !== missionId) throw notOurs(workFolder);
        return await capture(of(missionId), memory, { ...request, directory: folder.path });
      });
    },

    materialise: async ({ missionId, name, snapshot }) =>
      await guarded(async () => {
        const made = await materialiseSnapshot(of(missionId), name, snapshot, options.adopt);
        const { listing, files } = made;
        memory.set(made.directory, { commit: snapshot.commit, listing, files, ignores: new Map() });
        return { directory: made.directory };
      }),

    remove: async (workFolder) => {
      await guarded(async () => {
        const folder = workFolderIn(directory, workFolder);
        memory.delete(folder.path);
        await removeFolder(folder.path);
      });
    },

    removeAll: async (missionId, keptPrefix) => {
      await guarded(async () => {
        await removeAll(of(missionId), keptPrefix, memory);
      });
    },
  };
}

type Reading = "has" | "changes" | "readFiles" | "files" | "diff";

/** What only reads the mission's repository, and so waits for nobody. */
function reading(of: (missionId: string) => MissionFolders): Pick<Workspaces, Reading> {
  const repository = (missionId: string): Repository => missionRepository(of(missionId));
  return {
    has: async (missionId, snapshot) =>
      await guarded(async () => await holds(repository(missionId), snapshot)),
    changes: async (missionId, from, to) =>
      await guarded(async () => await changesBetween(repository(missionId), from, to)),
    readFiles: async (missionId, snapshot, paths, maxBytes) =>
      await guarded(async () => await readFiles(repository(missionId), snapshot, paths, maxBytes)),
    files: async (missionId, snapshot) =>
      await guarded(async () => await filesOf(repository(missionId), snapshot)),
    diff: async (missionId, from, to) =>
      await guarded(async () => await diff(repository(missionId), from, to)),
  };
}

/** What writes in the user's repository or work tree, and nowhere else. */
function delivering(
  of: (missionId: string) => MissionFolders,
): Pick<Workspaces, "deliver" | "delivered"> & AppliesChanges {
  return {
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
    apply: async ({ missionId, repositoryPath, from, to }) =>
      await guarded(async () => {
        const user = await findUserRepository(repositoryPath);
        return await applyToWorkTree(user, missionRepository(of(missionId)), from, to);
      }),
  };
}

async function prepare(folders: MissionFolders, repositoryPath: string, base: string): Promise<Snapshot> {
  const recorded = await recordedBase(folders);
  if (recorded !== undefined) {
    // Whoever made it may have been killed before its name was safe.
    await syncRepositoryName(folders);
    return recorded;
  }
  const user = await findUserRepository(repositoryPath);
  return await importBase(folders, user, await resolveBase(user, base));
}

/** Dead runners' folders too; a folder that was never made is no trouble. */
async function removeAll(
  { work }: MissionFolders,
  keptPrefix: string | undefined,
  memory: CaptureMemory,
): Promise<void> {
  for (const name of await readdir(work).catch(() => [])) {
    const isKept = keptPrefix !== undefined && name.replace(/^\.making-/, "").startsWith(keptPrefix);
    if (isKept) continue;
    memory.delete(join(work, name));
    await removeFolder(join(work, name));
  }
}

async function holds(repository: Repository, snapshot: Snapshot): Promise<boolean> {
  try {
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
  const folder = unlessGone(() => Folder.open(path));
  if (folder === undefined) return;
  try {
    await folder.clear();
  } finally {
    folder.close();
  }
  await rmdir(path).catch(absent);
}

/** Runs one piece of work after another for each mission; now and then `tend` comes before it. */
function turns(
  tend: (missionId: string) => Promise<void>,
): <T>(missionId: string, work: () => Promise<T>) => Promise<T> {
  const tendedAtMs = new Map<string, number>();
  const last = new Map<string, Promise<unknown>>();
  return async (missionId, work) => {
    const previous = last.get(missionId) ?? Promise.resolve();
    const mine = previous.then(
      async () =>
        await guarded(async () => {
          if ((tendedAtMs.get(missionId) ?? -Infinity) + leftBehindMs < performance.now()) {
            await tend(missionId);
            tendedAtMs.set(missionId, performance.now());
          }
          return await work();
        }),
    );
    const settled = mine.catch(() => undefined);
    last.set(missionId, settled);
    try {
      return await mine;
    } finally {
      if (last.get(missionId) === settled) last.delete(missionId);
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
