/**
 * Looks at everything a folder holds and says how it differs from a listing, while a program may be
 * writing in it. Reads the folder through descriptors only, and never any git directory in it.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, createReadStream, fstatSync, readSync, type Stats } from "node:fs";
import { copyFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkspaceError } from "../ports/workspace.ts";
import { syncPath } from "./durable.ts";
import { absent, Breath, codeOf, Folder, hasGone, isUnreadable, unlessGone } from "./folder.ts";
import { git, line } from "./git.ts";
import { addRules, type IgnoreMemory, Ignores, noRules, type Rules } from "./ignores.ts";
import type { Changes, Importer } from "./importer.ts";
import { isGitDirectoryName, maxPathBytes } from "./names.ts";
import { blobHash, type Entry, type Listing, type Repository } from "./objects.ts";

/** How a file stood when it was read; all of it changes when its content does, see `settledMs` for when that is to be believed. */
export interface KnownFile {
  oid: string;
  dev: number;
  ino: number;
  size: number;
  /** These have a quarter of a microsecond; no two writes are closer. */
  mtimeMs: number;
  ctimeMs: number;
}

/** What earlier looks at the same folder found out; only makes the next one faster. */
export interface FolderMemory {
  files: Map<string, KnownFile>;
  ignores: IgnoreMemory;
}

export interface SurveyRequest {
  repository: Repository;
  directory: string;
  /** A private folder of ours. */
  temporary: string;
  listing: Listing;
  memory: FolderMemory;
  importer: Importer;
  /** Paths (byte strings) that are not looked at: what the listing has there stays. */
  except: ReadonlySet<string>;
}

/** Larger files are copied and hashed by git instead of being held in memory. */
const maxInMemoryBytes = 8 * 1024 * 1024;
const maxRulesBytes = 1024 * 1024;
/**
 * A file that is read counts as unchanged later only if it had been left alone for this long. A
 * program that writes through a memory map moves the timestamp only when the kernel has written the
 * page back, which it does within 35 seconds; and some file systems count whole seconds.
 */
const settledMs = 40_000;

const none: ReadonlySet<string> = new Set();

interface Found {
  name: string;
  path: string;
  stat: Stats;
  /** What the listing has there. */
  before: Entry | undefined;
}

/** What decides whether untracked entries of a directory are taken: its rules, or that it is ignored itself. */
type Judgement = Rules | "ignored";

