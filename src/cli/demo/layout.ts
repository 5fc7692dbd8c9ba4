/**
 * Lays out the demo: each library with its defects as a git repository, and beside it its mission, with the checks
 * that are held out where no agent looks.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError, exitCodes } from "../exit.ts";

export const libraryNames = ["ledger", "schedule", "limiter"] as const;

export interface Library {
  name: string;
  repository: string;
  /** The commit with the defects. */
  base: string;
  missionFile: string;
}

export interface Demo {
  root: string;
  libraries: Library[];
  stateDirectory: string;
  /** Outlives the demo. */
  reports: string;
}

const installation = fileURLToPath(new URL("../../..", import.meta.url));
const examples = join(installation, "examples");
/** Source in a checkout, compiled in the package: Node strips no types below node_modules. */
const agents = ["examples/agents/repair/repair.ts", "dist/examples/agents/repair/repair.js"];

/** Throws CliError when this installation has no examples to show. */
export function layOutDemo(): Demo {
  const agent = agents.map((path) => join(installation, path)).find((path) => existsSync(path));
  if (agent === undefined || !existsSync(join(examples, "missions")))
    throw new CliError(exitCodes.error, `this installation has no demo: ${examples} is not there as a whole`);
  const packages = packagesOf("oxc-parser", agent);
  const root = mkdtempSync(join(tmpdir(), "houston-demo-"));
  const demo = { root, stateDirectory: join(root, "state"), reports: join(root, "reports") };
  mkdirSync(demo.stateDirectory);
  mkdirSync(demo.reports);
  const libraries = libraryNames.map((name) => layOutLibrary(name, join(root, name), { agent, packages }));
  return { ...demo, libraries };
}

function layOutLibrary(
  name: string,
  folder: string,
  { agent, packages }: { agent: string; packages: string },
): Library {
  const library = { name, repository: join(folder, "repository"), missionFile: join(folder, "mission.yaml") };
  cpSync(join(examples, "missions", name), folder, { recursive: true });
  const text = readFileSync(library.missionFile, "utf8");
  // JSON's strings are YAML's too.
  const placed = text
    .replace("[node, $AGENT]", () => `[node, ${JSON.stringify(agent)}]`)
    .replace("[$PACKAGES]", () => `[${JSON.stringify(packages)}]`);
  writeFileSync(library.missionFile, placed);
  cpSync(join(examples, "libraries", name), library.repository, { recursive: true });
  // Not among the examples, because npm packs no file of that name.
  writeFileSync(join(library.repository, ".gitignore"), "node_modules/\n");
  return { ...library, base: commitAll(library.repository, `The ${name} library, as it is`) };
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

function commitAll(repository: string, message: string): string {
  const identity = ["-c", "user.name=Houston", "-c", "user.email=demo@localhost"];
  git(repository, "-c", "init.defaultBranch=main", "init", "--quiet");
  git(repository, "add", "--all");
  git(repository, ...identity, "commit", "--quiet", "--message", message);
  return git(repository, "rev-parse", "HEAD");
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
