/** What a repository says about itself: package manager, test programs, workspaces. Read only, nothing is run. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { ReportFormat } from "../protocol/contract.ts";

export type PackageManager = "npm" | "pnpm" | "yarn";

export interface FoundTests {
  /** A folder of the repository; empty for its root. */
  folder: string;
  program: string;
  command: string[];
  /** Undefined for a program whose exit code is all it says. */
  report?: ReportFormat | "vitest";
}

export interface Found {
  manager?: PackageManager;
  /** Instead of the preset, where the manager's version needs another command. */
  setup?: string[];
  /** Without one nothing can be sealed. */
  hasLockfile: boolean;
  hasDependencies: boolean;
  /** Folders of a monorepo's packages. */
  packages: string[];
  tests: FoundTests[];
  /** Scripts that look like checks of the whole tree. */
  checks: { id: string; behaviour: string; script: string }[];
}

interface Manifest {
  packageManager?: unknown;
  workspaces?: unknown;
  scripts?: Record<string, unknown>;
  dependencies?: Record<string, unknown>;
  devDependencies?: Record<string, unknown>;
}

const lockfiles: [string, PackageManager][] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["package-lock.json", "npm"],
];

export function lookAt(root: string): Found {
  const manifest = manifestIn(root);
  const packages = manifest === undefined ? [] : packagesOf(root, manifest);
  const lockfile = lockfiles.find(([name]) => existsSync(join(root, name)));
  const manager = lockfile?.[1] ?? managerNamed(manifest);
  const found: Found = {
    hasLockfile: lockfile !== undefined,
    hasDependencies: ["", ...packages].some((folder) => hasDependencies(manifestIn(join(root, folder)))),
    packages,
    tests: ["", ...packages].flatMap((folder) => testsIn(root, folder)),
    checks: checksIn(manifest),
  };
  if (manager !== undefined) found.manager = manager;
  if (manager === "yarn" && isYarnBerry(root, manifest))
    found.setup = ["yarn", "install", "--immutable", "--mode=skip-build"];
  return found;
}

