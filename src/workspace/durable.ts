/**
 * Makes files, folders and refs survive a power cut. Git 2.39 with `core.fsync=all` syncs the
 * contents of packs, indices, loose objects and refs, but never the directory that names them; so
 * that is done here.
 */
import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { absent } from "./folder.ts";

export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Syncs every file and folder of a tree that only we write. */
export async function syncTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await syncTree(child);
    else if (entry.isFile()) await syncPath(child);
  }
  await syncPath(path);
}

/**
 * Points a ref at a commit. Written as git writes it but without a lock file, which a kill would
 * leave behind and which would then block the same ref for ever; only Houston writes these refs.
 */
export async function writeRef(gitDir: string, ref: string, commit: string): Promise<void> {
  const path = join(gitDir, ref);
  const staging = join(gitDir, "houston");
  await mkdir(staging, { recursive: true });
  await makeDurably(dirname(path));
  const temporary = join(staging, randomBytes(8).toString("hex"));
  const handle = await open(temporary, "wx", 0o644);
  try {
    await handle.writeFile(`${commit}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/** Makes a folder and those above it, syncing each parent that gained an entry. */
export async function makeDurably(path: string): Promise<void> {
  if (await exists(path)) return;
  await makeDurably(dirname(path));
  await mkdir(path, { recursive: true });
  await syncPath(dirname(path));
}

/**
 * Makes durable that a repository has its objects, wherever git put new ones: each in a folder of its own, in
 * packs, and `shallow`, which git does not sync. Others work there too, so what has gone meanwhile is passed over.
 */
export async function syncObjects(gitDir: string): Promise<void> {
  const objects = join(gitDir, "objects");
  const folders = (await readdir(objects)).filter((name) => /^([0-9a-f]{2}|pack)$/.test(name));
  await Promise.all(folders.map(async (name) => await syncPath(join(objects, name)).catch(absent)));
  await syncPath(objects);
  await syncPath(join(gitDir, "shallow")).catch(absent);
  await syncPath(gitDir);
}

/**
 * Lets history end in `gitDir` where it ends in `sourceDir`. Git would do so during a fetch, but without a sync: after
 * a power cut its file could be empty, and with it all that a shallow clone knows. Git's own lock keeps others out.
 */
export async function addShallow(gitDir: string, sourceDir: string): Promise<void> {
  const target = join(gitDir, "shallow");
  const lock = `${target}.lock`;
  const wanted = await shallowCommits(sourceDir);
  const content = async (): Promise<string> =>
    [...new Set([...(await shallowCommits(gitDir)), ...wanted])].map((commit) => `${commit}\n`).join("");
  await removeDeadLock(lock, Buffer.from(await content()));
  const handle = await open(lock, "wx", 0o644);
  try {
    await handle.writeFile(await content());
    await handle.sync();
    await rename(lock, target);
  } catch (error) {
    await rm(lock, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await syncPath(gitDir);
}

async function shallowCommits(gitDir: string): Promise<string[]> {
  const content = await readFile(join(gitDir, "shallow"), "utf8").catch(absent);
  return content?.split("\n").filter(Boolean) ?? [];
}

/** Git holds such a lock for some milliseconds. */
const deadLockMs = 1_000;

/**
 * A write that was cut off leaves git's lock, which nobody would ever remove. Only one that holds `ours`, what we would
 * write there, or as much of it as reached the disk, and that no living git can still be holding; says whether it has gone.
 */
export async function removeDeadLock(lock: string, ours: Buffer): Promise<boolean> {
  const before = await stat(lock).catch(absent);
  if (before === undefined) return true;
  await setTimeout(Math.min(Math.max(0, before.mtimeMs + deadLockMs - Date.now()), deadLockMs));
  const after = await stat(lock).catch(absent);
  if (after === undefined) return true;
  if (after.ino !== before.ino || after.mtimeMs !== before.mtimeMs) return false;
  const content = await readFile(lock);
  if (content.length > ours.length || !content.every((byte, i) => byte === 0 || byte === ours[i]))
    return false;
  await rm(lock, { force: true });
  return true;
}

/** Makes durable where a ref stands: its file and the folders above, or the files that hold many refs. */
export async function syncRef(gitDir: string, ref: string): Promise<void> {
  const parts = ref.split("/");
  // Packing moves a ref out of its own file into the other, so that is looked at last.
  for (let count = parts.length; count > 0; count -= 1)
    await syncPath(join(gitDir, ...parts.slice(0, count))).catch(absent);
  await syncPath(join(gitDir, "packed-refs")).catch(absent);
  const tables = join(gitDir, "reftable");
  for (const name of await readdir(tables).catch((): string[] => []))
    await syncPath(join(tables, name)).catch(absent);
  await syncPath(tables).catch(absent);
  await syncPath(gitDir);
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

/** Removes what a killed process left: entries of a folder whose names start with `prefix`. */
export async function sweep(directory: string, prefix: string): Promise<void> {
  const names = await readdir(directory).catch((): string[] => []);
  for (const name of names) {
    if (name.startsWith(prefix)) await rm(join(directory, name), { recursive: true, force: true });
  }
}
