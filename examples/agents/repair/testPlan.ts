/**
 * Takes a check's command apart into units that can be run one by one: a test file where the test
 * program is known and its files are, the whole command where not.
 */

import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import type { Check } from "./brief.ts";
import { type Invocation, invocationsOf } from "./commandLine.ts";
import { avaRunner, otherRunner, tapeRunner } from "./runners/flat.ts";
import { nodeTestRunner, nodeValueFlags } from "./runners/nodeTest.ts";
import type { Runner } from "./runners/runner.ts";
import { jestRunner, mochaRunner, vitestRunner } from "./runners/suites.ts";

/** What is run as one process. */
export interface TestUnit {
  readonly cwd: string;
  readonly runner: Runner;
  /** The program and its flags. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The test file, relative to `cwd`; null for a whole command. */
  readonly file: string | null;
}

const NAMED_RUNNERS: Readonly<Record<string, Runner>> = {
  tape: tapeRunner,
  ava: avaRunner,
  mocha: mochaRunner,
  _mocha: mochaRunner,
  jest: jestRunner,
  vitest: vitestRunner,
};
const TEST_PATH =
  /(^|\/)(tests?|__tests__|spec|specs|fixtures|__mocks__)\/|(^|\/)test[.-][^/]*$|[._-](test|spec|bench)\.[cm]?[jt]sx?$/;
const NO_SOURCE =
  /(^|\/)(node_modules|dist|build|coverage|vendor|\.[^/]+)\/|\.min\.[cm]?js$|\.d\.[cm]?ts$|(^|\/)[^/]*\.config\.[cm]?[jt]s$/;

/** Units in a fixed order, each once. */
export function planTests(root: string, checks: readonly Check[]): TestUnit[] {
  const units = new Map<string, TestUnit>();
  for (const { cwd, command } of checks) {
    for (const unit of unitsOf(root, cwd, command)) {
      const key = nameOf(unit);
      if (!units.has(key)) units.set(key, unit);
    }
  }
  return [...units.values()];
}

/** Tells a unit from every other. */
export function nameOf({ cwd, words, env, file }: TestUnit): string {
  return JSON.stringify([cwd, words, file, Object.entries(env)]);
}

/** Where the test file is in the workspace. */
export function pathOf({ cwd, file }: TestUnit): string | undefined {
  return file === null ? undefined : posix.join(cwd, file);
}

/** Whether this agent may edit a path: neither tests nor what is made from other files. */
export function isSource(path: string, units: readonly TestUnit[]): boolean {
  return (
    /\.[cm]?[jt]sx?$/.test(path) &&
    !NO_SOURCE.test(path) &&
    !TEST_PATH.test(path) &&
    !units.some((unit) => pathOf(unit) === path && unit.runner !== otherRunner)
  );
}

function unitsOf(root: string, cwd: string, command: readonly string[]): TestUnit[] {
  const folder = join(root, cwd);
  const known = invocationsOf(folder, command).flatMap((invocation) => {
    const runner = runnerOf(folder, invocation);
    return runner === undefined ? [] : unitsOfRunner(root, cwd, invocation, runner);
  });
  // A linter beside the tests is not what this agent repairs; the last run of the check shows it.
  if (known.length > 0) return known;
  return [{ cwd, runner: otherRunner, words: command, env: {}, file: null }];
}

function runnerOf(folder: string, { words }: Invocation): Runner | undefined {
  const [program = "", ...args] = words;
  const isNode = /(^|\/)node(js)?$/.test(program);
  if (isNode && args.includes("--test")) return nodeTestRunner;
  const script = isNode ? (positionals(args, nodeValueFlags)[0] ?? "") : program;
  const inPackage = /(?:^|\/)node_modules\/(?:\.bin\/)?(\w+)/.exec(script)?.[1];
  const named = NAMED_RUNNERS[inPackage ?? (isNode ? "" : script.replace(/^.*\//, ""))];
  if (named !== undefined) return named;
  return isNode && usesTape(join(folder, script)) ? tapeRunner : undefined;
}

function usesTape(script: string): boolean {
  try {
    return /(require\(|from\s*)['"]tape['"]/.test(readFileSync(script, "utf8"));
  } catch {
    return false;
  }
}

function unitsOfRunner(root: string, cwd: string, invocation: Invocation, runner: Runner): TestUnit[] {
  const { program, flags, patterns } = splitArguments(invocation.words, runner);
  const { env } = invocation;
  const folder = join(root, cwd);
  const globs = patterns.length > 0 ? patterns : (runner.defaultGlobs(folder) ?? []);
  const files = filesOf(folder, globs, runner);
  if (files.length === 0) {
    if (runner === nodeTestRunner) return [];
    return [{ cwd, runner, words: [...program, ...flags, ...patterns], env, file: null }];
  }
  return files.map((file) => ({ cwd, runner, words: [...program, ...flags], env, file }));
}

/** Empty when a pattern is no path: Jest and Vitest also take parts of names. */
function filesOf(folder: string, globs: readonly string[], runner: Runner): string[] {
  const found = new Set<string>();
  for (const glob of globs) {
    const options = {
      cwd: folder,
      exclude: (path: string) => /(^|\/)(node_modules|\.git)(\/|$)/.test(path),
    };
    const matches = globSync(glob.replace(/^\.\//, ""), options);
    const files = matches.flatMap((path) =>
      /\.[cm]?[jt]sx?$/.test(path) ? [path] : globSync(`${path}/${belowFolder(runner)}`, options),
    );
    if (files.length === 0 && !/[*?{[]/.test(glob)) return [];
    for (const file of files) found.add(file);
  }
  return [...found].toSorted();
}

function belowFolder(runner: Runner): string {
  return runner === mochaRunner ? "*.{js,cjs,mjs}" : "**/*.{test,spec}.{js,cjs,mjs,ts,mts,cts,jsx,tsx}";
}

/** Reporters and file arguments are ours to choose; every other flag is kept. */
function splitArguments(
  words: readonly string[],
  runner: Runner,
): { program: string[]; flags: string[]; patterns: string[] } {
  const isScript = runner !== nodeTestRunner && /(^|\/)node(js)?$/.test(words[0] ?? "");
  const scriptAt = isScript ? words.findIndex((word) => /node_modules\//.test(word)) : 0;
  const program = words.slice(0, Math.max(scriptAt, 0) + 1);
  const flags: string[] = [];
  const patterns: string[] = [];
  const args = words.slice(program.length);
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? "";
    const takesNext = runner.valueFlags.includes(word);
    const value = takesNext ? [args[(index += 1)] ?? ""] : [];
    const own = runner.ownFlags.some((flag) =>
      flag.startsWith("--") ? word.startsWith(flag) : word === flag,
    );
    if (own || (word === "--test" && runner === nodeTestRunner)) continue;
    if (word.startsWith("-")) flags.push(word, ...value);
    else patterns.push(word);
  }
  return { program, flags, patterns };
}

function positionals(args: readonly string[], valueFlags: readonly string[]): string[] {
  return args.filter((word, index) => !word.startsWith("-") && !valueFlags.includes(args[index - 1] ?? ""));
}
