/**
 * Brings a mission's change into the user's work tree as uncommitted changes: all of it or nothing. The
 * index, HEAD and every file that the change does not touch stay as they are; nothing is converted or
 * filtered, no configuration of the repository is asked.
 */
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkspaceError } from "../ports/workspace.ts";
import type { MissionId } from "../protocol/ids.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { type Difference, differences } from "./contents.ts";
import { git, line, tryGit } from "./git.ts";
import { assertSafePath, pathText } from "./names.ts";
import { type Entry, type Listing, listTree, modeOf, readBlobs, type Repository } from "./objects.ts";
import type { UserRepository } from "./userRepository.ts";
import { bytesOf, carryOut, type Edit, presentAt } from "./workTree.ts";

export interface AppliesChanges {
  /**
   * Applies what differs between two snapshots to the work tree at `repositoryPath`, uncommitted; the paths it
   * wrote or removed, sorted. A `conflict` that names the paths, and nothing touched, when the user has uncommitted
   * changes in one of them or when the two versions do not merge cleanly. Killed in between, it goes on when it is
   * called again: what stands there already is left alone.
   */
  apply(request: {
    missionId: MissionId;
    repositoryPath: string;
    from: Snapshot;
    to: Snapshot;
  }): Promise<{ paths: string[] }>;
}

