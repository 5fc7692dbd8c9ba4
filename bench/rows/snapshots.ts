/** Snapshot and restore of a work tree, against plain git doing the same with the same durability. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createWorkspaces } from "../../src/workspace/workspaces.ts";
import { makeRepository, plainGit, sourcePath, sourceText } from "../fixtures/repository.ts";
import { rounds } from "../fixtures/rounds.ts";
import { withFolder } from "../fixtures/temporary.ts";
import type { Figure, Row } from "../row.ts";
import { medianFigure, quantile } from "../statistics.ts";

const missionId = "0190a000-0000-7000-8000-00000000beac";
/** Of every snapshot: what an agent edits between two of them. */
const changedFiles = 3;

interface Times {
  snapshot: number[];
  restore: number[];
  gitSnapshot: number[];
  gitRestore: number[];
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** `git add`, `write-tree`, `commit-tree`, everything synced. */
function gitSnapshot(cwd: string, parent: string): string {
  const sync = ["-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync"];
  const env = {
    GIT_AUTHOR_NAME: "b",
    GIT_AUTHOR_EMAIL: "b@example.org",
    GIT_COMMITTER_NAME: "b",
    GIT_COMMITTER_EMAIL: "b@example.org",
  };
  plainGit([...sync, "add", "--all"], { cwd });
  const tree = plainGit([...sync, "write-tree"], { cwd });
  const commit = plainGit([...sync, "commit-tree", tree, "-p", parent, "-m", "snapshot"], { cwd, env });
  plainGit([...sync, "update-ref", "refs/heads/main", commit], { cwd });
  return commit;
}

/** A new folder of a commit's files, by an index of its own. */
function gitRestore(repository: string, commit: string, target: string): void {
  mkdirSync(target);
  const env = { GIT_INDEX_FILE: `${target}.index`, GIT_DIR: join(repository, ".git"), GIT_WORK_TREE: target };
  plainGit(["read-tree", commit], { cwd: target, env });
  plainGit(["checkout-index", "--all", "--force", "--quiet"], { cwd: target, env });
}

async function race(folder: string, files: number): Promise<Times> {
  const repositoryPath = join(folder, "repository");
  mkdirSync(repositoryPath);
  let commit = makeRepository(repositoryPath, files);
  const workspaces = createWorkspaces({ directory: join(folder, "workspaces") });
  let snapshot = await workspaces.prepare({ missionId, repositoryPath, base: "main" });
  const { directory } = await workspaces.materialise({ missionId, name: "work", snapshot });
  const times: Times = { snapshot: [], restore: [], gitSnapshot: [], gitRestore: [] };
  const most = files > 10_000 ? 12 : 40;
  for (const round of rounds({ least: 5, most, withinMs: 30_000 })) {
    for (let index = 0; index < changedFiles; index += 1) {
      const at = (round * 37 + index * 1_001) % files;
      for (const root of [directory, repositoryPath])
        writeFileSync(join(root, sourcePath(at)), sourceText(at, round + 1));
    }
    const message = `round ${round}`;
    const parent = snapshot;
    times.snapshot.push(
      await timed(async () => {
        snapshot = await workspaces.capture({ missionId, directory, parent, message });
      }),
    );
    times.gitSnapshot.push(await timed(() => (commit = gitSnapshot(repositoryPath, commit))));
    const name = `restored${round}`;
    times.restore.push(await timed(async () => await workspaces.materialise({ missionId, name, snapshot })));
    await workspaces.removeAll(missionId, "work");
    const target = join(folder, name);
    times.gitRestore.push(await timed(() => gitRestore(repositoryPath, commit, target)));
    rmSync(target, { recursive: true });
  }
  return times;
}

function figuresOf(files: number, times: Times): Figure[] {
  const title = `${files.toLocaleString("en")} files`;
  const ratio = (ours: number[], theirs: number[]): number[] =>
    ours.map((one, round) => one / (theirs[round] ?? NaN));
  const p99 = (name: string, samples: number[]): Figure => ({
    name: `${title}: ${name}, p99 of ${samples.length}`,
    value: quantile(samples, 0.99),
    unit: "ms",
  });
  const atMostGit = { limit: { at: "most", value: 1 } } as const;
  return [
    medianFigure(`${title}: snapshot of ${changedFiles} changed, p50`, times.snapshot, "ms"),
    p99("snapshot", times.snapshot),
    medianFigure(`${title}: plain git, synced`, times.gitSnapshot, "ms"),
    medianFigure(`${title}: snapshot : plain git`, ratio(times.snapshot, times.gitSnapshot), "×", atMostGit),
    medianFigure(`${title}: restore into a new folder, p50`, times.restore, "ms"),
    p99("restore", times.restore),
    medianFigure(`${title}: plain git's checkout`, times.gitRestore, "ms"),
    medianFigure(`${title}: restore : plain git`, ratio(times.restore, times.gitRestore), "×"),
  ];
}

export const snapshots: Row = {
  name: "snapshots",
  title: "Snapshot and restore of a work tree, against plain git",
  async measure() {
    const figures: Figure[] = [];
    for (const files of [5_000, 50_000])
      figures.push(...figuresOf(files, await withFolder(async (folder) => await race(folder, files))));
    return figures;
  },
};
