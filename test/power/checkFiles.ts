/** Looks for every snapshot and branch in what a crash left, object by object; and goes on working there. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MissionId } from "../../src/protocol/ids.ts";
import { createWorkspaces } from "../../src/workspace/workspaces.ts";
import type { Report } from "./checkStore.ts";
import type { History, NamedSnapshot } from "./history.ts";
import { userFolder, workspacesIn } from "./layout.ts";

const env = {
  PATH: process.env["PATH"],
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  LC_ALL: "C",
};

function git(directory: string, args: string[], input = ""): Buffer {
  const options = {
    cwd: directory,
    env,
    input,
    maxBuffer: 1 << 30,
    stdio: ["pipe", "pipe", "pipe"] as ["pipe", "pipe", "pipe"],
  };
  return execFileSync("git", ["-c", "safe.directory=*", ...args], options);
}

export const repositoryOf = (root: string, missionId: MissionId): string =>
  join(workspacesIn(root), missionId, "repo.git");

/** Reads all that commits reach and compares each object with its name. */
function checkObjects(repository: string, commits: string[], what: string, report: Report): void {
  try {
    const ids = git(
      repository,
      ["rev-list", "--objects", "--no-object-names", "--stdin"],
      commits.map((commit) => `${commit}\n`).join(""),
    );
    const batch = git(repository, ["cat-file", "--batch", "--buffer"], ids.toString("latin1"));
    for (let at = 0; at < batch.length;) {
      const end = batch.indexOf(10, at);
      const [id = "", type = "", size = ""] = batch.toString("latin1", at, end).split(" ");
      const content = batch.subarray(end + 1, end + 1 + Number(size));
      const digest = createHash("sha1").update(`${type} ${size}\0`).update(content).digest("hex");
      if (digest !== id) return report(`${what} is damaged`, `${repository}: ${id} ${type}`);
      at = end + 2 + Number(size);
    }
  } catch (error) {
    const { stderr } = Object(error) as { stderr?: unknown };
    report(`${what} is lost`, `${repository}: ${String(stderr ?? error)}`);
  }
}

export function checkMission(
  root: string,
  missionId: MissionId,
  snapshots: NamedSnapshot[],
  report: Report,
): void {
  const mine = snapshots.filter((named) => named.missionId === missionId);
  const commits = [...new Set(mine.map(({ snapshot }) => snapshot.commit))];
  if (commits.length === 0) return;
  const repository = repositoryOf(root, missionId);
  if (existsSync(join(repository, "HEAD"))) checkObjects(repository, commits, "a snapshot", report);
  else report("a mission's repository is lost", repository);
}

/** The user's own branch, and those that were delivered. */
export function checkUser(root: string, history: History, report: Report): void {
  const repository = join(root, userFolder);
  const heads = new Map<string, string>();
  try {
    const listed = git(repository, ["for-each-ref", "--format=%(refname:short) %(objectname)"]).toString(
      "latin1",
    );
    for (const line of listed.split("\n").filter(Boolean))
      heads.set(line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1));
  } catch (error) {
    report("the user's repository is broken", String(error));
  }
  const main = heads.get("main");
  if (main === undefined) report("the user's branch is lost", repository);
  const commits = main === undefined ? [] : [main];
  for (const { branch, snapshot, acknowledged } of history.deliveries.values()) {
    const head = heads.get(branch);
    if (head === snapshot.commit) commits.push(head);
    else if (head !== undefined) report("a delivered branch stands elsewhere", `${branch} ${head}`);
    else if (acknowledged) report("a delivered branch is lost", branch);
  }
  checkObjects(repository, commits, "the user's history", report);
}

/** A new runner prepares, materialises, captures and delivers on what is there. Writes in the folder. */
export async function checkWork(root: string, history: History, report: Report): Promise<void> {
  const workspaces = createWorkspaces({ directory: workspacesIn(root) });
  const repositoryPath = join(root, userFolder);
  const missions = new Set(history.snapshots.map(({ missionId }) => missionId));
  for (const missionId of missions) {
    const mine = history.snapshots
      .filter((named) => named.missionId === missionId)
      .map(({ snapshot }) => snapshot);
    const [base, last] = [mine[0], mine.at(-1)];
    if (base === undefined || last === undefined) continue;
    try {
      const again = await workspaces.prepare({ missionId, repositoryPath, base: base.commit });
      if (again.commit !== base.commit) report("a mission has another base", `${missionId} ${again.commit}`);
      if (!(await workspaces.has(missionId, last)))
        report("a snapshot is not held", `${missionId} ${last.commit}`);
      const { directory } = await workspaces.materialise({ missionId, name: "after", snapshot: last });
      writeFileSync(join(directory, "after.txt"), "after the crash\n");
      const next = await workspaces.capture({ missionId, directory, parent: last, message: "after" });
      if (!(await workspaces.has(missionId, next)))
        report("a snapshot is not held", `${missionId} ${next.commit}`);
    } catch (error) {
      report("a mission cannot go on", String(error));
    }
  }
  for (const delivery of history.deliveries.values()) {
    try {
      await workspaces.deliver({ ...delivery, repositoryPath });
      if (!(await workspaces.delivered({ ...delivery, repositoryPath })))
        report("a delivery cannot be repeated", delivery.branch);
    } catch (error) {
      report("a delivery cannot be repeated", String(error));
    }
  }
}