function manifestIn(folder: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function managerNamed(manifest: Manifest | undefined): PackageManager | undefined {
  if (manifest === undefined) return undefined;
  const [, name] = /^(npm|pnpm|yarn)@/.exec(String(manifest.packageManager)) ?? [];
  return name === "pnpm" || name === "yarn" ? name : "npm";
}

/** Its options are others than those of version 1. */
function isYarnBerry(root: string, manifest: Manifest | undefined): boolean {
  return existsSync(join(root, ".yarnrc.yml")) || /^yarn@[2-9]/.test(String(manifest?.packageManager));
}

const hasDependencies = (manifest: Manifest | undefined): boolean =>
  Object.keys({ ...manifest?.dependencies, ...manifest?.devDependencies }).length > 0;

/** Folders named by `workspaces` or pnpm-workspace.yaml; of globs, only a star for one folder. */
function packagesOf(root: string, manifest: Manifest): string[] {
  const { workspaces } = manifest;
  const listed = Array.isArray(workspaces) ? workspaces : (listIn(workspaces) ?? pnpmPackages(root));
  const patterns = listed.filter((one) => typeof one === "string" && !one.startsWith("!"));
  return patterns
    .flatMap((pattern) => foldersLike(root, String(pattern).replace(/^\.\//, "").split("/")))
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map((folder) => relative(root, folder))
    .toSorted();
}

function listIn(workspaces: unknown): unknown[] | undefined {
  if (typeof workspaces !== "object" || workspaces === null || !("packages" in workspaces)) return undefined;
  return Array.isArray(workspaces.packages) ? workspaces.packages : undefined;
}

function pnpmPackages(root: string): string[] {
  const file = join(root, "pnpm-workspace.yaml");
  if (!existsSync(file)) return [];
  const [, list = ""] = /^packages:\s*\n((?:[ \t]*-.*\n?)*)/m.exec(readFileSync(file, "utf8")) ?? [];
  return [...list.matchAll(/-\s*["']?([^"'\n#]+?)["']?\s*(?:#.*)?$/gm)].map(([, pattern = ""]) => pattern);
}

function foldersLike(folder: string, parts: readonly string[]): string[] {
  const [part, ...rest] = parts;
  if (part === undefined || part === "") return [folder];
  if (part === "..") return [];
  if (!part.includes("*")) return isFolder(join(folder, part)) ? foldersLike(join(folder, part), rest) : [];
  return names(folder)
    .filter((name) => name !== "node_modules" && !name.startsWith(".") && isFolder(join(folder, name)))
    .flatMap((name) => foldersLike(join(folder, name), rest));
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
const names = (folder: string): string[] => (isFolder(folder) ? readdirSync(folder).toSorted() : []);

interface Program {
  name: string;
  /** In a script, or as the name of a dependency. */
  sign: RegExp;
  /** After the program, which a package manager puts into node_modules/.bin. */
  args: string[];
  report: NonNullable<FoundTests["report"]>;
}

/** Each with the reporter that a machine can read; the first that fits is meant. */
const programs: Program[] = [
  { name: "vitest", sign: /\bvitest\b/, args: ["run", "--reporter=json"], report: "vitest" },
  { name: "jest", sign: /\bjest\b/, args: ["--json"], report: "jest" },
  { name: "mocha", sign: /\bmocha\b/, args: ["--reporter", "json"], report: "mocha" },
  { name: "ava", sign: /\bava\b/, args: ["--tap"], report: "tap" },
  { name: "tape", sign: /\btape\b/, args: ["test/**/*.js"], report: "tap" },
  { name: "node --test", sign: /\bnode\b.*--test\b/, args: ["--test", "--test-reporter=tap"], report: "tap" },
];

function testsIn(root: string, folder: string): FoundTests[] {
  const manifest = manifestIn(join(root, folder));
  const script = manifest?.scripts?.["test"];
  const installed = Object.keys({ ...manifest?.devDependencies, ...manifest?.dependencies });
  const known =
    (typeof script === "string" ? programs.find(({ sign }) => sign.test(script)) : undefined) ??
    programs.find(({ name }) => installed.includes(name));
  if (known !== undefined) {
    const command = [...programOf(known.name, folder), ...known.args];
    return [{ folder, program: known.name, command, report: known.report }];
  }
  if (typeof script === "string" && !script.includes("no test specified"))
    return [{ folder, program: "npm test", command: ["npm", "test"] }];
  return shellTests(join(root, folder)).map((path) => ({ folder, program: path, command: ["sh", path] }));
}

/** Named by its path from the folder it runs in: the box need not have npx. */
function programOf(name: string, folder: string): string[] {
  if (name === "node --test") return ["node"];
  const up = folder.split("/").map((part) => (part === "" ? "" : "../"));
  return [`${up.join("")}node_modules/.bin/${name}`];
}

/** A plain shell script is enough for a project without a package manager. */
function shellTests(folder: string): string[] {
  const candidates = [
    "test.sh",
    "run-tests.sh",
    "scripts/test.sh",
    "test/run.sh",
    "test/test.sh",
    "tests/run.sh",
  ];
  const [first] = candidates.filter((path) => existsSync(join(folder, path)));
  return first === undefined ? [] : [first];
}

function checksIn(manifest: Manifest | undefined): Found["checks"] {
  const known = {
    lint: "Lint stays clean",
    typecheck: "Types hold",
    types: "Types hold",
    "check:types": "Types hold",
  };
  return Object.entries(known)
    .filter(([script]) => typeof manifest?.scripts?.[script] === "string")
    .slice(0, 2)
    .map(([script, behaviour]) => ({ id: script.replaceAll(":", "-"), behaviour, script }));
}
