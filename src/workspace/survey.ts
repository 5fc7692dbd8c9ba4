/**
 * Looks at everything a folder holds and says how it differs from a listing, while a program may be
 * writing in it. Reads the folder through descriptors only, and never any git directory in it.
 */
import { randomBytes } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { copyFile, type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { WorkspaceError } from "../ports/workspace.ts";
import { syncPath } from "./durable.ts";
import { absent, Folder, hasGone, isUnreadable } from "./folder.ts";
import { git, line } from "./git.ts";
import { addRules, type Candidate, type IgnoreMemory, Ignores, noRules, type Rules } from "./ignores.ts";
import type { Changes, Importer } from "./importer.ts";
import { isGitDirectoryName } from "./names.ts";
import { blobHash, type Entry, type Listing, type MissionRepository } from "./objects.ts";

/** What earlier captures of the same folder found out; only makes the next one faster. */
export interface FolderMemory {
  files: Map<string, { signature: string; oid: string }>;
  ignores: IgnoreMemory;
}

export interface SurveyRequest {
  repository: MissionRepository;
  directory: string;
  /** A private folder of ours. */
  temporary: string;
  listing: Listing;
  memory: FolderMemory;
  importer: Importer;
}

/** Larger files are copied and hashed by git instead of being held in memory. */
const maxInMemoryBytes = 8 * 1024 * 1024;
const maxRulesBytes = 1024 * 1024;
/** What git and the kernel can open again. */
const maxPathBytes = 4000;
const maxAtOnce = 16;
/**
 * A file counts as unchanged only if it had been left alone for this long when it was read. A
 * program that writes through a memory map moves the timestamp only when the kernel has written the
 * page back, which it does within 35 seconds; and some file systems count whole seconds.
 */
const settledMs = 40_000;

export class Survey {
  readonly #request: SurveyRequest;
  readonly #ignores: Ignores;
  /** Directories that hold files of the listing. */
  readonly #directories = new Set<string>();
  readonly #found = new Set<string>();
  readonly #written = new Map<string, Entry>();
  readonly #fresh: FolderMemory["files"] = new Map();
  readonly #hashLike: string;

  constructor(request: SurveyRequest, hashLike: string) {
    this.#request = request;
    this.#hashLike = hashLike;
    this.#ignores = new Ignores(request.repository, request.temporary, request.memory.ignores);
    for (const path of request.listing.keys()) {
      for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
        const directory = path.slice(0, end);
        if (this.#directories.has(directory)) break;
        this.#directories.add(directory);
      }
    }
  }

  async changes(): Promise<Changes> {
    const root = await Folder.open(this.#request.directory);
    try {
      await this.#visit(root, "", noRules, false);
    } finally {
      await root.close();
      await this.#ignores.close();
    }
    const removed = [...this.#request.listing.keys()].filter((path) => !this.#found.has(path));
    return { removed, written: this.#written };
  }

  /** What the next capture may trust; to be kept only once the objects are safe. */
  remembered(): FolderMemory {
    return { files: this.#fresh, ignores: this.#ignores.decided };
  }

  /** Gives how many entries the directory has that git could know. */
  async #visit(folder: Folder, prefix: string, outer: Rules, ignored: boolean): Promise<number> {
    const entries = await this.#entries(folder, prefix);
    const rules = ignored ? outer : await this.#rules(folder, prefix, outer, entries);
    const excluded = ignored
      ? new Set(entries.map(({ name }) => name))
      : await this.#ignores.of(prefix, rules, this.#candidates(prefix, entries));
    const files = entries.filter(({ stat }) => !stat.isDirectory());
    await inBatches(files, async ({ name, stat }) => {
      const path = prefix + name;
      if (!excluded.has(name) || this.#request.listing.has(path)) await this.#leaf(folder, name, path, stat);
    });
    for (const { name, stat } of entries) {
      const path = prefix + name;
      if (!stat.isDirectory() || (excluded.has(name) && !this.#hasTracked(path))) continue;
      await this.#directory(folder, name, path, rules, excluded.has(name));
    }
    return entries.length;
  }

  async #entries(folder: Folder, prefix: string): Promise<{ name: string; stat: BigIntStats }[]> {
    const entries: { name: string; stat: BigIntStats }[] = [];
    const all = (await folder.names().catch(absent)) ?? [];
    const names = all.filter((name) => !isGitDirectoryName(name));
    await inBatches(names, async (name) => {
      if (prefix.length + name.length > maxPathBytes) {
        throw new WorkspaceError(
          "git",
          `the folder holds a path longer than ${maxPathBytes} bytes: ${prefix.slice(0, 200)}…`,
        );
      }
      const stat = await folder.stat(name).catch(absent);
      if (stat !== undefined) entries.push({ name, stat });
    });
    return entries;
  }

  #candidates(prefix: string, entries: readonly { name: string; stat: BigIntStats }[]): Candidate[] {
    return entries
      .filter(({ name, stat }) => stat.isDirectory() || !this.#request.listing.has(prefix + name))
      .map(({ name, stat }) => ({ name, directory: stat.isDirectory() }));
  }

  #hasTracked(path: string): boolean {
    return this.#directories.has(path) || this.#request.listing.has(path);
  }

  async #rules(
    folder: Folder,
    prefix: string,
    outer: Rules,
    entries: readonly { name: string; stat: BigIntStats }[],
  ): Promise<Rules> {
    const own = entries.find(({ name }) => name === ".gitignore");
    if (own === undefined || !own.stat.isFile() || own.stat.size > maxRulesBytes) return outer;
    const content = await this.#withFile(folder, ".gitignore", async (handle) => {
      const { size } = await handle.stat();
      return await readUpTo(handle, size, maxRulesBytes);
    });
    return content instanceof Buffer ? addRules(outer, prefix, content) : outer;
  }

  async #directory(
    folder: Folder,
    name: string,
    path: string,
    rules: Rules,
    ignored: boolean,
  ): Promise<void> {
    let inner: Folder;
    try {
      inner = await folder.openFolder(name);
    } catch (error) {
      if (isUnreadable(error)) this.#keep(path);
      else if (!hasGone(error)) throw error;
      return;
    }
    try {
      const count = await this.#visit(inner, `${path}/`, rules, ignored);
      // A submodule that nobody filled stays what it was.
      if (count === 0 && this.#request.listing.get(path)?.mode === "160000") this.#found.add(path);
    } finally {
      await inner.close();
    }
  }

  /** What we may not read stays as the parent has it. */
  #keep(path: string): void {
    for (const known of this.#request.listing.keys()) {
      if (known === path || known.startsWith(`${path}/`)) this.#found.add(known);
    }
  }

  async #leaf(folder: Folder, name: string, path: string, stat: BigIntStats): Promise<void> {
    if (stat.isSymbolicLink()) {
      const target = await folder.linkTarget(name).catch((error: unknown) => {
        if (hasGone(error) || (error instanceof Error && "code" in error && error.code === "EINVAL"))
          return undefined;
        throw error;
      });
      if (target !== undefined) await this.#record(path, "120000", this.#hash(target), target);
      return;
    }
    // Pipes, sockets and devices are not content.
    if (!stat.isFile()) return;
    const seen = this.#request.memory.files.get(path);
    if (seen?.signature === signature(stat)) {
      this.#fresh.set(path, seen);
      await this.#record(path, modeOf(stat), seen.oid);
      return;
    }
    await this.#read(folder, name, path);
  }

  async #read(folder: Folder, name: string, path: string): Promise<void> {
    const outcome = await this.#withFile(folder, name, async (handle) => {
      const stat = await handle.stat({ bigint: true });
      if (!stat.isFile()) return;
      const readAtMs = Date.now();
      const content = await readUpTo(handle, Number(stat.size), maxInMemoryBytes);
      const oid = content === undefined ? await this.#storeLarge(handle) : this.#hash(content);
      if (Number(stat.ctimeNs / 1_000_000n) + settledMs < readAtMs) {
        this.#fresh.set(path, { signature: signature(stat), oid });
      }
      await this.#record(path, modeOf(stat), oid, content);
    });
    if (outcome === "unreadable" && this.#request.listing.has(path)) this.#found.add(path);
  }

  async #withFile<T>(
    folder: Folder,
    name: string,
    use: (handle: FileHandle) => Promise<T>,
  ): Promise<T | "unreadable" | undefined> {
    let handle: FileHandle;
    try {
      handle = await folder.openFile(name);
    } catch (error) {
      if (isUnreadable(error)) return "unreadable";
      if (hasGone(error)) return undefined;
      throw error;
    }
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  }

  #hash(content: Buffer): string {
    return blobHash(content.length, this.#hashLike).update(content).digest("hex");
  }

  /** From a private copy, because git reads a file twice and its program may still be writing. */
  async #storeLarge(handle: FileHandle): Promise<string> {
    const { repository, temporary } = this.#request;
    const copy = join(temporary, `large-${randomBytes(8).toString("hex")}`);
    try {
      await copyOpened(handle, copy);
      const args = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
      const oid = line(await git({ ...repository, args, stdin: `${copy}\n` }));
      const objects = join(repository.place.gitDir, "objects");
      for (const folder of [join(objects, oid.slice(0, 2)), join(objects, "pack"), objects]) {
        await syncPath(folder).catch(absent);
      }
      return oid;
    } finally {
      await unlink(copy).catch(absent);
    }
  }

  async #record(path: string, mode: Entry["mode"], oid: string, content?: Buffer): Promise<void> {
    this.#found.add(path);
    const before = this.#request.listing.get(path);
    if (before?.oid === oid && before.mode === mode) return;
    if (before?.oid !== oid && content !== undefined) await this.#request.importer.blob(content);
    this.#written.set(path, { mode, oid });
  }
}

