/**
 * Reads trees and blobs out of a mission's repository, checking every blob against its id, so that
 * damage after a power cut is found before anybody works on it.
 */
import { createHash, type Hash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { exists } from "./durable.ts";
import { collect, git, gitExit, gitFailed, type GitPlace, readable, startGit, tryGit } from "./git.ts";
import { objectId } from "./names.ts";

export type Mode = "100644" | "100755" | "120000" | "160000";

export interface Entry {
  mode: Mode;
  oid: string;
}

/** All files of a tree by path (a byte string), submodules included. */
export type Listing = Map<string, Entry>;

/** Where objects are read from and written to. */
export interface Repository {
  place: GitPlace;
  /** A neutral folder commands run in. */
  cwd: string;
}

/** Starts the hash that gives a blob its id; SHA-256 where the repository uses it. */
export function blobHash(sizeBytes: number, like: string): Hash {
  const hash = createHash(like.length === 64 ? "sha256" : "sha1");
  return hash.update(`blob ${sizeBytes}\0`);
}

/** The files of a snapshot; `missingSnapshot` when it or its tree is not what the repository holds. */
export async function list(repository: Repository, snapshot: Snapshot): Promise<Listing> {
  objectId("commit", snapshot.commit);
  objectId("tree", snapshot.tree);
  if (!(await exists(repository.place.gitDir))) throw missing(snapshot, "the mission has no repository yet");
  const revision = await tryGit({
    ...repository,
    args: ["rev-parse", "--verify", "--quiet", "--end-of-options", `${snapshot.commit}^{tree}`],
  });
  const tree = revision.stdout.toString("latin1").trim();
  if (revision.code !== 0 || tree !== snapshot.tree)
    throw missing(snapshot, "its commit or tree is not there");
  const listed = await listTree(repository, snapshot.tree);
  if (typeof listed === "string") throw missing(snapshot, listed);
  return listed;
}

/** The files of a tree; git's words when it is not all there. */
export async function listTree({ place, cwd }: Repository, tree: string): Promise<Listing | string> {
  const args = ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", tree];
  const listed = await tryGit({ place, cwd, args });
  if (listed.code !== 0) return listed.stderr;
  const listing: Listing = new Map();
  for (const record of listed.stdout.toString("latin1").split("\0")) {
    const match = /^(\d{6}) \w+ ([0-9a-f]+)\t([^]*)$/.exec(record);
    const [, mode = "", oid = "", path = ""] = match ?? [];
    if (match !== null) listing.set(path, { mode: modeOf(mode), oid });
  }
  return listing;
}

/** Old repositories hold modes such as 100664, which git itself reads as 100644. */
export function modeOf(mode: string): Mode {
  if (mode === "120000" || mode === "160000" || mode === "100755") return mode;
  return "100644";
}

export function missing(snapshot: Snapshot, why: string): WorkspaceError {
  return new WorkspaceError(
    "missingSnapshot",
    `the mission's repository does not hold ${snapshot.commit}: ${why}`,
  );
}

/** When the commit was made, in seconds. */
export async function commitTime(repository: Repository, commit: string): Promise<number> {
  const raw = (await git({ ...repository, args: ["cat-file", "commit", commit] })).toString("latin1");
  return Number(/^committer .*> (\d+) [+-]\d+$/m.exec(raw)?.[1] ?? 0);
}

/** Takes bytes off a stream, by line and by count. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Undefined at the end of the stream. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        const text = this.#rest.subarray(0, end).toString("latin1");
        this.#rest = this.#rest.subarray(end + 1);
        return text;
      }
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#rest = Buffer.concat([this.#rest, next.value]);
    }
  }

  /** Ends early when the stream does. */
  async *take(sizeBytes: number): AsyncGenerator<Buffer> {
    let left = sizeBytes;
    while (left > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done === true) return;
        this.#rest = next.value;
      }
      const chunk = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(chunk.length);
      left -= chunk.length;
      yield chunk;
    }
  }
}

export type Receive = (
  path: string,
  entry: Entry,
  sizeBytes: number,
  content: AsyncIterable<Buffer>,
) => Promise<void>;

/** Gives every blob of a listing in turn; `receive` reads the content to its end. Throws on a missing or damaged one. */
export async function readBlobs(
  repository: Repository,
  snapshot: Snapshot,
  listing: Listing,
  receive: Receive,
): Promise<void> {
  const files = [...listing].filter(([, entry]) => entry.mode !== "160000");
  if (files.length === 0) return;
  const child = startGit({ ...repository, args: ["cat-file", "--batch", "--buffer"] });
  const err = collect(child.stderr, 16 * 1024);
  const ended = gitExit(child);
  ended.catch(() => undefined);
  child.stdin.on("error", () => undefined);
  child.stdin.end(files.map(([, entry]) => `${entry.oid}\n`).join(""));
  try {
    const reader = new ByteReader(child.stdout);
    for (const [path, entry] of files) await readBlob(reader, snapshot, path, entry, receive);
    const code = await ended;
    if (code !== 0) throw missing(snapshot, readable(err.bytes()));
  } finally {
    child.kill("SIGKILL");
  }
}

async function readBlob(
  reader: ByteReader,
  snapshot: Snapshot,
  path: string,
  entry: Entry,
  receive: Receive,
): Promise<void> {
  const header = await reader.line();
  const [, oid = "", size = ""] = /^([0-9a-f]+) blob (\d+)$/.exec(header ?? "") ?? [];
  if (oid !== entry.oid) throw missing(snapshot, `${JSON.stringify(path)} is missing or damaged`);
  const sizeBytes = Number(size);
  const hash = blobHash(sizeBytes, entry.oid);
  await receive(path, entry, sizeBytes, hashed(reader.take(sizeBytes), hash));
  if (hash.digest("hex") !== entry.oid) throw missing(snapshot, `${JSON.stringify(path)} is damaged`);
  await reader.line();
}

async function* hashed(content: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
}

/** Copies a tree, or a commit with the history that is there, so that the target holds all of it by itself. */
export async function copyObjects(
  from: Repository,
  object: string,
  to: Repository & { config?: string[] },
): Promise<void> {
  const packing = startGit({
    place: from.place,
    cwd: from.cwd,
    args: ["pack-objects", "--quiet", "--revs", "--stdout"],
  });
  const { place, cwd, config = [] } = to;
  const indexing = startGit({ place, cwd, config, args: ["index-pack", "--stdin"] });
  const packError = collect(packing.stderr, 16 * 1024);
  const indexError = collect(indexing.stderr, 16 * 1024);
  indexing.stdout.resume();
  packing.stdin.on("error", () => undefined);
  packing.stdin.end(`${object}\n`);
  // A broken pipe is explained by the exit that caused it.
  const piped = pipeline(packing.stdout, indexing.stdin).catch(() => undefined);
  const [packed, indexed] = await Promise.all([gitExit(packing), gitExit(indexing), piped]);
  if (packed !== 0) throw gitFailed("pack-objects", { code: packed, stderr: readable(packError.bytes()) });
  if (indexed !== 0) throw gitFailed("index-pack", { code: indexed, stderr: readable(indexError.bytes()) });
}
