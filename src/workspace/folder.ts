/**
 * A directory that an agent may be changing while we look. Everything is reached through an open
 * descriptor, so that a folder swapped for a symlink cannot lead out of the tree; names are byte
 * strings (latin1).
 */
import { type BigIntStats, constants, existsSync } from "node:fs";
import { chmod, type FileHandle, lstat, open, readdir, readlink, rmdir, unlink } from "node:fs/promises";

/** Linux gives us openat: a path through the descriptor. Elsewhere only the last segment is guarded. */
const descriptors = existsSync("/proc/self/fd");
const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** A pipe must not wait for a writer, a leased file not for its holder. */
const asFile = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

export class Folder {
  readonly #handle: FileHandle;
  readonly #path: Buffer;

  private constructor(handle: FileHandle, path: Buffer) {
    this.#handle = handle;
    this.#path = descriptors ? Buffer.from(`/proc/self/fd/${handle.fd}`) : path;
  }

  static async open(path: string | Buffer): Promise<Folder> {
    const bytes = Buffer.from(path);
    return new Folder(await open(bytes, asDirectory), bytes);
  }

  async names(): Promise<string[]> {
    const names = await readdir(this.#path, { encoding: "buffer" });
    return names.map((name) => name.toString("latin1"));
  }

  async stat(name: string): Promise<BigIntStats> {
    return await lstat(this.#at(name), { bigint: true });
  }

  async openFolder(name: string): Promise<Folder> {
    return await Folder.open(this.#at(name));
  }

  async openFile(name: string): Promise<FileHandle> {
    return await open(this.#at(name), asFile);
  }

  async linkTarget(name: string): Promise<Buffer> {
    return await readlink(this.#at(name), { encoding: "buffer" });
  }

  /** Removes what is in the folder, following nothing. */
  async clear(): Promise<void> {
    for (const name of await this.names()) await this.#remove(name);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #remove(name: string): Promise<void> {
    const stat = await this.stat(name).catch(absent);
    if (stat === undefined) return;
    if (!stat.isDirectory()) {
      await unlink(this.#at(name)).catch(absent);
      return;
    }
    const inner = await this.openFolder(name).catch(async (error: unknown) => {
      if (codeOf(error) !== "EACCES") throw error;
      await chmod(this.#at(name), 0o700);
      return await this.openFolder(name);
    });
    try {
      // Entries cannot be removed from a folder that its owner made read-only.
      if ((stat.mode & 0o700n) !== 0o700n) await inner.#handle.chmod(0o700);
      await inner.clear();
    } finally {
      await inner.close();
    }
    await rmdir(this.#at(name)).catch(absent);
  }

  #at(name: string): Buffer {
    return Buffer.concat([this.#path, Buffer.from("/"), Buffer.from(name, "latin1")]);
  }
}

/** For a catch: what vanished meanwhile is undefined, anything else is thrown on. */
export function absent(error: unknown): undefined {
  if (hasGone(error)) return undefined;
  throw error;
}

/** Whether an error says that an entry vanished or became something else while we looked. */
export function hasGone(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EISDIR", "ESTALE", "ENODEV"].includes(codeOf(error));
}

/** Whether an error says that we may not read an entry, now or ever. */
export function isUnreadable(error: unknown): boolean {
  return ["EACCES", "EPERM", "EAGAIN"].includes(codeOf(error));
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
