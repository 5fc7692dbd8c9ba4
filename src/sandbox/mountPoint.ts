/**
 * The place inside a workspace where a sealed folder will show. Agents write in workspaces, so what stands there is
 * theirs: every segment is reached through an open descriptor and no symbolic link is followed, whoever looks at it
 * later: bubblewrap, which would follow one out of the workspace, or a copying runner.
 */
import { constants, existsSync, type Stats } from "node:fs";
import { type FileHandle, lchown, lstat, mkdir, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../ports/sandbox.ts";

/** Linux reaches an entry through its folder's descriptor; elsewhere only the last segment is guarded. */
const descriptors = existsSync("/proc/self/fd");
const asFolder = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

interface Place {
  handle: FileHandle;
  path: string;
}

/**
 * Makes `workspace`/`path` a folder: missing ones are made, a file or link at the end is removed, a folder stays
 * with what is in it. A file or link on the way is no place to mount: SandboxError `refused`. `path` is relative,
 * normalised and without `..`.
 */
export async function prepareMountPoint(workspace: string, path: string): Promise<void> {
  const parts = path.split("/");
  const last = parts.pop() ?? "";
  let place: Place = { handle: await open(workspace, asFolder), path: workspace };
  try {
    for (const part of parts) {
      const next = await enter(place, part);
      await place.handle.close();
      place = next;
    }
    const found = await look(place, last);
    if (found?.isDirectory() === true) return;
    if (found !== undefined) await unlink(entry(place, last));
    await make(place, last);
  } catch (cause) {
    if (cause instanceof SandboxError) throw cause;
    const message = `nothing can be mounted at ${path} in ${workspace}: ${String(cause)}`;
    throw new SandboxError("refused", message, { cause });
  } finally {
    await place.handle.close();
  }
}

async function enter(parent: Place, name: string): Promise<Place> {
  const path = join(parent.path, name);
  const found = await look(parent, name);
  if (found === undefined) {
    await make(parent, name);
  } else if (!found.isDirectory()) {
    const kind = found.isSymbolicLink() ? "a symbolic link" : "a file";
    throw new SandboxError("refused", `${path} is ${kind} and not a folder: nothing can be mounted below it`);
  }
  return { handle: await open(entry(parent, name), asFolder), path };
}

/** Who owns the workspace owns what is made in it, or an agent could not write beside the mount. */
async function make(parent: Place, name: string): Promise<void> {
  await mkdir(entry(parent, name), 0o755);
  if (process.getuid?.() !== 0) return;
  const owner = await parent.handle.stat();
  await lchown(entry(parent, name), owner.uid, owner.gid);
}

const look = async (parent: Place, name: string): Promise<Stats | undefined> =>
  await lstat(entry(parent, name)).catch(() => undefined);

const entry = (parent: Place, name: string): string =>
  descriptors ? `/proc/self/fd/${String(parent.handle.fd)}/${name}` : join(parent.path, name);