function modeOf(stat: BigIntStats): Entry["mode"] {
  return (stat.mode & 0o100n) === 0n ? "100644" : "100755";
}

function signature(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/** Undefined when the file is longer; never waits for a file that only grows. */
async function readUpTo(
  handle: FileHandle,
  sizeBytes: number,
  maxBytes: number,
): Promise<Buffer | undefined> {
  if (sizeBytes > maxBytes) return undefined;
  let buffer = Buffer.allocUnsafe(sizeBytes + 1);
  let length = 0;
  for (;;) {
    const wanted = buffer.length - length;
    const { bytesRead } = await handle.read(buffer, length, wanted, length);
    length += bytesRead;
    if (length > maxBytes) return undefined;
    // A regular file gives less than asked for only at its end.
    if (bytesRead < wanted) return buffer.subarray(0, length);
    buffer = Buffer.concat([buffer, Buffer.allocUnsafe(Math.max(4096, length))]);
  }
}

/** As much as the file held when it was looked at; shares its blocks where the file system can. */
async function copyOpened(handle: FileHandle, target: string): Promise<void> {
  const cloned = await copyFile(
    `/proc/self/fd/${handle.fd}`,
    target,
    constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL,
  )
    .then(() => true)
    .catch(() => false);
  if (cloned) return;
  const { size } = await handle.stat();
  const out = await open(target, "w", 0o600);
  try {
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (let at = 0; at < size;) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) break;
      await out.writeFile(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await out.close();
  }
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += maxAtOnce) {
    await Promise.all(items.slice(at, at + maxAtOnce).map(work));
  }
}
