/**
 * The bare repository that belongs to one mission: where it lives, how it is made from the user's
 * repository, and how it stays small. Nothing but Houston ever writes in it.
 */
import { randomBytes } from "node:crypto";
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { exists, sweep, syncPath, syncTree, writeRef } from "./durable.ts";
import { bigFileThreshold, fetchFromFolder, git, line, saysDiskFull, tryGit } from "./git.ts";
import { objectId, segment } from "./names.ts";
import type { Repository } from "./objects.ts";
import { refuseIfPartial, type UserRepository } from "./userRepository.ts";

const baseRef = "refs/houston/base";
const snapshotRefs = "refs/houston/snapshots";

/**
 * Outranks every .gitattributes of the tree: no conversion, no filter, no chosen diff or merge
 * driver, so that what is stored is byte for byte what was there.
 */
export const neutralAttributes = "* -text -eol -ident -filter -working-tree-encoding !diff !merge\n";

/** The folders of one mission below Houston's directory. */
export interface MissionFolders {
  root: string;
  repository: string;
  work: string;
  temporary: string;
}

export function missionFolders(directory: string, missionId: string): MissionFolders {
  const root = join(directory, segment("mission id", missionId));
  return { root, repository: join(root, "repo.git"), work: join(root, "work"), temporary: join(root, "tmp") };
}

/** The folders on the way to a workspace let other accounts pass, the rest is ours alone. */
export async function makeMissionFolders(folders: MissionFolders): Promise<void> {
  await mkdir(folders.root, { recursive: true, mode: 0o711 });
  await mkdir(folders.work, { recursive: true, mode: 0o711 });
  await mkdir(folders.temporary, { recursive: true, mode: 0o700 });
}

export function missionRepository(folders: MissionFolders): Repository {
  return { place: { gitDir: folders.repository }, cwd: folders.root };
}

/** Each capture's commit has a ref of its own, so that nothing removes it. */
export const snapshotRef = (commit: string): string => `${snapshotRefs}/${commit}`;

/** Makes the way to the repository durable: its own name, the mission's, and that of the folder of all missions. */
export async function syncRepositoryName({ root }: MissionFolders): Promise<void> {
  for (const folder of [root, dirname(root), dirname(dirname(root))]) await syncPath(folder);
}

/** The base, if the repository has been made. */
export async function recordedBase(folders: MissionFolders): Promise<Snapshot | undefined> {
  if (!(await exists(folders.repository))) return undefined;
  const commit = (await readFile(join(folders.repository, baseRef), "utf8")).trim();
  return await snapshotOf(missionRepository(folders), commit);
}

export async function snapshotOf(repository: Repository, commit: string): Promise<Snapshot> {
  const args = [
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    `${objectId("commit", commit)}^{tree}`,
  ];
  const result = await tryGit({ ...repository, args });
  if (result.code !== 0)
    throw new WorkspaceError("missingSnapshot", `the mission's repository does not hold ${commit}`);
  return { commit, tree: line(result.stdout) };
}

/**
 * Makes the repository with the base commit in it: under another name, synced, then renamed, so that
 * a repository that exists is complete. History before the base stays where it is; nothing is shared,
 * so the origin may be pruned or deleted.
 */
export async function importBase(
  folders: MissionFolders,
  user: UserRepository,
  commit: string,
): Promise<Snapshot> {
  await refuseIfPartial(user, commit);
  await makeMissionFolders(folders);
  await sweep(folders.root, "repo.git.");
  const making = `${folders.repository}.${randomBytes(6).toString("hex")}`;
  const repository: Repository = { place: { gitDir: making }, cwd: folders.root };
  try {
    const format = commit.length === 64 ? "sha256" : "sha1";
    await git({
      cwd: folders.root,
      args: ["init", "--quiet", "--bare", "--template=", `--object-format=${format}`, making],
    });
    await mkdir(join(making, "info"), { recursive: true });
    await writeFile(join(making, "info", "attributes"), neutralAttributes);
    for (const [name, value] of settings) await git({ ...repository, args: ["config", name, value] });
    await fetchBase(repository, folders, user, commit);
    await writeRef(making, baseRef, commit);
    // Now, because a capture that made it and was killed before its sync would let the next one think it safe.
    await mkdir(join(making, snapshotRefs), { recursive: true });
    const snapshot = await snapshotOf(repository, commit);
    await syncTree(making);
    await rename(making, folders.repository);
    await syncRepositoryName(folders);
    return snapshot;
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
}

/** Another mission's repository under a mission's own name: complete or not there, and nothing shared. */
export async function copyRepository(from: MissionFolders, to: MissionFolders): Promise<void> {
  if (await exists(to.repository)) return;
  await makeMissionFolders(to);
  await sweep(to.root, "repo.git.");
  const making = `${to.repository}.${randomBytes(6).toString("hex")}`;
  try {
    // What is still being written has another name until it is whole.
    const isWhole = (path: string): boolean => !/(?:^tmp_|\.lock$)/.test(basename(path));
    await cp(from.repository, making, { recursive: true, filter: isWhole });
    await syncTree(making);
    await rename(making, to.repository);
    await syncRepositoryName(to);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
}

const settings = [
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["core.fsync", "all"],
  ["core.fsyncMethod", "fsync"],
  ["core.hooksPath", "/dev/null"],
  ["core.bigFileThreshold", bigFileThreshold],
  ["core.logAllRefUpdates", "false"],
  ["protocol.allow", "never"],
  ["protocol.file.allow", "always"],
  ["transfer.hideRefs", "refs/houston"],
  ["uploadpack.allowAnySHA1InWant", "true"],
] as const;

async function fetchBase(
  repository: Repository,
  folders: MissionFolders,
  user: UserRepository,
  commit: string,
): Promise<void> {
  // The serving side takes settings from a file only; the repository may belong to the user while we are root.
  const trust = join(folders.temporary, "fetch.gitconfig");
  await writeFile(trust, `[safe]\n\tdirectory = *\n[core]\n\tbigFileThreshold = ${bigFileThreshold}\n`, {
    mode: 0o600,
  });
  const options =
    "--quiet --depth=1 --update-shallow --no-tags --no-write-fetch-head --no-auto-maintenance --no-recurse-submodules";
  const fetched = await tryGit({
    ...repository,
    config: ["fetch.unpackLimit=1", "fetch.fsckObjects=false"],
    env: { ...fetchFromFolder, GIT_CONFIG_GLOBAL: trust },
    args: ["fetch", ...options.split(" "), "--end-of-options", user.place.commonDir, commit],
  });
  if (fetched.code === 0) return;
  throw new WorkspaceError(
    saysDiskFull(fetched.stderr) ? "diskFull" : "baseMissing",
    `${user.path} does not give all of commit ${commit}: ${fetched.stderr}`,
  );
}
