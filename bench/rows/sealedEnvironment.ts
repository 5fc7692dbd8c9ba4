/** A fresh workspace with dependencies to verify in: sealed ones shown in it, against `npm ci` in it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createSandbox } from "../../src/app/sandboxes.ts";
import { systemClock } from "../../src/app/systemClock.ts";
import type { Mount, Sandbox } from "../../src/ports/sandbox.ts";
import type { SetupSpec } from "../../src/protocol/environment.ts";
import { createEnvironments } from "../../src/workspace/environment.ts";
import { createWorkspaces } from "../../src/workspace/workspaces.ts";
import { plainGit } from "../fixtures/repository.ts";
import { rounds } from "../fixtures/rounds.ts";
import { withFolder } from "../fixtures/temporary.ts";
import type { Figure, Row } from "../row.ts";
import { medianFigure } from "../statistics.ts";

const signal = new AbortController().signal;
const missionId = "0190a000-0000-7000-8000-00000000beac";
const packages = 40;
const filesPerPackage = 60;
const npmArguments = ["ci", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
const setup: SetupSpec[] = [
  {
    command: ["npm", ...npmArguments],
    outputs: ["node_modules"],
    lockfiles: ["package-lock.json"],
    network: false,
    timeoutMs: 120_000,
  },
];

function npm(args: readonly string[], cwd: string): void {
  execFileSync("npm", [...args], { cwd, stdio: ["ignore", "ignore", "pipe"] });
}

/** A library with packed dependencies of its own, so that no network takes part. */
function makeLibrary(path: string): void {
  const dependencies: Record<string, string> = {};
  for (let index = 0; index < packages; index += 1) {
    const name = `dependency-${index}`;
    const source = join(dirname(path), name);
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, "package.json"), JSON.stringify({ name, version: "1.0.0", main: "file0.js" }));
    for (let file = 0; file < filesPerPackage; file += 1)
      writeFileSync(join(source, `file${file}.js`), `module.exports = ${file};\n${"// …\n".repeat(40)}`);
    mkdirSync(join(path, "vendor"), { recursive: true });
    npm(["pack", "--silent", `--pack-destination=${join(path, "vendor")}`], source);
    dependencies[name] = `file:vendor/${name}-1.0.0.tgz`;
  }
  writeFileSync(
    join(path, "package.json"),
    JSON.stringify({ name: "library", version: "1.0.0", dependencies }),
  );
  writeFileSync(join(path, ".gitignore"), "node_modules\n");
  npm(["install", "--package-lock-only", "--offline", "--no-audit", "--no-fund"], path);
  plainGit(["init", "--quiet", "--initial-branch=main"], { cwd: path });
  plainGit(["add", "--all"], { cwd: path });
  plainGit(["-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "--quiet", "-m", "base"], {
    cwd: path,
  });
}

interface Place {
  sandbox: Sandbox;
  fresh(name: string): Promise<string>;
  seal(directory: string, name: string): Promise<Mount[]>;
  clear(): Promise<void>;
}

async function placeIn(folder: string, repositoryPath: string): Promise<Place> {
  const sandbox = await createSandbox("bubblewrap");
  const workspaces = createWorkspaces({
    directory: join(folder, "workspaces"),
    adopt: async (directory) => await sandbox.adopt(directory),
  });
  const environments = createEnvironments({
    directory: join(folder, "environments"),
    sandboxOf: async () => sandbox,
    clock: systemClock,
    hostEnv: process.env,
  });
  const snapshot = await workspaces.prepare({ missionId, repositoryPath, base: "main" });
  const fresh = async (name: string): Promise<string> =>
    (await workspaces.materialise({ missionId, name, snapshot })).directory;
  const seal = async (directory: string, name: string): Promise<Mount[]> => {
    const sealed = await environments.seal({
      missionId,
      setup,
      network: false,
      directory,
      fresh: async () => ({ directory: await fresh(`${name}-build`) }),
      signal,
    });
    return sealed.mounts;
  };
  return { sandbox, fresh, seal, clear: async () => await workspaces.removeAll(missionId) };
}

async function measureIn(folder: string): Promise<Figure[]> {
  const repositoryPath = join(folder, "library");
  mkdirSync(repositoryPath);
  makeLibrary(repositoryPath);
  const place = await placeIn(folder, repositoryPath);
  const start = performance.now();
  await place.seal(await place.fresh("first"), "first");
  const buildMs = performance.now() - start;
  const sealed: number[] = [];
  const installed: number[] = [];
  for (const round of rounds({ least: 4, most: 12, withinMs: 40_000 })) {
    let began = performance.now();
    const directory = await place.fresh(`sealed${round}`);
    const mounts = await place.seal(directory, `sealed${round}`);
    const jail = await place.sandbox.spawn({
      argv: ["/bin/sh", "-c", "test -f node_modules/dependency-0/file0.js"],
      cwd: directory,
      writable: [directory],
      readOnly: [],
      mounts: { workspace: directory, list: mounts },
      env: {},
      stdin: new Uint8Array(),
      signal,
    });
    const { code } = await jail.exit;
    sealed.push(performance.now() - began);
    if (code !== 0) throw new Error(`the sealed dependencies were not there: exit code ${code}`);
    began = performance.now();
    npm(npmArguments, await place.fresh(`installed${round}`));
    installed.push(performance.now() - began);
  }
  await place.clear();
  return [
    {
      name: `built and sealed once, ${packages} packages of ${filesPerPackage} files`,
      value: buildMs,
      unit: "ms",
    },
    medianFigure("fresh workspace with them, and a program started in it", sealed, "ms"),
    medianFigure("fresh workspace and `npm ci --offline` in it", installed, "ms"),
    medianFigure(
      "`npm ci` : sealed",
      installed.map((one, round) => one / (sealed[round] ?? NaN)),
      "×",
      { limit: { at: "least", value: 1 } },
    ),
  ];
}

export const sealedEnvironment: Row = {
  name: "environment",
  title: "A fresh verification workspace with dependencies, against npm ci",
  measure: () => withFolder(measureIn),
};
