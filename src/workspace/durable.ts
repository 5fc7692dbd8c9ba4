/**
 * Makes files, folders and refs survive a power cut. Git 2.39 with `core.fsync=all` syncs the
 * contents of packs, indices, loose objects and refs, but never the directory that names them; so
 * that is done here.
 */
import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
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
