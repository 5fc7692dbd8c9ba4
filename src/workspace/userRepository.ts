/**
 * The user's repository: found, read for the base, and given the result as a new branch. Work tree,
 * index, HEAD and existing branches are never written.
 */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { addShallow, removeDeadLock, syncObjects, syncRef } from "./durable.ts";
import { fetchFromFolder, git, type GitPlace, type GitResult, gitFailed, line, tryGit } from "./git.ts";
import { objectId, plainBranchName } from "./names.ts";
import { copyObjects, type Repository } from "./objects.ts";

/** Who a branch's reflog names. */
const byHouston = { GIT_COMMITTER_NAME: "Houston", GIT_COMMITTER_EMAIL: "houston@localhost" };

export interface UserRepository {
  path: string;
  place: GitPlace & { commonDir: string };
  /** A neutral folder commands run in. */
  cwd: string;
  partial: boolean;
}

/** Finds the repository a path is in: a clone, a linked worktree, a folder inside, or a bare one. */
export async function findUserRepository(path: string): Promise<UserRepository> {
  const absolute = resolve(path);
  const info = await stat(absolute).catch(() => undefined);
  if (info?.isDirectory() !== true) {
    throw new WorkspaceError(
      "notARepository",
      `${absolute} is not a folder; give the path of a git repository`,
    );
  }
  // The user named this repository; whose files they are does not matter, nothing in it is executed.
  const found = await tryGit({
    cwd: absolute,
    config: ["safe.directory=*"],
    args: ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"],
  });
  const [gitDir, commonDir] = found.stdout.toString("utf8").split("\n");
  if (found.code !== 0 || !gitDir || !commonDir) {
    throw new WorkspaceError(
      "notARepository",
      `${absolute} is not in a git repository (git init, git add, git commit would make it one): ${found.stderr}`,
    );
  }
  const repository = { path: absolute, place: { gitDir, commonDir }, cwd: gitDir, partial: false };
  const promisor = await tryGit({
    ...repository,
    args: ["config", "--get-regexp", String.raw`^(remote\..*\.promisor|extensions\.partialclone)$`],
  });
  return { ...repository, partial: promisor.code === 0 };
}

/** The commit that `base` names there. */
export async function resolveBase(user: UserRepository, base: string): Promise<string> {
  const commit = await commitOf(user, base);
  if (commit !== undefined) return commit;
  const heads = await git({
    ...user,
    args: ["for-each-ref", "--count=10", "--format=%(refname:short)", "refs/heads"],
  });
  const names = line(heads).split("\n").filter(Boolean);
  if (names.length === 0 && (await commitOf(user, "HEAD")) === undefined) {
    throw new WorkspaceError("noCommit", `${user.path} has no commit yet; commit something to start from`);
  }
  const hint =
    names.length > 0 ? `its branches are ${names.join(", ")}` : "it has no branches; name a commit";
  throw new WorkspaceError(
    "baseMissing",
    `${user.path} has no commit called ${JSON.stringify(base)}; ${hint}`,
  );
}

async function commitOf(user: UserRepository, name: string): Promise<string | undefined> {
  // oxlint-disable-next-line no-control-regex
  if (name === "" || name.startsWith("-") || /[\u0000-\u001f]/.test(name)) return undefined;
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  const result = await tryGit({ ...user, args });
  return result.code === 0 ? line(result.stdout) : undefined;
}

async function refName(cwd: string, branch: string): Promise<string> {
  const ref = `refs/heads/${plainBranchName(branch)}`;
  if ((await tryGit({ cwd, args: ["check-ref-format", ref] })).code === 0) return ref;
  throw new WorkspaceError("git", `not a branch name git accepts: ${JSON.stringify(branch)}`);
}

/** Where the branch stands, if it exists. */
async function branchCommit(user: UserRepository, branch: string): Promise<string | undefined> {
  const ref = await refName(user.cwd, branch);
  const result = await tryGit({
    ...user,
    args: ["rev-parse", "--verify", "--quiet", "--end-of-options", ref],
  });
  return result.code === 0 ? line(result.stdout) : undefined;
}

export async function isDelivered(
  user: UserRepository,
  branch: string,
  snapshot: Snapshot,
): Promise<boolean> {
  if ((await branchCommit(user, branch)) !== snapshot.commit) return false;
  await syncDelivery(user, branch);
  return true;
}

/** Whoever made the branch may have been killed before it was safe, so it is never believed just because it is there. */
async function syncDelivery({ place, cwd }: UserRepository, branch: string): Promise<void> {
  await syncObjects(place.commonDir);
  await syncRef(place.commonDir, await refName(cwd, branch));
}

