/** Lays out the demo: a real small library with two defects as a git repository, and a mission to repair it. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError, exitCodes } from "../exit.ts";

export interface Demo {
  root: string;
  repository: string;
  missionFile: string;
  stateDirectory: string;
}

const installation = fileURLToPath(new URL("../../..", import.meta.url));
const library = join(installation, "examples", "libraries", "ledger");
/** Source in a checkout, compiled in the package: Node strips no types below node_modules. */
const agents = ["examples/agents/repair/repair.ts", "dist/examples/agents/repair/repair.js"];

/** Throws CliError when this installation has no examples to show. */
export function layOutDemo(sandbox: "bubblewrap" | "none"): Demo {
  const agent = agents.map((path) => join(installation, path)).find((path) => existsSync(path));
  if (agent === undefined || !existsSync(library))
    throw new CliError(
      exitCodes.error,
      `this installation has no demo: ${library} and its agent are not there`,
    );
  const packages = packagesOf("oxc-parser", agent);
  const root = mkdtempSync(join(tmpdir(), "houston-demo-"));
  const repository = join(root, "ledger");
  cpSync(library, repository, { recursive: true });
  commitAll(repository);
  const demo = {
    root,
    repository,
    missionFile: join(root, "mission.json"),
    stateDirectory: join(root, "state"),
  };
  mkdirSync(demo.stateDirectory);
  writeFileSync(demo.missionFile, missionText(repository, agent, packages, sandbox));
  return demo;
}

/** The folder from which the agent's own packages are loaded. */
function packagesOf(name: string, importer: string): string {
  try {
    const path = createRequire(importer).resolve(name);
    const end = path.lastIndexOf(`${sep}node_modules${sep}`);
    return path.slice(0, end + `${sep}node_modules`.length);
  } catch {
    throw new CliError(
      exitCodes.error,
      `the demo's agent needs the package ${name}: install it with npm in ${installation}`,
    );
  }
}

function commitAll(repository: string): void {
  const identity = [
    "-c",
    "user.name=Houston",
    "-c",
    "user.email=demo@localhost",
    "-c",
    "init.defaultBranch=main",
  ];
  for (const args of [
    ["init", "--quiet"],
    ["add", "--all"],
    ["commit", "--quiet", "--message", "The ledger library, with two defects"],
  ])
    git(repository, ...identity, ...args);
}

/** The user's settings (hooks, signing, templates) have no place in a demo. */
export function git(repository: string, ...args: string[]): string {
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    LC_ALL: "C",
  };
  return execFileSync("git", args, { cwd: repository, env, encoding: "utf8" }).trim();
}

/** Every test of the library by name, so that none can be left out. */
function testNames(repository: string): string[] {
  const folder = join(repository, "test");
  return readdirSync(folder).flatMap((name) =>
    [...readFileSync(join(folder, name), "utf8").matchAll(/^\s*it\(\s*'([^']+)'/gm)].flatMap(
      ([, test]) => test ?? [],
    ),
  );
}

function missionText(
  repository: string,
  agent: string,
  packages: string,
  sandbox: "bubblewrap" | "none",
): string {
  const command = ["node", "--test", "--test-reporter=tap"];
  const tests = (expect: string[]): object => ({ command, expect, timeout: "2m" });
  return JSON.stringify({
    houston: 1,
    goal: "Repair the ledger library",
    repository: "./ledger",
    agents: { repair: { program: ["node", agent], readOnly: [packages] } },
    contract: [
      {
        id: "comments",
        behaviour: "Lines that are only a comment are ignored",
        tests: tests([
          "ignores a line that is only a comment",
          "finds no transactions in a journal of comments",
        ]),
        onBase: "fails",
      },
      {
        id: "quiet",
        behaviour: "A period without movements has a statement",
        tests: tests([
          "closes a period without movements at its opening balance",
          "is zero for an account that was never used",
        ]),
        onBase: "fails",
      },
      {
        id: "all",
        behaviour: "Every test of the library passes",
        tests: tests(testNames(repository)),
        onBase: "fails",
      },
    ],
    tasks: [
      {
        id: "fix",
        goal: "Find and repair what the tests show",
        agent: "repair",
        fulfills: ["comments", "quiet", "all"],
        timeout: "10m",
      },
    ],
    budget: { calls: 20, time: "30m" },
    timeout: "1h",
    policy: { snapshotEvery: "1s", sandbox },
  });
}
