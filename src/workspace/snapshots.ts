/**
 * Makes a snapshot on top of another, by capture, by laying files over it or from a commit of the
 * user's. The same content on the same parent is the same commit, whenever and wherever it is made.
 */
import type { OverlayFile } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { writeRef } from "./durable.ts";
import { type Changes, Importer } from "./importer.ts";
import { type MissionFolders, missionRepository, snapshotRef } from "./missionRepository.ts";
import { pathToWrite } from "./names.ts";
import { blobHash, commitTime, copyObjects, type Entry, list, type Listing } from "./objects.ts";
import { tidy } from "./packs.ts";
import { treeOf, type UserRepository } from "./userRepository.ts";

/** A snapshot and its commit's time in seconds, which the next one on top of it needs. */
export interface Timed {
  snapshot: Snapshot;
  seconds?: number;
}

/** Commits the changes that are found, whose blobs the importer has been sent; gives the parent when there are none. */
export async function makeSnapshot(
  folders: MissionFolders,
  importer: Importer,
  { snapshot: parent, seconds: known }: Timed,
  message: string,
  find: () => Promise<Changes>,
): Promise<Timed & { changes: Changes }> {
  const repository = missionRepository(folders);
  try {
    const changes = await find();
    const isSame = changes.tree === undefined || changes.tree === parent.tree;
    if (isSame && changes.removed.length === 0 && changes.written.size === 0)
      return { snapshot: parent, changes, ...(known === undefined ? {} : { seconds: known }) };
    const seconds = (known ?? (await commitTime(repository, parent.commit))) + 1;
    const snapshot = await importer.commit(parent.commit, seconds, cleaned(message), changes);
    await writeRef(folders.repository, snapshotRef(snapshot.commit), snapshot.commit);
    return { snapshot, seconds, changes };
  } finally {
    await importer.close();
    await tidy(repository);
  }
}

/** A commit message without control characters. */
function cleaned(message: string): string {
  // oxlint-disable-next-line no-control-regex
  return `${message.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "").trim() || "snapshot"}\n`;
}

/** See `Workspaces.importCommit`; the parent itself when the commit has the same tree. */
export async function importCommit(
  folders: MissionFolders,
  user: UserRepository,
  commit: string,
  parent: Snapshot,
  message: string,
): Promise<Snapshot> {
  const repository = missionRepository(folders);
  await list(repository, parent);
  const tree = await treeOf(user, commit);
  // Not by fetch, which would write `shallow` anew without a sync, on which the mission's history rests.
  if (tree !== parent.tree) await copyObjects(user, tree, repository);
  const find = async (): Promise<Changes> => ({ tree, removed: [], written: new Map() });
  return (await makeSnapshot(folders, new Importer(repository), { snapshot: parent }, message, find))
    .snapshot;
}

/** See `Workspaces.overlay`; files are laid one after the other, so a later one wins. */
export async function overlay(
  folders: MissionFolders,
  snapshot: Snapshot,
  files: readonly OverlayFile[],
  message: string,
): Promise<Snapshot> {
  const repository = missionRepository(folders);
  const before = await list(repository, snapshot);
  const after = new Map(before);
  const contents = new Map<string, Buffer>();
  for (const { path: text, content, executable } of files) {
    const path = pathToWrite(text);
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const oid = blobHash(bytes.length, snapshot.commit).update(bytes).digest("hex");
    contents.set(oid, bytes);
    clearTheWay(after, path);
    after.set(path, { mode: executable === true ? "100755" : "100644", oid });
  }
  const importer = new Importer(repository);
  const find = async (): Promise<Changes> => {
    const written = [...after].filter(([path, entry]) => !isSameEntry(before.get(path), entry));
    for (const oid of new Set(written.map(([, entry]) => entry.oid))) {
      const content = contents.get(oid);
      if (content !== undefined) await importer.blob(content);
    }
    const removed = [...before.keys()].filter((path) => !after.has(path));
    return { removed, written: new Map(written) };
  };
  return (await makeSnapshot(folders, importer, { snapshot }, message, find)).snapshot;
}

function isSameEntry(one: Entry | undefined, other: Entry): boolean {
  return one?.oid === other.oid && one.mode === other.mode;
}

/** Removes what stands where a file is to be: a folder with all in it, or a file or link that would have to be a folder. */
function clearTheWay(listing: Listing, path: string): void {
  for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1))
    listing.delete(path.slice(0, end));
  for (const other of listing.keys()) if (other.startsWith(`${path}/`)) listing.delete(other);
}