/** Fetches the snapshot from the mission's repository and makes the branch, both durable; see the port for conflicts. */
export async function deliverTo(
  user: UserRepository,
  from: Repository,
  base: string,
  branch: string,
  snapshot: Snapshot,
): Promise<void> {
  const commit = objectId("commit", snapshot.commit);
  const ref = await refName(user.cwd, branch);
  const current = await branchCommit(user, branch);
  if (current === commit) return await syncDelivery(user, branch);
  if (current !== undefined) throw standsElsewhere(user, branch, current, commit);
  await refuseIfCheckedOut(user, ref, branch);
  await fetchInto(user, from, base, commit);
  // Before the branch, which must not survive a power cut without them.
  await syncObjects(user.place.commonDir);
  const made = await makeBranch(user, ref, commit);
  if (made.code === 0) return await syncRef(user.place.commonDir, ref);
  const now = await branchCommit(user, branch);
  if (now === commit) return await syncDelivery(user, branch);
  if (now !== undefined) throw standsElsewhere(user, branch, now, commit);
  if (/exists; cannot create|is a prefix/.test(made.stderr)) {
    throw new WorkspaceError("conflict", `branch ${branch} cannot be made in ${user.path}: ${made.stderr}`);
  }
  throw gitFailed("update-ref", made);
}

async function makeBranch(user: UserRepository, ref: string, commit: string): Promise<GitResult> {
  const message = "houston: deliver the result of a mission";
  const args = ["update-ref", "--no-deref", "-m", message, ref, commit, "0".repeat(commit.length)];
  const made = await tryGit({ ...user, env: byHouston, args });
  const lock = join(user.place.commonDir, `${ref}.lock`);
  if (made.code === 0 || !made.stderr.includes(".lock': File exists")) return made;
  return (await removeDeadLock(lock, Buffer.from(`${commit}\n`)))
    ? await tryGit({ ...user, env: byHouston, args })
    : made;
}

function standsElsewhere(
  user: UserRepository,
  branch: string,
  current: string,
  wanted: string,
): WorkspaceError {
  return new WorkspaceError(
    "conflict",
    `branch ${branch} in ${user.path} stands at ${current}, not at ${wanted}; rename or delete it, or choose another branch`,
  );
}

/** A branch without a commit can still be somebody's HEAD. */
async function refuseIfCheckedOut(user: UserRepository, ref: string, branch: string): Promise<void> {
  const listed = await git({ ...user, args: ["worktree", "list", "--porcelain", "-z"] });
  for (const worktree of listed.toString("utf8").split("\0\0")) {
    const fields = worktree.split("\0");
    if (!fields.includes(`branch ${ref}`)) continue;
    const where = fields.find((field) => field.startsWith("worktree "))?.slice("worktree ".length);
    throw new WorkspaceError("conflict", `branch ${branch} is checked out in ${where ?? user.path}`);
  }
}

async function fetchInto(
  user: UserRepository,
  from: Repository,
  base: string,
  commit: string,
): Promise<void> {
  // Without the base, its history ends there, as in a shallow clone; with it, nothing is shallow.
  const hasBase = (await tryGit({ ...user, args: ["cat-file", "-e", `${base}^{commit}`] })).code === 0;
  // A partial clone lacks what a fetch takes for granted, so it is given everything from the base on.
  if (user.partial) await copyObjects(from, commit, user);
  for (const endsAtBase of hasBase ? [false, true] : [true]) {
    if (endsAtBase) await addShallow(user.place.commonDir, from.place.gitDir);
    const options =
      "--quiet --no-tags --no-write-fetch-head --no-auto-maintenance --no-prune --no-recurse-submodules";
    const args = ["fetch", ...options.split(" "), "--end-of-options", from.place.gitDir, commit];
    const config = ["fetch.writeCommitGraph=false"];
    const fetched = await tryGit({ ...user, config, env: fetchFromFolder, args });
    if (fetched.code !== 0) throw gitFailed("fetch", fetched);
    if (await isConnected(user, commit)) return;
  }
  throw new WorkspaceError("git", `commit ${commit} did not arrive whole in ${user.path}`);
}

/** Whether everything the commit needs is there, as git itself checks after a fetch. */
async function isConnected(user: UserRepository, commit: string): Promise<boolean> {
  const options = ["--objects", "--quiet", ...(user.partial ? ["--exclude-promisor-objects"] : [])];
  const args = ["rev-list", ...options, objectId("commit", commit), "--not", "--all"];
  const known = await tryGit({ ...user, args });
  return known.code === 0;
}

/** The tree of a commit, of which everything is there. */
export async function treeOf(user: UserRepository, commit: string): Promise<string> {
  await refuseIfPartial(user, commit);
  const args = ["rev-parse", "--verify", "--end-of-options", `${objectId("commit", commit)}^{tree}`];
  return line(await git({ ...user, args }));
}

/** Refuses a commit of which a partial clone lacks something: git would fetch that unasked, as soon as we read it. */
export async function refuseIfPartial(user: UserRepository, commit: string): Promise<void> {
  const count = await countMissing(user, commit);
  if (count === 0) return;
  throw new WorkspaceError(
    "baseMissing",
    `${user.path} is a partial clone and lacks ${count} objects of commit ${commit}: run "git fetch --refetch --no-filter" in it, or check that commit out there`,
  );
}

/** How many objects of a commit's tree a partial clone lacks; whatever lies below a missing folder is one. */
export async function countMissing(user: UserRepository, commit: string): Promise<number> {
  if (!user.partial) return 0;
  const args = ["rev-list", "--objects", "--no-walk", "--missing=print", objectId("commit", commit)];
  const listed = (await git({ ...user, args })).toString("latin1");
  return listed.split("\n").filter((text) => text.startsWith("?")).length;
}
