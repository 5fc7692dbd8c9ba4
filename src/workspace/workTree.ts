/**
 * Reads and changes files of the user's work tree for `apply.ts`. What is behind a symlink does not exist
 * here; every change keeps the old file until all are made, so that a failure puts everything back.
 */
import { createReadStream } from "node:fs";
import { link, lstat, mkdir, readlink, rename, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { WorkspaceError } from "../ports/workspace.ts";
import { absent, codeOf } from "./folder.ts";
import { blobHash, type Entry } from "./objects.ts";

/** One path to be changed: what stands there now, and where the new file lies; none when it is to be removed. */
export interface Edit {
  /** A byte string. */
  path: string;
  now: Entry | undefined;
  staged?: string;
}

export const bytesOf = (directory: string, path: string): Buffer =>
  Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, "latin1")]);

/** What stands at a path, as git would name it; a folder and what lies behind a symlink is nothing. */
export async function presentAt(
  workTree: string,
  path: string,
  hashLike: string,
): Promise<Entry | undefined> {
  for (const folder of foldersAbove(path)) {
    const info = await lstat(bytesOf(workTree, folder)).catch(absent);
    if (info?.isDirectory() !== true) return undefined;
  }
  const target = bytesOf(workTree, path);
  const info = await lstat(target).catch(absent);
  if (info === undefined || info.isDirectory()) return undefined;
  if (info.isSymbolicLink()) {
    const content = await readlink(target, { encoding: "buffer" });
    const oid = blobHash(content.length, hashLike).update(content).digest("hex");
    return { mode: "120000", oid };
  }
  // No blob has this id, so a pipe or a socket is never what is expected.
  if (!info.isFile()) return { mode: "100644", oid: "" };
  const hash = blobHash(info.size, hashLike);
  for await (const chunk of createReadStream(target)) hash.update(chunk as Buffer);
  return { mode: (info.mode & 0o100) === 0 ? "100644" : "100755", oid: hash.digest("hex") };
}

/** Makes every edit or, when one cannot be made, none. `staging` is a folder on the same file system. */
export async function carryOut(workTree: string, staging: string, edits: readonly Edit[]): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  // Removed first, because a folder may have to become a file or the other way round.
  const sorted = [
    ...edits.filter(({ staged }) => staged === undefined),
    ...edits.filter(({ staged }) => staged),
  ];
  try {
    for (const [index, edit] of sorted.entries()) {
      const kept = join(staging, `old-${index}`);
      if (edit.staged === undefined) await removeFile(workTree, edit, kept, undo);
      else await placeFile(workTree, edit, edit.staged, kept, undo);
    }
  } catch (cause) {
    for (const step of undo.toReversed()) await step();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WorkspaceError("conflict", `nothing was applied: ${why}`, { cause });
  }
}

type Undo = (() => Promise<void>)[];

async function removeFile(workTree: string, { path }: Edit, kept: string, undo: Undo): Promise<void> {
  const target = bytesOf(workTree, path);
  await rename(target, kept);
  undo.push(async () => {
    await rename(kept, target);
  });
  // Folders that this empties go too, as git does.
  for (const folder of foldersAbove(path).toReversed()) {
    const emptied = bytesOf(workTree, folder);
    try {
      await rmdir(emptied);
    } catch (error) {
      if (["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) return;
      throw error;
    }
    undo.push(async () => {
      await mkdir(emptied);
    });
  }
}

async function placeFile(
  workTree: string,
  { path, now }: Edit,
  staged: string,
  kept: string,
  undo: Undo,
): Promise<void> {
  for (const folder of foldersAbove(path)) await makeFolder(bytesOf(workTree, folder), undo);
  const target = bytesOf(workTree, path);
  if (now !== undefined) {
    await link(target, kept);
    await rename(staged, target);
    undo.push(async () => {
      await rename(kept, target);
    });
    return;
  }
  const info = await lstat(target).catch(absent);
  if (info?.isDirectory() === true) {
    await rmdir(target);
    undo.push(async () => {
      await mkdir(target);
    });
  }
  // Unlike a rename, this fails when somebody has put a file there meanwhile.
  await link(staged, target);
  undo.push(async () => {
    await unlink(target);
  });
}

async function makeFolder(path: Buffer, undo: Undo): Promise<void> {
  const info = await lstat(path).catch(absent);
  if (info?.isDirectory() === true) return;
  await mkdir(path);
  undo.push(async () => {
    await rmdir(path);
  });
}

/** Outermost first. */
function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
