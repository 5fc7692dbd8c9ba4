/**
 * Fills a new folder with exactly a snapshot's files and gives it a git directory of its own, for
 * the agent's habits. Files are written by us, not checked out, so nothing converts or filters them.
 */
import { randomBytes } from "node:crypto";
import { lstatSync, type Stats } from "node:fs";
import { appendFile, mkdir, open, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { exists, sweep } from "./durable.ts";
import { Breath } from "./folder.ts";
import { git, type GitPlace, line } from "./git.ts";
import {
  type MissionFolders,
  makeMissionFolders,
  missionRepository,
  neutralAttributes,
} from "./missionRepository.ts";
import { assertSafePath, segment } from "./names.ts";
import { copyObjects, type Listing, list, type Repository, readBlobs } from "./objects.ts";
import { type FolderMemory, knownFile } from "./survey.ts";

/** What is written while more is being read. */
const maxPendingBytes = 32 * 1024 * 1024;
const maxPendingFiles = 64;
/** Two changes of a file closer together than this may carry the same time. */
const clockTickMs = 20;

/** A folder that has been made, and how its files stood when only we had touched them. */
export interface Materialised {
  directory: string;
  listing: Listing;
  files: FolderMemory["files"];
}

export async function materialiseSnapshot(
  folders: MissionFolders,
  name: string,
  snapshot: Snapshot,
  adopt: ((directory: string) => Promise<void>) | undefined,
): Promise<Materialised> {
  const target = join(folders.work, segment("folder name", name));
  await makeMissionFolders(folders);
  if (await exists(target))
    throw new WorkspaceError("conflict", `${target} exists already; a folder's name is used once`);
  const repository = missionRepository(folders);
  const listing = await list(repository, snapshot);
  const making = join(folders.work, `.making-${name}.${randomBytes(6).toString("hex")}`);
  await sweep(folders.work, `.making-${name}.`);
  await mkdir(making, { mode: 0o755 });
  try {
    await writeFiles(repository, snapshot, listing, making);
    await giveGitDirectory(repository, folders, snapshot, making);
    await adopt?.(making);
    const files = await knownFiles(making, listing);
    if (await exists(target)) throw new WorkspaceError("conflict", `${target} exists already`);
    await rename(making, target);
    return { directory: target, listing, files };
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
}

const bytesOf = (directory: string, path: string): Buffer =>
  Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, "latin1")]);

async function writeFiles(
  repository: Repository,
  snapshot: Snapshot,
  listing: Listing,
  directory: string,
): Promise<void> {
  await makeDirectories(listing, directory);
  const links: { path: string; target: Buffer }[] = [];
  const pending = new Set<Promise<void>>();
  let pendingBytes = 0;
  let failure: Error | undefined;
  await readBlobs(repository, snapshot, listing, async (path, { mode }, sizeBytes, content) => {
    if (mode === "120000") {
      links.push({ path, target: await gather(content) });
      return;
    }
    const bits = mode === "100755" ? 0o755 : 0o644;
    if (sizeBytes > maxPendingBytes / 4) {
      await writeFile(bytesOf(directory, path), content, { flag: "wx", mode: bits });
      return;
    }
    const bytes = await gather(content);
    pendingBytes += bytes.length;
    const writing: Promise<void> = writeWhole(bytesOf(directory, path), bytes, bits)
      .catch((error: unknown) => {
        failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        pendingBytes -= bytes.length;
        pending.delete(writing);
      });
    pending.add(writing);
    while (pendingBytes > maxPendingBytes || pending.size > maxPendingFiles) await Promise.race(pending);
  });
  await Promise.all(pending);
  if (failure !== undefined) throw failure;
  // Last, so that nothing was written through one.
  for (const { path, target } of links) await symlink(target, bytesOf(directory, path));
}

/**
 * What the first capture need not read. Nobody else can have opened these files yet, so every later write moves
 * their times, but for those so young, or on a file system so coarse, that it could carry the same time again.
 */
async function knownFiles(directory: string, listing: Listing): Promise<FolderMemory["files"]> {
  const breath = new Breath();
  const stats: [string, string, Stats][] = [];
  for (const [path, { mode, oid }] of listing) {
    if (mode !== "120000" && mode !== "160000") stats.push([path, oid, lstatSync(bytesOf(directory, path))]);
    if (breath.isDue()) await breath.take();
  }
  const beforeMs = Date.now() - clockTickMs;
  return new Map(
    stats
      .filter(([, , { ctimeMs }]) => ctimeMs < beforeMs && !Number.isInteger(ctimeMs / 1000))
      .map(([path, oid, stat]) => [path, knownFile(stat, oid)]),
  );
}

/** Fails on an entry that would be both a file and a folder, because nothing is created twice. */
async function makeDirectories(listing: Listing, directory: string): Promise<void> {
  const made = new Set<string>();
  for (const [path, { mode }] of listing) {
    assertSafePath(path);
    const parts = path.split("/");
    // A submodule is an empty folder until somebody fills it.
    const depth = mode === "160000" ? parts.length : parts.length - 1;
    for (let count = 1; count <= depth; count += 1) {
      const parent = parts.slice(0, count).join("/");
      if (made.has(parent)) continue;
      await mkdir(bytesOf(directory, parent), { mode: 0o755 });
      made.add(parent);
    }
  }
}

async function writeWhole(path: Buffer, content: Buffer, mode: number): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    await handle.writeFile(content);
  } finally {
    await handle.close();
  }
}

async function gather(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Made before any agent can reach the folder; the host never reads it again. */
async function giveGitDirectory(
  repository: Repository,
  folders: MissionFolders,
  snapshot: Snapshot,
  directory: string,
): Promise<void> {
  const gitDir = join(directory, ".git");
  const place: GitPlace = { gitDir, workTree: directory, indexFile: join(gitDir, "index") };
  const own = { place, cwd: directory, config: ["core.fsync=none"] };
  const format = snapshot.commit.length === 64 ? "sha256" : "sha1";
  const init = [
    "init",
    "--quiet",
    "--template=",
    "--initial-branch=main",
    `--object-format=${format}`,
    directory,
  ];
  await git({ cwd: folders.root, args: init });
  await mkdir(join(gitDir, "info"), { recursive: true });
  await writeFile(join(gitDir, "info", "attributes"), neutralAttributes);
  await appendFile(join(gitDir, "config"), "[user]\n\tname = agent\n\temail = agent@localhost\n");
  await copyObjects(repository, snapshot.tree, own);
  const env = identity;
  const commit = line(await git({ ...own, env, args: ["commit-tree", "-m", "base", snapshot.tree] }));
  await git({ ...own, args: ["update-ref", "refs/heads/main", commit] });
  await git({ ...own, args: ["read-tree", "HEAD"] });
  await git({ ...own, args: ["update-index", "-q", "--refresh"] });
}

const identity = {
  GIT_AUTHOR_NAME: "Houston",
  GIT_AUTHOR_EMAIL: "houston@localhost",
  GIT_AUTHOR_DATE: "@1 +0000",
  GIT_COMMITTER_NAME: "Houston",
  GIT_COMMITTER_EMAIL: "houston@localhost",
  GIT_COMMITTER_DATE: "@1 +0000",
};
