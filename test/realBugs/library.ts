/**
 * A library at the commit where it is broken, as a repository of its own: its history up to there, and one commit
 * that cuts its development dependencies down to what its tests need and pins them, so that `npm ci` can install
 * them. Later commits, which hold the fix, are not in it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { BugTask } from "./tasks.ts";
import { git, output } from "./processes.ts";
import type { TestRunner } from "./runners.ts";

export interface Library {
  /** The repository, at the broken commit with pinned dependencies. */
  repository: string;
  base: string;
  /** A node_modules folder that fits it. */
  modules: string;
  /** A file as it was at the fix; undefined when there was none. */
  atFix: (path: string) => Promise<string | undefined>;
  /** A file at the broken commit. */
  atBase: (path: string) => Promise<string | undefined>;
  /** Upstream's change of the sources, as `git diff --unified=0` prints it. */
  sourceDiff: string;
}

export const installCommand = [
  "npm",
  "ci",
  "--ignore-scripts",
  "--no-audit",
  "--no-fund",
  // Some libraries say in .npmrc that they keep no lockfile.
  "--package-lock=true",
];

const installTimeoutMs = 10 * 60_000;

const manifestSchema = z.looseObject({ devDependencies: z.record(z.string(), z.string()).default({}) });

/** Makes the repository in `folder`, which must not exist; installs into `cache`, which is shared. */
export async function prepareLibrary(
  task: BugTask,
  runner: TestRunner,
  mirror: string,
  places: { folder: string; cache: string },
): Promise<Library> {
  const { folder, cache } = places;
  mkdirSync(folder, { recursive: true });
  await git(folder, "init", "--quiet", "--initial-branch=main", "--template=");
  await git(folder, "config", "receive.denyCurrentBranch", "ignore");
  await git(mirror, "push", "--quiet", folder, `${task.base}:refs/heads/main`);
  await git(folder, "reset", "--quiet", "--hard");
  const modules = await pinDependencies(folder, runner, cache);
  await git(folder, "add", "--force", "package.json", "package-lock.json");
  await git(folder, "commit", "--quiet", "--message", "Pin what the tests need");
  const show = async (commit: string, path: string): Promise<string | undefined> =>
    await git(mirror, "show", `${commit}:${path}`).catch(() => undefined);
  return {
    repository: folder,
    base: (await git(folder, "rev-parse", "HEAD")).trim(),
    modules,
    atFix: async (path) => await show(task.fix, path),
    atBase: async (path) => await show(task.base, path),
    sourceDiff: await git(
      mirror,
      "diff",
      "--unified=0",
      "--no-ext-diff",
      task.base,
      task.fix,
      "--",
      ...task.sourceFiles,
    ),
  };
}

/** Development dependencies are linters and bundlers for the most part: only what tests name is installed. */
async function pinDependencies(folder: string, runner: TestRunner, cache: string): Promise<string> {
  const file = join(folder, "package.json");
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const named = await git(folder, "grep", "-h", "-E", "require\\(|import|from", "--", "test", "index.js");
  const needed = Object.entries(manifest.devDependencies).filter(
    ([name]) => name === runner.name || [`'${name}'`, `"${name}"`].some((quoted) => named.includes(quoted)),
  );
  const text = `${JSON.stringify({ ...manifest, devDependencies: Object.fromEntries(needed) }, null, 2)}\n`;
  writeFileSync(file, text);
  const key = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const installed = join(cache, key);
  if (!existsSync(installed)) await install(text, installed);
  writeFileSync(join(folder, "package-lock.json"), readFileSync(join(installed, "package-lock.json")));
  return join(installed, "node_modules");
}

async function install(manifest: string, folder: string): Promise<void> {
  const making = `${folder}.${process.pid}.${performance.now()}`;
  mkdirSync(making, { recursive: true });
  writeFileSync(join(making, "package.json"), manifest);
  const lock = ["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"];
  const options = { cwd: making, timeoutMs: installTimeoutMs };
  await output([...lock, "--package-lock=true"], options);
  await output(installCommand, options);
  // Two tasks of one library may have installed the same at the same time: either will do.
  if (!existsSync(folder)) renameSync(making, folder);
}
