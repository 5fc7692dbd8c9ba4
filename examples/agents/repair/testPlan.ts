/**
 * Takes a check's command apart into units that can be run one by one: a test file where the
 * command is `node --test`, the whole command where it is anything else.
 */

import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import type { Assertion } from "./brief.ts";

/** What is run as one process. `file` is relative to the workspace; null for an opaque command. */
export interface TestUnit {
  readonly cwd: string;
  readonly command: readonly string[];
  readonly file: string | null;
}

const EXTENSIONS = "{js,mjs,cjs,ts,mts,cts}";
/** Where `node --test` looks when it is given no files (Node's documentation, "Running tests from the command line"). */
const DEFAULT_GLOBS = [
  `**/*.test.${EXTENSIONS}`,
  `**/*-test.${EXTENSIONS}`,
  `**/*_test.${EXTENSIONS}`,
  `**/test-*.${EXTENSIONS}`,
  `**/test.${EXTENSIONS}`,
  `**/test/**/*.${EXTENSIONS}`,
];
const TEST_PATH =
  /(^|\/)(tests?|__tests__|spec|fixtures)\/|(^|\/)test[.-][^/]*$|[._-](test|spec)\.[cm]?[jt]sx?$/;
const VALUE_FLAGS = new Set(["--import", "--require", "-r", "--conditions", "-C", "--loader", "--env-file"]);

/** Units in a fixed order, each once. */
export function planTests(root: string, assertions: readonly Assertion[]): TestUnit[] {
  const units = new Map<string, TestUnit>();
  for (const assertion of assertions) {
    for (const unit of unitsOf(root, assertion.cwd, assertion.command)) {
      const key = JSON.stringify([unit.cwd, unit.command]);
      if (!units.has(key)) units.set(key, unit);
    }
  }
  return [...units.values()];
}

/** Whether a path belongs to the tests, which this agent never edits. */
export function isTestPath(path: string, units: readonly TestUnit[]): boolean {
  return TEST_PATH.test(path) || units.some((unit) => unit.file === path);
}

function unitsOf(root: string, cwd: string, command: readonly string[]): TestUnit[] {
  const resolved = throughPackageScript(join(root, cwd), command);
  const opaque: TestUnit[] = [{ cwd, command, file: null }];
  const [program = ""] = resolved;
  if (!/(^|\/)node$/.test(program) || !resolved.includes("--test")) return opaque;
  const { flags, patterns } = splitArguments(resolved.slice(1));
  const files = globSync(patterns.length > 0 ? patterns : DEFAULT_GLOBS, {
    cwd: join(root, cwd),
    exclude: (path) => /(^|\/)(node_modules|\.git)(\/|$)/.test(String(path)),
  });
  if (files.length === 0) return opaque;
  return files
    .toSorted()
    .map((file) => ({ cwd, command: [program, ...flags, file], file: posix.join(cwd, file) }));
}

/** `npm test` and `npm run x` stand for a script; a script that needs a shell stays opaque. */
function throughPackageScript(folder: string, command: readonly string[]): readonly string[] {
  const words = command.filter((word) => word !== "--silent" && word !== "-s");
  const script = words[1] === "run" ? words[2] : words[1] === "t" ? "test" : words[1];
  if (words[0] !== "npm" || script === undefined || words.length > (words[1] === "run" ? 3 : 2))
    return command;
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const line = member(member(manifest, "scripts"), script);
    return typeof line === "string" && !/["'`$&|;<>()\\]/.test(line) ? line.trim().split(/\s+/) : command;
  } catch {
    return command;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** Reporters and file arguments are ours to choose; every other flag is kept. */
function splitArguments(args: readonly string[]): { flags: string[]; patterns: string[] } {
  const flags: string[] = [];
  const patterns: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? "";
    if (word === "--test-reporter" || word === "--test-reporter-destination") index += 1;
    else if (word === "--test" || word.startsWith("--test-reporter")) continue;
    else if (VALUE_FLAGS.has(word)) flags.push(word, args[(index += 1)] ?? "");
    else if (word.startsWith("-")) flags.push(word);
    else patterns.push(word);
  }
  return { flags, patterns };
}