export class Survey {
  readonly #request: SurveyRequest;
  readonly #ignores: Ignores;
  /** Directories that hold files of the listing. */
  readonly #directories = new Set<string>();
  readonly #found = new Set<string>();
  readonly #written = new Map<string, Entry>();
  /** What was read, and whether it may be left unread the next time. */
  readonly #looked = new Map<string, KnownFile | undefined>();
  readonly #hashLike: string;
  readonly #breath = new Breath();

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
    const root = Folder.open(this.#request.directory);
    try {
      await this.#visit(root, "", async () => noRules);
    } finally {
      root.close();
      await this.#ignores.close();
    }
    for (const path of this.#request.except) this.#keep(path);
    const removed = [...this.#request.listing.keys()].filter((path) => !this.#found.has(path));
    return { removed, written: this.#written };
  }

  /** What the next capture may trust; to be called only once the objects are safe. */
  remembered({ removed }: Changes): FolderMemory {
    const { files } = this.#request.memory;
    for (const path of removed) files.delete(path);
    for (const [path, known] of this.#looked) {
      if (known === undefined) files.delete(path);
      else files.set(path, known);
    }
    return { files, ignores: this.#ignores.decided };
  }

  /** `outer` is asked only when something untracked lies here, which most folders never have. */
  async #visit(folder: Folder, prefix: string, outer: () => Promise<Judgement>): Promise<void> {
    const entries = await this.#entries(folder, prefix);
    const judgement = once(async () => {
      const outside = await outer();
      return outside === "ignored" ? outside : await this.#rules(folder, prefix, outside, entries);
    });
    const untracked = entries.filter((found) => !this.#isTracked(found));
    const ignored = untracked.length === 0 ? none : await this.#ignored(prefix, judgement, untracked);
    for (const found of entries) {
      if (found.stat.isDirectory() || ignored.has(found.name) || this.#isUnchanged(found)) continue;
      await this.#leaf(folder, found);
      if (this.#breath.isDue()) await this.#breath.take();
    }
    for (const found of entries) {
      const { name, path, stat } = found;
      if (!stat.isDirectory() || ignored.has(name)) continue;
      const inner = once(async () =>
        (await this.#ignored(prefix, judgement, [found])).size > 0 ? "ignored" : await judgement(),
      );
      await this.#directory(folder, name, path, inner);
    }
  }

  async #entries(folder: Folder, prefix: string): Promise<Found[]> {
    const entries: Found[] = [];
    for (const name of unlessGone(() => folder.names()) ?? []) {
      const path = prefix + name;
      if (isGitDirectoryName(name) || this.#request.except.has(path)) continue;
      if (path.length > maxPathBytes) {
        throw new WorkspaceError(
          "git",
          `the folder holds a path longer than ${maxPathBytes} bytes: ${prefix.slice(0, 200)}…`,
        );
      }
      const stat = unlessGone(() => folder.stat(name));
      if (stat !== undefined) entries.push({ name, path, stat, before: this.#request.listing.get(path) });
      if (this.#breath.isDue()) await this.#breath.take();
    }
    return entries;
  }

  #isTracked({ path, stat, before }: Found): boolean {
    return before !== undefined || (stat.isDirectory() && this.#directories.has(path));
  }

  async #ignored(
    prefix: string,
    judgement: () => Promise<Judgement>,
    entries: readonly Found[],
  ): Promise<Set<string>> {
    const rules = await judgement();
    if (rules === "ignored") return new Set(entries.map(({ name }) => name));
    const candidates = entries.map(({ name, stat }) => ({ name, directory: stat.isDirectory() }));
    return await this.#ignores.of(prefix, rules, candidates);
  }

  async #rules(folder: Folder, prefix: string, outer: Rules, entries: readonly Found[]): Promise<Rules> {
    const own = entries.find(({ name }) => name === ".gitignore");
    if (own === undefined || !own.stat.isFile() || own.stat.size > maxRulesBytes) return outer;
    const content = await withFile(folder, ".gitignore", async (fd) =>
      readUpTo(fd, fstatSync(fd).size, maxRulesBytes),
    );
    return content instanceof Buffer ? addRules(outer, prefix, content) : outer;
  }

  async #directory(
    folder: Folder,
    name: string,
    path: string,
    outer: () => Promise<Judgement>,
  ): Promise<void> {
    let inner: Folder;
    try {
      inner = folder.openFolder(name);
    } catch (error) {
      if (isUnreadable(error)) this.#keep(path);
      else if (!hasGone(error)) throw error;
      return;
    }
    const before = this.#found.size;
    try {
      await this.#visit(inner, `${path}/`, outer);
    } finally {
      inner.close();
    }
    // A submodule stays what it was until somebody puts files there that are captured.
    if (this.#found.size === before && this.#request.listing.get(path)?.mode === "160000")
      this.#found.add(path);
  }

  /** What we may not look at stays as the parent has it, unless something else took its place. */
  #keep(path: string): void {
    for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1))
      if (this.#found.has(path.slice(0, end))) return;
    if (this.#request.listing.has(path)) this.#found.add(path);
    if (!this.#directories.has(path)) return;
    for (const known of this.#request.listing.keys())
      if (known.startsWith(`${path}/`)) this.#found.add(known);
  }

  /** Whether a file can be left unread; it is recorded then. */
  #isUnchanged({ path, stat, before }: Found): boolean {
    const seen = this.#request.memory.files.get(path);
    if (seen === undefined || !stat.isFile() || !isAsKnown(seen, stat)) return false;
    const mode = fileMode(stat);
    this.#found.add(path);
    if (before?.oid !== seen.oid || before.mode !== mode) this.#written.set(path, { mode, oid: seen.oid });
    return true;
  }

  async #leaf(folder: Folder, { name, path, stat }: Found): Promise<void> {
    if (stat.isSymbolicLink()) {
      const target = linkTarget(folder, name);
      if (target !== undefined) await this.#record(path, "120000", this.#hash(target), target);
      return;
    }
    // Pipes, sockets and devices are not content.
    if (!stat.isFile()) return;
    const outcome = await withFile(folder, name, async (fd) => {
      await this.#read(fd, path);
    });
    if (outcome === "unreadable" && this.#request.listing.has(path)) this.#found.add(path);
  }

  async #read(fd: number, path: string): Promise<void> {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return;
    const readAtMs = Date.now();
    const content = readUpTo(fd, stat.size, maxInMemoryBytes);
    const oid = content === undefined ? await this.#storeLarge(fd) : this.#hash(content);
    this.#looked.set(path, stat.ctimeMs + settledMs < readAtMs ? knownFile(stat, oid) : undefined);
    await this.#record(path, fileMode(stat), oid, content);
  }

  #hash(content: Buffer): string {
    return blobHash(content.length, this.#hashLike).update(content).digest("hex");
  }

  /** From a private copy, because git reads a file twice and its program may still be writing. */
  async #storeLarge(fd: number): Promise<string> {
    const { repository, temporary } = this.#request;
    const copy = join(temporary, `large-${randomBytes(8).toString("hex")}`);
    try {
      await copyOpened(fd, copy);
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

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return async () => await (answer ??= work());
}

function fileMode(stat: Stats): "100644" | "100755" {
  return (stat.mode & 0o100) === 0 ? "100644" : "100755";
}

export function knownFile({ dev, ino, size, mtimeMs, ctimeMs }: Stats, oid: string): KnownFile {
  return { oid, dev, ino, size, mtimeMs, ctimeMs };
}

function isAsKnown(known: KnownFile, stat: Stats): boolean {
  return (
    known.ctimeMs === stat.ctimeMs &&
    known.mtimeMs === stat.mtimeMs &&
    known.size === stat.size &&
    known.ino === stat.ino &&
    known.dev === stat.dev
  );
}

function linkTarget(folder: Folder, name: string): Buffer | undefined {
  try {
    return folder.linkTarget(name);
  } catch (error) {
    if (hasGone(error) || codeOf(error) === "EINVAL") return undefined;
    throw error;
  }
}

async function withFile<T>(
  folder: Folder,
  name: string,
  use: (fd: number) => Promise<T>,
): Promise<T | "unreadable" | undefined> {
  let fd: number;
  try {
    fd = folder.openFile(name);
  } catch (error) {
    if (isUnreadable(error)) return "unreadable";
    if (hasGone(error)) return undefined;
    throw error;
  }
  try {
    return await use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Undefined when the file is longer; never waits for a file that only grows. */
function readUpTo(fd: number, sizeBytes: number, maxBytes: number): Buffer | undefined {
  if (sizeBytes > maxBytes) return undefined;
  let buffer = Buffer.allocUnsafe(sizeBytes + 1);
  let length = 0;
  for (;;) {
    const wanted = buffer.length - length;
    const bytesRead = readSync(fd, buffer, length, wanted, length);
    length += bytesRead;
    if (length > maxBytes) return undefined;
    // A regular file gives less than asked for only at its end.
    if (bytesRead < wanted) return buffer.subarray(0, length);
    buffer = Buffer.concat([buffer, Buffer.allocUnsafe(Math.max(4096, length))]);
  }
}

/** As much as the file held when it was looked at; shares its blocks where the file system can. */
async function copyOpened(fd: number, target: string): Promise<void> {
  const cloned = await copyFile(
    `/proc/self/fd/${fd}`,
    target,
    constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL,
  )
    .then(() => true)
    .catch(() => false);
  if (cloned) return;
  // A clone that failed may have left an empty file.
  await unlink(target).catch(absent);
  const { size } = fstatSync(fd);
  const source = size > 0 ? createReadStream("", { fd, autoClose: false, start: 0, end: size - 1 }) : "";
  await writeFile(target, source, { flag: "wx", mode: 0o600 });
}