/** See `AppliesChanges`. */
export async function applyToWorkTree(
  user: UserRepository,
  mission: Repository,
  from: Snapshot,
  to: Snapshot,
): Promise<{ paths: string[] }> {
  const workTree = await workTreeOf(user);
  const changes = await differences(mission, from, to);
  for (const { path } of changes) assertSafePath(path);
  refuse("is a submodule, which only a merge of the delivered branch can move", changes.filter(isSubmodule));
  const present: Listing = new Map();
  for (const { path } of changes) {
    const entry = await presentAt(workTree, path, to.commit);
    if (entry !== undefined) present.set(path, entry);
  }
  // What stands there already was applied before.
  const open = changes.filter(({ path, to: wanted }) => !isSame(present.get(path), wanted));
  await refuseUncommitted(user, open, present);
  // In the work tree, so that renaming from there never leaves the file system.
  const staging = join(workTree, `.houston-apply-${randomBytes(6).toString("hex")}`);
  await mkdir(staging, { mode: 0o700 });
  try {
    const edits = await stageAll({ mission, from, to, workTree, staging }, open, present);
    await carryOut(workTree, staging, edits);
    return { paths: edits.map(({ path }) => pathText(path)).sort() };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function workTreeOf(user: UserRepository): Promise<string> {
  const found = await tryGit({
    cwd: user.path,
    config: ["safe.directory=*"],
    args: ["rev-parse", "--path-format=absolute", "--show-toplevel"],
  });
  if (found.code === 0) return line(found.stdout);
  throw new WorkspaceError("conflict", `${user.path} has no work tree to apply changes to`);
}

function isSubmodule({ from, to }: Difference): boolean {
  return from?.mode === "160000" || to?.mode === "160000";
}

function isSame(one: Entry | undefined, other: Entry | undefined): boolean {
  return one?.oid === other?.oid && one?.mode === other?.mode;
}

function refuse(why: string, changes: readonly { path: string }[]): void {
  if (changes.length === 0) return;
  const paths = changes.map(({ path }) => JSON.stringify(pathText(path))).sort();
  const named = paths.slice(0, 10);
  const rest = paths.length > named.length ? ` and ${paths.length - named.length} more` : "";
  throw new WorkspaceError("conflict", `nothing was applied: ${named.join(", ")}${rest} ${why}`);
}

/** Only what is the same in HEAD, index and work tree is replaced: nothing of it can be lost. */
async function refuseUncommitted(
  user: UserRepository,
  changes: readonly Difference[],
  present: Listing,
): Promise<void> {
  const { place, cwd } = user;
  const head = await tryGit({ place, cwd, args: ["rev-parse", "--verify", "--quiet", "HEAD^{tree}"] });
  const committed: Listing | string =
    head.code === 0 ? await listTree(user, line(head.stdout)) : new Map<string, Entry>();
  if (typeof committed === "string") throw new WorkspaceError("git", `HEAD cannot be read: ${committed}`);
  const staged = await readIndex(user);
  const touched = changes.filter(({ path }) => {
    const entry = committed.get(path);
    return !isSame(entry, present.get(path)) || !isSame(entry, staged.get(path));
  });
  refuse("differ from what is committed there: commit or stash that first, or merge the branch", touched);
}

/** The user's index; a path with a merge conflict is in it with no file that could be the same as another. */
async function readIndex({ place, cwd }: UserRepository): Promise<Listing> {
  const indexFile = join(place.gitDir, "index");
  const raw = await git({ place: { ...place, indexFile }, cwd, args: ["ls-files", "--stage", "-z"] });
  const listing: Listing = new Map();
  for (const record of raw.toString("latin1").split("\0")) {
    const [, mode = "", oid = "", stage, path = ""] = /^(\d+) (\w+) (\d)\t([^]*)$/.exec(record) ?? [];
    if (path !== "") listing.set(path, { mode: modeOf(mode), oid: stage === "0" ? oid : "" });
  }
  return listing;
}

interface Staging {
  mission: Repository;
  from: Snapshot;
  to: Snapshot;
  workTree: string;
  staging: string;
}

/** Prepares every new file beside the work tree's, so that a conflict is found before anything is touched. */
async function stageAll(request: Staging, changes: readonly Difference[], present: Listing): Promise<Edit[]> {
  const { mission, from, to, staging } = request;
  const moved = changes.filter(({ path, from: base }) => !isSame(present.get(path), base));
  const theirs = new Map(changes.flatMap(({ path, to: entry }) => (entry ? [[path, entry]] : [])));
  const bases = new Map(moved.flatMap(({ path, from: entry }) => (entry ? [[path, entry]] : [])));
  const theirFiles = await stageBlobs(mission, to, theirs, join(staging, "new"));
  const baseFiles = await stageBlobs(mission, from, bases, join(staging, "base"));
  const conflicts: Difference[] = [];
  for (const change of moved) {
    const files = { theirs: theirFiles.get(change.path), base: baseFiles.get(change.path) };
    if (!(await merge(request, change, present.get(change.path), files))) conflicts.push(change);
  }
  refuse("do not merge cleanly with what is committed there: merge the delivered branch instead", conflicts);
  return changes.map(({ path }) => {
    const staged = theirFiles.get(path);
    return { path, now: present.get(path), ...(staged === undefined ? {} : { staged }) };
  });
}

async function stageBlobs(
  repository: Repository,
  snapshot: Snapshot,
  listing: Listing,
  directory: string,
): Promise<Map<string, string>> {
  await mkdir(directory);
  const staged = new Map<string, string>();
  await readBlobs(repository, snapshot, listing, async (path, { mode }, _sizeBytes, content) => {
    const target = join(directory, String(staged.size));
    staged.set(path, target);
    if (mode === "120000") await symlink(await gather(content), target);
    else await writeFile(target, content, { flag: "wx", mode: modeBits(mode) });
  });
  return staged;
}

async function gather(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Merges the user's committed version into the staged file; false when that needs a person. */
async function merge(
  { mission, workTree, staging }: Staging,
  { path, from: base, to: wanted }: Difference,
  mine: Entry | undefined,
  files: { theirs: string | undefined; base: string | undefined },
): Promise<boolean> {
  if (base === undefined || wanted === undefined || mine === undefined) return false;
  if (files.theirs === undefined || files.base === undefined) return false;
  if ([base, wanted, mine].some(({ mode }) => mode === "120000")) return false;
  const merged = join(staging, "merged");
  await copyFile(bytesOf(workTree, path), merged);
  const args = ["merge-file", "--quiet", merged, files.base, files.theirs];
  const result = await tryGit({ ...mission, args });
  if (result.code !== 0) return false;
  const content = await readFile(merged);
  await rm(merged);
  await rm(files.theirs);
  const mode = wanted.mode === base.mode ? mine.mode : wanted.mode;
  await writeFile(files.theirs, content, { flag: "wx", mode: modeBits(mode) });
  return true;
}

/** The user's umask takes from it what it should. */
function modeBits(mode: Entry["mode"]): number {
  return mode === "100755" ? 0o777 : 0o666;
}
