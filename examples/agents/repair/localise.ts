/**
 * Spectrum-based fault localisation: which code do failing tests run that passing tests do not?
 * Scores are Ochiai's, after R. Abreu, P. Zoeteweij, A. J. C. van Gemund, "On the Accuracy of
 * Spectrum-based Fault Localization", TAIC PART 2007; the spectrum is V8's block coverage per test.
 */

import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Scratch } from "./scratch.ts";
import { runUnit, type TestResult } from "./testRun.ts";

/** Per file (relative to the workspace) and UTF-16 offset: how many tests ran the code there. */
interface Counts {
  readonly failed: Uint32Array;
  readonly passed: Uint32Array;
}

export interface Spectrum {
  readonly files: readonly string[];
  /** Between 0 (no failing test runs it) and 1 (exactly the failing tests do). */
  suspicion(file: string, offset: number): number;
}

interface CoverageRange {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** Passing tests beyond this many are left out of the spectrum; failing ones never are. */
const MAX_PASSING_TESTS = 200;

/** Runs each test alone under V8 coverage. `isCandidate` says which files of the workspace may be at fault. */
export async function collectSpectrum(
  scratch: Scratch,
  tests: readonly TestResult[],
  isCandidate: (file: string) => boolean,
): Promise<Spectrum> {
  const failing = tests.filter((test) => !test.passed);
  const passing = tests.filter((test) => test.passed && test.path.length > 0).slice(0, MAX_PASSING_TESTS);
  const counts = new Map<string, Counts>();
  await scratch.all([...failing, ...passing], async (test, slot) => {
    const coverageFolder = join(slot.reportFolder, "coverage");
    rmSync(coverageFolder, { recursive: true, force: true });
    mkdirSync(coverageFolder);
    const only = test.path.length > 0 ? [test] : [];
    await runUnit(test.unit, { ...slot, timeoutMs: scratch.timeoutMs(test.unit), only, coverageFolder });
    for (const [file, executed] of readCoverage(coverageFolder, slot.root)) {
      if (isCandidate(file)) count(counts, file, executed, test.passed);
    }
  });
  return {
    files: [...counts.keys()].toSorted(),
    suspicion(file, offset) {
      const found = counts.get(file);
      return ochiai(found?.failed[offset] ?? 0, found?.passed[offset] ?? 0, failing.length);
    },
  };
}

/** `ef / sqrt((ef + nf) * (ef + ep))`: executed and not executed by failing tests, executed by passing ones. */
export function ochiai(executedFailing: number, executedPassing: number, failing: number): number {
  if (executedFailing === 0) return 0;
  return executedFailing / Math.sqrt(failing * (executedFailing + executedPassing));
}

/** Innermost ranges decide, so the widest are painted first. Offsets nobody describes stay 0. */
export function executedOffsets(ranges: readonly CoverageRange[]): Uint8Array {
  const length = ranges.reduce((longest, range) => Math.max(longest, range.endOffset), 0);
  const executed = new Uint8Array(length);
  const widestFirst = ranges.toSorted((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
  for (const range of widestFirst) executed.fill(range.count > 0 ? 1 : 0, range.startOffset, range.endOffset);
  return executed;
}

function count(counts: Map<string, Counts>, file: string, executed: Uint8Array, passed: boolean): void {
  const known = counts.get(file) ?? {
    failed: new Uint32Array(executed.length),
    passed: new Uint32Array(executed.length),
  };
  counts.set(file, known);
  const row = passed ? known.passed : known.failed;
  for (let offset = 0; offset < row.length; offset += 1)
    row[offset] = (row[offset] ?? 0) + (executed[offset] ?? 0);
}

/** What any process of the run executed, per file under `root`; a process that was killed wrote nothing. */
function readCoverage(folder: string, root: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of readdirSync(folder)) {
    const report: unknown = JSON.parse(readFileSync(join(folder, name), "utf8"));
    for (const script of readScripts(report)) {
      if (!script.url.startsWith("file://")) continue;
      const file = relative(root, fileURLToPath(script.url)).split(sep).join("/");
      if (file.startsWith("../")) continue;
      const executed = executedOffsets(script.ranges);
      const known = files.get(file);
      if (known === undefined) files.set(file, executed);
      else executed.forEach((value, offset) => value === 1 && (known[offset] = 1));
    }
  }
  return files;
}

function readScripts(report: unknown): { url: string; ranges: CoverageRange[] }[] {
  const { result } = report as { result: { url: string; functions: { ranges: CoverageRange[] }[] }[] };
  return result.map(({ url, functions }) => ({ url, ranges: functions.flatMap((each) => each.ranges) }));
}
