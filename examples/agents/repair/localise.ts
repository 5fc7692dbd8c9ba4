/**
 * Spectrum-based fault localisation: which code do failing tests run that passing tests do not?
 * Scores are Ochiai's, after R. Abreu, P. Zoeteweij, A. J. C. van Gemund, "On the Accuracy of
 * Spectrum-based Fault Localization", TAIC PART 2007; the spectrum is of blocks per test.
 */

import { type Executed, type Recorder, probeRecorder, v8Recorder } from "./coverage.ts";
import { type Probes, placeProbes } from "./probes.ts";
import type { Scratch, Slot } from "./scratch.ts";
import type { TestUnit } from "./testPlan.ts";
import type { TestResult } from "./testRun.ts";

/** Per file (relative to the workspace) and UTF-16 offset: how many tests ran the code there. */
interface Counts {
  failed: Uint32Array;
  passed: Uint32Array;
}

export interface Spectrum {
  readonly files: readonly string[];
  /** Between 0 (no failing test runs it) and 1 (exactly the failing tests do). */
  suspicion(file: string, offset: number): number;
}

/** One run of the spectrum: a test alone, or a unit whose tests cannot be run alone. */
interface Row {
  readonly unit: TestUnit;
  readonly test: TestResult | undefined;
  readonly passed: boolean;
}

export interface LocaliseOptions {
  readonly scratch: Scratch;
  /** The text of a file as it is now in every copy. */
  readonly read: (file: string) => string;
  /** The files which may be at fault. */
  readonly sources: readonly string[];
  /** How long all the runs may take together. */
  readonly budgetMs: number;
}

/** However short the time is. */
const MIN_ROWS = 24;
const MAX_ROWS = 400;
const MAX_FAILING_ROWS = 60;
/** Of files that nobody could look into: they may be at fault, as any other. */
const UNKNOWN_SUSPICION = 0.3;

/** Runs tests alone and notes what they execute. Without any coverage, all sources are equally suspicious. */
export async function collectSpectrum(
  options: LocaliseOptions,
  tests: readonly TestResult[],
): Promise<Spectrum> {
  const { scratch } = options;
  const rows = rowsOf(tests, scratch, options.budgetMs);
  const counts = new Map<string, Counts>();
  const isSource = new Set(options.sources);
  const add = (executed: Executed, passed: boolean): void => {
    for (const [file, offsets] of executed) if (isSource.has(file)) count(counts, file, offsets, passed);
  };
  await scratch.all(
    rows.filter((row) => row.unit.runner.coverage === "v8"),
    async (row, slot) =>
      add(await runRow(scratch, slot, row, () => v8Recorder(slot.root, slot.reportFolder)), row.passed),
  );
  const compiled = rows.filter((row) => row.unit.runner.coverage === "probes");
  if (compiled.length > 0) {
    const sources = new Map(options.sources.map((file) => [file, options.read(file)]));
    await withProbes(scratch, sources, async (probes) => {
      await scratch.all(compiled, async (row, slot) =>
        add(await runRow(scratch, slot, row, () => probeRecorder(probes, slot.reportFolder)), row.passed),
      );
    });
  }
  const failing = rows.filter((row) => !row.passed).length;
  return spectrumOf(counts, failing, options.sources);
}

/** `ef / sqrt((ef + nf) * (ef + ep))`: executed and not executed by failing tests, executed by passing ones. */
export function ochiai(executedFailing: number, executedPassing: number, failing: number): number {
  if (executedFailing === 0) return 0;
  return executedFailing / Math.sqrt(failing * (executedFailing + executedPassing));
}

function spectrumOf(
  counts: ReadonlyMap<string, Counts>,
  failing: number,
  sources: readonly string[],
): Spectrum {
  const isSeen = [...counts.values()].some((each) => each.failed.some((value) => value > 0));
  if (!isSeen) return { files: sources, suspicion: () => UNKNOWN_SUSPICION };
  return {
    files: [...counts.keys()].toSorted(),
    suspicion(file, offset) {
      const found = counts.get(file);
      return ochiai(found?.failed[offset] ?? 0, found?.passed[offset] ?? 0, failing);
    },
  };
}

/** Failing tests, then passing tests of the same units, which tell most, then others; as many as there is time for. */
function rowsOf(tests: readonly TestResult[], scratch: Scratch, budgetMs: number): Row[] {
  const units = [...new Set(tests.map((test) => test.unit))];
  const meanMs = Math.max(scratch.usualMs(units) / Math.max(units.length, 1), 20);
  const limit = Math.max(MIN_ROWS, Math.min(MAX_ROWS, Math.floor((budgetMs * scratch.width) / meanMs)));
  const failing = tests.filter((test) => !test.passed);
  const failingUnits = new Set(failing.map((test) => test.unit));
  const alone = (test: TestResult): boolean => test.path.length > 0 && test.unit.runner.isolates;
  const wholes = (of: readonly TestResult[], passed: boolean): Row[] =>
    [...new Set(of.map((test) => test.unit))].map((unit) => ({ unit, test: undefined, passed }));
  const rowOf = (test: TestResult): Row => ({ unit: test.unit, test, passed: test.passed });
  // A file's own result is a row only where none of its tests can stand for it.
  const failingRows = [
    ...failing.filter(alone).map(rowOf),
    ...wholes(
      failing.filter(
        (test) => !alone(test) && !failing.some((other) => other.unit === test.unit && alone(other)),
      ),
      false,
    ),
  ].slice(0, MAX_FAILING_ROWS);
  const passing = tests.filter((test) => test.passed && alone(test));
  const nearFirst = passing.toSorted(
    (a, b) => Number(failingUnits.has(b.unit)) - Number(failingUnits.has(a.unit)),
  );
  const chosen = nearFirst.slice(0, Math.max(limit - failingRows.length, 0));
  const covered = new Set([...chosen.map((test) => test.unit), ...failingUnits]);
  const others = wholes(
    tests.filter((test) => !covered.has(test.unit)),
    true,
  );
  return [...failingRows, ...chosen.map(rowOf), ...others.slice(0, limit)];
}

/** A test that does not behave alone as it does among others is run with them. */
async function runRow(scratch: Scratch, slot: Slot, row: Row, start: () => Recorder): Promise<Executed> {
  const { unit, test } = row;
  if (test !== undefined) {
    const recorder = start();
    const { results } = await scratch.run(unit, slot, { only: [test], env: recorder.env });
    if (results.find((each) => each.key === test.key)?.passed === test.passed) return recorder.read();
    scratch.keepTogether(test);
    // Among others, a passing test of a failing unit would acquit what it never ran.
    if (test.passed) return new Map();
  }
  const recorder = start();
  await scratch.run(unit, slot, { env: recorder.env });
  return recorder.read();
}

async function withProbes(
  scratch: Scratch,
  sources: ReadonlyMap<string, string>,
  work: (probes: Probes) => Promise<void>,
): Promise<void> {
  const probes = placeProbes(sources);
  try {
    for (const [file, text] of probes.marked) scratch.write(file, text);
    await work(probes);
  } finally {
    for (const file of probes.marked.keys()) scratch.write(file, sources.get(file) ?? "");
  }
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
