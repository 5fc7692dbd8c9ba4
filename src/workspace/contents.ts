/** What snapshots hold and how they differ, for whoever judges them: names and contents, never a folder. */
import type { ChangedPath } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { git } from "./git.ts";
import { pathBytes, pathText } from "./names.ts";
import { type Entry, list, type Listing, readBlobs, type Repository } from "./objects.ts";

const maxDiffBytes = 64 * 1024 * 1024;

/** See `Workspaces.files`: regular files and links. A submodule has no files, so it is not among them. */
export async function filesOf(repository: Repository, snapshot: Snapshot): Promise<string[]> {
  const listing = await list(repository, snapshot);
  return [...listing]
    .filter(([, { mode }]) => mode !== "160000")
    .map(([path]) => pathText(path))
    .sort();
}

/** See `Workspaces.readFiles`. */
export async function readFiles(
  repository: Repository,
  snapshot: Snapshot,
  paths: readonly string[],
  maxBytes: number,
): Promise<Map<string, Uint8Array>> {
  const listing = await list(repository, snapshot);
  const wanted: Listing = new Map();
  for (const text of paths) {
    const path = pathBytes(text);
    const entry = listing.get(path);
    if (entry !== undefined) wanted.set(path, entry);
  }
  const found = new Map<string, Uint8Array>();
  await readSmall(
    repository,
    snapshot,
    wanted,
    () => maxBytes,
    (path, content) => {
      found.set(pathText(path), content);
    },
  );
  return found;
}

/** Gives the regular files of a listing that are not larger than they may be; paths are byte strings. */
export async function readSmall(
  repository: Repository,
  snapshot: Snapshot,
  listing: Listing,
  maxBytes: (path: string) => number,
  receive: (path: string, content: Buffer) => void,
): Promise<void> {
  const regular = [...listing].filter(([, { mode }]) => mode === "100644" || mode === "100755");
  const sizes = await sizesOf(
    repository,
    regular.map(([, entry]) => entry),
  );
  // One of unknown size is not there; the reading says so.
  const small = new Map(regular.filter(([path, { oid }]) => (sizes.get(oid) ?? 0) <= maxBytes(path)));
  await readBlobs(repository, snapshot, small, async (path, _entry, _sizeBytes, content) => {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    receive(path, Buffer.concat(chunks));
  });
}

async function sizesOf(repository: Repository, entries: readonly Entry[]): Promise<Map<string, number>> {
  if (entries.length === 0) return new Map();
  const answer = await git({
    ...repository,
    args: ["cat-file", "--batch-check=%(objectname) %(objectsize)", "--buffer"],
    stdin: entries.map(({ oid }) => `${oid}\n`).join(""),
  });
  const lines = answer.toString("latin1").trim().split("\n");
  return new Map(lines.map((text) => text.split(" ")).map(([oid = "", size]) => [oid, Number(size) || 0]));
}

/** How one path differs; absent where it was added or deleted. */
export interface Difference {
  /** A byte string. */
  path: string;
  from?: Entry;
  to?: Entry;
}

/** Everything that differs between two snapshots, submodules included. */
export async function differences(
  repository: Repository,
  from: Snapshot,
  to: Snapshot,
): Promise<Difference[]> {
  const before = await list(repository, from);
  const after = await list(repository, to);
  const found: Difference[] = [];
  for (const [path, entry] of before) {
    const other = after.get(path);
    if (other === undefined) found.push({ path, from: entry });
    else if (other.oid !== entry.oid || other.mode !== entry.mode)
      found.push({ path, from: entry, to: other });
  }
  for (const [path, entry] of after) if (!before.has(path)) found.push({ path, to: entry });
  return found;
}

/** See `Workspaces.changes`. */
export async function changesBetween(
  repository: Repository,
  from: Snapshot,
  to: Snapshot,
): Promise<ChangedPath[]> {
  return (await differences(repository, from, to))
    .map(({ path, from: before, to: after }): ChangedPath => {
      const change = before === undefined ? "added" : after === undefined ? "deleted" : "modified";
      return { path: pathText(path), change };
    })
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** See `Workspaces.diff`. */
export async function diff(repository: Repository, from: Snapshot, to: Snapshot): Promise<string> {
  await list(repository, from);
  await list(repository, to);
  const args = "diff-tree -r -p -M --full-index --no-color --no-textconv --no-ext-diff --submodule=short";
  const text = await git({
    ...repository,
    args: [...args.split(" "), "--end-of-options", from.tree, to.tree],
    maxOutputBytes: maxDiffBytes,
  });
  return text.toString("utf8");
}
