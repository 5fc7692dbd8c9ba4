/**
 * Takes what a setup has made out of the folder it was made in and seals it. Dependencies may run programs of their
 * own while they are installed, so nothing here is taken for what it seems; but all of those programs have ended.
 */
import { randomUUID } from "node:crypto";
import {
  chmod,
  copyFile,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  unlink,
} from "node:fs/promises";
import { basename, join, normalize } from "node:path";
import { EnvironmentError } from "../ports/environment.ts";
import type { SetupSpec } from "../protocol/environment.ts";

/** Where tools write among installed packages; the box mounts a private folder over each that is empty. */
const caches = [".cache", ".vite", ".vite-temp", ".vitest"];
const inParallel = 16;

/** Paths of all outputs in a workspace, each once; what lies in another is part of that one. */
export function outputsOf(setups: SetupSpec[]): string[] {
  const paths = setups.flatMap(({ cwd = "", outputs }) => outputs.map((path) => cleanPath(join(cwd, path))));
  return [...new Set(paths)].filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}

function cleanPath(path: string): string {
  const clean = normalize(path).replace(/\/$/, "");
  if (["", ".", ".."].includes(clean.split("/")[0] ?? "") || clean.startsWith(".git/") || clean === ".git") {
    throw new EnvironmentError(
      "setup",
      `${path} cannot be an output of a setup: it must be a folder of the tree`,
    );
  }
  return clean;
}

/** Moves each output of `from` to `to`, numbered, and makes its files read-only, all of it the runner's own, and durable. Throws EnvironmentError. */
export async function sealOutputs(
  outputs: string[],
  from: string,
  to: string,
  log: Uint8Array,
): Promise<void> {
  const root = await realpath(from);
  for (const [index, output] of outputs.entries()) {
    const path = join(root, output);
    const target = await realpath(path).catch(() => undefined);
    if (target === undefined) {
      throw new EnvironmentError("setup", `the setup has made no folder ${output}`, log);
    }
    // A link in its path could lead to any folder of the host.
    if (target !== path || !(await lstat(path)).isDirectory()) {
      throw new EnvironmentError("setup", `${output} is a link or a file: an output must be a folder`, log);
    }
    // Moving a folder is a change in it.
    await chmod(path, 0o755);
    await rename(path, join(to, String(index)));
    await sealFolder(join(to, String(index)), basename(output) === "node_modules");
  }
}

async function sealFolder(folder: string, hasCaches: boolean): Promise<void> {
  if (hasCaches) {
    for (const name of caches) {
      await mkdir(join(folder, name)).catch(() => {
        // Something of that name was installed: it is shown as it is.
      });
    }
  }
  const paths = await entriesOf(folder);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) await sealEntry(path);
  };
  await Promise.all(Array.from({ length: inParallel }, work));
}

/** The folder and everything below it, as byte strings (latin1). */
async function entriesOf(folder: string): Promise<Buffer[]> {
  const paths = [Buffer.from(folder)];
  const visit = async (parent: Buffer): Promise<void> => {
    await chmod(parent, 0o755);
    for (const entry of await readdir(parent, { withFileTypes: true, encoding: "buffer" })) {
      const path = Buffer.concat([parent, Buffer.from("/"), entry.name]);
      if (!entry.isDirectory() && !entry.isFile() && !entry.isSymbolicLink()) {
        // A pipe or socket that some program has left.
        await unlink(path);
        continue;
      }
      paths.push(path);
      if (entry.isDirectory()) await visit(path);
    }
  };
  await visit(Buffer.from(folder));
  return paths;
}

async function sealEntry(path: Buffer): Promise<void> {
  const found = await lstat(path);
  if (process.getuid?.() === 0) await lchown(path, 0, 0);
  if (found.isSymbolicLink()) return;
  // Under its other names it could still be written.
  if (found.isFile() && found.nlink > 1) await makeOwn(path);
  // Folders stay as an ordinary runner can remove them; in a workspace all of it is mounted read-only.
  if (found.isFile()) await chmod(path, (found.mode & 0o111) === 0 ? 0o444 : 0o555);
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeOwn(path: Buffer): Promise<void> {
  const copy = Buffer.concat([path, Buffer.from(`.${randomUUID()}`)]);
  await chmod(path, 0o600);
  await copyFile(path, copy);
  await rename(copy, path);
}
