/** What a sealed environment follows from: the key it is asked for by, and the tree it was built in. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { EnvironmentError } from "../ports/environment.ts";
import type { SetupSpec } from "../protocol/environment.ts";

/** Raised when the same inputs are to give another environment. */
const format = 1;

/**
 * SHA-256 over the lockfiles found in `directory` (missing ones as missing), the setup commands with their folders
 * and outputs, the box, Node, platform and architecture. Throws EnvironmentError for a lockfile that is no file.
 */
export async function environmentKey(setups: SetupSpec[], directory: string, box: string): Promise<string> {
  const root = await realpath(directory);
  const parts = await Promise.all(
    setups.map(async ({ command, cwd = "", outputs, lockfiles }) => {
      const locks = await Promise.all(
        lockfiles.map(async (path) => [path, await lockDigest(root, join(cwd, path))]),
      );
      return { command, cwd, outputs, locks };
    }),
  );
  const { version, platform, arch } = process;
  const inputs = JSON.stringify({ format, box, version, platform, arch, setups: parts });
  return createHash("sha256").update(inputs).digest("hex");
}

/** Null when there is none. A link is refused: what it leads to may not be the same in the box. */
async function lockDigest(root: string, path: string): Promise<string | null> {
  const plain = join(root, path);
  const found = await lstat(plain).catch(() => undefined);
  if (found === undefined) return null;
  if (!found.isFile() || (await realpath(plain)) !== plain) {
    throw new EnvironmentError("setup", `the lockfile ${path} is not a plain file of the tree`);
  }
  return await contentDigest(plain);
}

/**
 * SHA-256 over every file and link of a folder that no program works in, but its git directory. A setup can read
 * all of them, so only an equal tree is sure to give an equal environment.
 */
export async function treeDigest(directory: string): Promise<string> {
  const whole = createHash("sha256");
  const visit = async (folder: Buffer, prefix: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true, encoding: "buffer" });
    for (const { name } of entries.toSorted((a, b) => a.name.compare(b.name))) {
      const at = Buffer.concat([folder, Buffer.from("/"), name]);
      const path = `${prefix}/${name.toString("latin1")}`;
      if (path === "/.git") continue;
      const found = await lstat(at);
      if (found.isDirectory()) {
        await visit(at, path);
      } else {
        const content = found.isSymbolicLink()
          ? `-> ${(await readlink(at, { encoding: "buffer" })).toString("latin1")}`
          : await contentDigest(at);
        whole.update(JSON.stringify([path, (found.mode & 0o100) !== 0, content]));
      }
    }
  };
  await visit(Buffer.from(directory), "");
  return whole.digest("hex");
}

async function contentDigest(path: string | Buffer): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}
