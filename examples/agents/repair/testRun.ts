/** Runs test units and says which tests passed, by name; an exit code alone is never believed where names exist. */

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./childProcess.ts";
import { parseTap } from "./tap.ts";
import type { TestUnit } from "./testPlan.ts";

/** A test with a key that is unique in the plan. `path` is empty for what has no name of its own. */
export interface TestCase {
  readonly key: string;
  readonly path: readonly string[];
  readonly unit: TestUnit;
}

export interface TestResult extends TestCase {
  readonly passed: boolean;
}

export interface UnitRun {
  readonly results: readonly TestResult[];
  readonly durationMs: number;
}

export interface UnitOptions {
  /** The copy of the workspace to run in. */
  readonly root: string;
  /** A folder only this run writes to. */
  readonly reportFolder: string;
  readonly timeoutMs: number;
  /** Run only these tests of the unit. */
  readonly only?: readonly TestCase[];
  readonly coverageFolder?: string;
}

const MAX_HEAP_MB = 512;

/** Never throws; a unit that crashes or hangs has failed, under its own name if it reported no test. */
export async function runUnit(unit: TestUnit, options: UnitOptions): Promise<UnitRun> {
  const report = join(options.reportFolder, "report.tap");
  rmSync(report, { force: true });
  const exit = await run(commandFor(unit, report, options.only), {
    cwd: join(options.root, unit.cwd),
    timeoutMs: options.timeoutMs,
    env: {
      NODE_OPTIONS: `--max-old-space-size=${MAX_HEAP_MB}`,
      ...(options.coverageFolder === undefined ? {} : { NODE_V8_COVERAGE: options.coverageFolder }),
    },
  });
  const named = unit.file === null || exit.timedOut ? [] : readReport(report, unit);
  const itself: TestResult = {
    key: keyOf(unit, []),
    path: [],
    unit,
    passed: exit.exitCode === 0 || named.some((result) => !result.passed),
  };
  return { results: [...named, itself], durationMs: exit.durationMs };
}

/** The name a person and the contract know a test by. */
export function displayName(test: TestCase): string {
  return test.path.length > 0 ? test.path.join(" > ") : (test.unit.file ?? test.unit.command.join(" "));
}

/** Whether a contract's `expect` entry means this test: by its own name or with its suites before it. */
export function isNamed(test: TestCase, name: string): boolean {
  return [test.path.at(-1), test.path.join(" > "), test.path.join(" ")].includes(name);
}

/**
 * Without `--test` a file with node:test tests runs in one process, which halves the time and gives
 * coverage of exactly that process.
 */
function commandFor(unit: TestUnit, report: string, only: readonly TestCase[] | undefined): string[] {
  if (unit.file === null) return [...unit.command];
  const [program = "node", ...args] = unit.command;
  const named = (only ?? []).filter((test) => test.path.length > 0);
  const patterns = named.map((test) => `--test-name-pattern=/^${escapePattern(test.path.join(" "))}$/`);
  return [program, "--test-reporter=tap", `--test-reporter-destination=${report}`, ...patterns, ...args];
}

function readReport(report: string, unit: TestUnit): TestResult[] {
  let text: string;
  try {
    text = readFileSync(report, "utf8");
  } catch {
    return [];
  }
  const seen = new Map<string, number>();
  return parseTap(text)
    .filter((result) => result.status !== "skipped")
    .map((result) => {
      const name = keyOf(unit, result.path);
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      const key = count === 1 ? name : `${name} (${count})`;
      return { key, path: result.path, unit, passed: result.status === "passed" };
    });
}

function keyOf(unit: TestUnit, path: readonly string[]): string {
  return [unit.cwd, unit.file ?? unit.command.join(" "), ...path].join(" > ");
}

/** `/` would end the pattern, and so is escaped too. */
function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
