/** Files of the tree being judged, reached without following a symlink at any step. */
import { constants } from "node:fs";
import { type FileHandle, lstat, open, rm } from "node:fs/promises";
import { join } from "node:path";

/** The segments of a relative path, or undefined if it could leave the folder. */
export function segmentsOf(path: string): string[] | undefined {
  if (path.startsWith("/") || path.includes("\0")) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : parts;
}

/** Whether a folder is there, with no symlink on the way. */
export async function isFolder(root: string, parts: readonly string[]): Promise<boolean> {
  for (let count = 1; count <= parts.length; count += 1) {
    const info = await lstat(join(root, ...parts.slice(0, count))).catch(() => undefined);
    if (info?.isDirectory() !== true) return false;
  }
  return true;
}

export type FileContent = { text: string } | { missing: true } | { unreadable: string };

/** Only once nothing runs in the folder any more; the last step is checked on the open descriptor. */
export async function readBeneath(
  root: string,
  parts: readonly string[],
  maxBytes: number,
): Promise<FileContent> {
  const opened = await openBeneath(root, parts);
  if (!("handle" in opened)) return opened;
  const { handle } = opened;
  try {
    const info = await handle.stat();
    if (!info.isFile()) return { unreadable: "it is not a file" };
    if (info.size > maxBytes) return { unreadable: `it is larger than ${maxBytes} bytes` };
    return { text: await handle.readFile("utf8") };
  } finally {
    await handle.close();
  }
}

async function openBeneath(
  root: string,
  parts: readonly string[],
): Promise<{ handle: FileHandle } | { missing: true } | { unreadable: string }> {
  const path = join(root, ...parts);
  if (!(await isFolder(root, parts.slice(0, -1)))) {
    const there = await lstat(path).catch(() => undefined);
    return there === undefined ? { missing: true } : { unreadable: "a symlink is on the way to it" };
  }
  try {
    return { handle: await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return { missing: true };
    return { unreadable: code === "ELOOP" ? "it is a symlink" : String(error) };
  }
}

/** Removes a report that came with the tree: only what this run writes counts. */
export async function removeBeneath(root: string, parts: readonly string[]): Promise<void> {
  if (!(await isFolder(root, parts.slice(0, -1)))) return;
  // A folder or a link may stand there: the tree's doing, and no reason to give up.
  await rm(join(root, ...parts), { recursive: true, force: true });
}
