/** Runs test units and says which tests passed, by name; an exit code alone is never believed where names exist. */

import { readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "./childProcess.ts";
import type { NamedResult } from "./runners/runner.ts";
import { type TestUnit, nameOf } from "./testPlan.ts";

/** A test with a key that is unique in the plan. `path` is empty for what has no name of its own. */
export interface TestCase {
  readonly key: string;
  readonly path: readonly string[];
  readonly aliases: readonly string[];
  readonly unit: TestUnit;
}

export interface TestResult extends TestCase {
  readonly passed: boolean;
  /** How far a failing test came, where its report says so. */
  readonly progress: number | undefined;
}

export interface UnitRun {
  readonly results: readonly TestResult[];
  readonly durationMs: number;
  readonly timedOut: boolean;
}

export interface UnitOptions {
  /** The copy of the workspace to run in. */
  readonly root: string;
  /** A folder only this run writes to. */
  readonly reportFolder: string;
  readonly tapeFilter: string;
  readonly timeoutMs: number;
  /** Run only these tests of the unit, where its program can. */
  readonly only?: readonly TestCase[];
  readonly env?: Readonly<Record<string, string>>;
}

const MAX_HEAP_MB = 512;

/** Never throws; a unit that crashes or hangs has failed, under its own name if it reported no test. */
export async function runUnit(unit: TestUnit, options: UnitOptions): Promise<UnitRun> {
  const report = join(options.reportFolder, "report");
  rmSync(report, { force: true });
  const { runner } = unit;
  const only = runner.isolates ? (options.only ?? []).filter((test) => test.path.length > 0) : [];
  const command = runner.command({
    words: unit.words,
    files: unit.file === null ? [] : [unit.file],
    only: only.map((test) => test.path),
    report,
    tapeFilter: options.tapeFilter,
  });
  const cwd = join(options.root, unit.cwd);
  const nodeOptions = [`--max-old-space-size=${MAX_HEAP_MB}`, ...command.nodeOptions];
  const exit = await run(command.words, {
    cwd,
    timeoutMs: options.timeoutMs,
    binFolders: [join(cwd, "node_modules/.bin"), join(options.root, "node_modules/.bin")],
    env: { ...unit.env, ...command.env, NODE_OPTIONS: nodeOptions.join(" "), ...options.env },
  });
  const answer = { stdout: exit.stdout, report: textOf(report), fileName: basename(unit.file ?? "") };
  const named = exit.timedOut ? [] : keyed(unit, runner.read(answer));
  const itself: TestResult = {
    key: keyOf(unit, []),
    path: [],
    aliases: [],
    unit,
    passed: exit.exitCode === 0 || named.some((result) => !result.passed),
    progress: undefined,
  };
  return { results: [...named, itself], durationMs: exit.durationMs, timedOut: exit.timedOut };
}

/** The name a person and the contract know a test by. */
export function displayName({ path, unit }: TestCase): string {
  return path.length > 0 ? path.join(" > ") : (unit.file ?? unit.words.join(" "));
}

/** Whether a contract's `expect` entry means this test: by its own name or with its suites before it. */
export function isNamed({ path, aliases }: TestCase, name: string): boolean {
  return [path.at(-1), path.join(" > "), path.join(" "), ...aliases].includes(name);
}

function textOf(report: string): string {
  try {
    return readFileSync(report, "utf8");
  } catch {
    return "";
  }
}

function keyed(unit: TestUnit, results: readonly NamedResult[]): TestResult[] {
  const seen = new Map<string, number>();
  return results
    .filter((result) => result.status !== "skipped")
    .map(({ path, status, aliases = [], progress }) => {
      const name = keyOf(unit, path);
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      const key = count === 1 ? name : `${name} (${count})`;
      return { key, path, aliases, unit, passed: status === "passed", progress };
    });
}

function keyOf(unit: TestUnit, path: readonly string[]): string {
  return [nameOf(unit), ...path].join(" > ");
}
