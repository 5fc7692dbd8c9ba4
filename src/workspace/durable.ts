/**
 * Makes files, folders and refs survive a power cut. Git 2.39 with `core.fsync=all` syncs the
 * contents of packs, indices, loose objects and refs, but never the directory that names them; so
 * that is done here.
 */
import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

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

/** A file that is either whole or absent after a crash, and there when this resolves. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const handle = await open(temporary, "wx", 0o644);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/**
 * Points a ref at a commit. Written as git writes it but without a lock file, which a kill would
 * leave behind and which would then block the same ref for ever; only Houston writes these refs.
 */
export async function writeRef(gitDir: string, ref: string, commit: string): Promise<void> {
  const path = join(gitDir, ref);
  const staging = join(gitDir, "houston");
  await mkdir(staging, { recursive: true });
  await makeDurably(dirname(path), gitDir);
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

/** Makes a folder below `root`, syncing each parent that gained an entry. */
export async function makeDurably(path: string, root: string): Promise<void> {
  if (await exists(path)) return;
  if (path !== root) await makeDurably(dirname(path), root);
  await mkdir(path, { recursive: true });
  await syncPath(dirname(path));
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
