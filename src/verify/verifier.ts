/**
 * Judges an assertion by running its check in the box, in a fresh folder of exactly the tree being
 * judged. What goes wrong outside that tree is `error` or `inconclusive`, never `failed` or `passed`.
 */
import { join } from "node:path";
import type { Clock } from "../ports/clock.ts";
import type { Sandbox } from "../ports/sandbox.ts";
import type { Judgement, Observation, Verifier } from "../ports/verifier.ts";
import type { Check } from "../protocol/plan.ts";
import { isFolder, readBeneath, removeBeneath, segmentsOf } from "./beneath.ts";
import { type Finding, judgeReport, namesOf, type TestReport, type UnreadableReport } from "./report.ts";
import { type Run, runBounded } from "./run.ts";
import { parseTap } from "./tap.ts";

export interface VerifierOptions {
  sandbox: Sandbox;
  /** Folders and files that checks need beside the tree, such as a sealed environment. */
  readOnly: string[];
  clock: Clock;
}

type TestsCheck = Extract<Check, { kind: "tests" }>;

const maxReportBytes = 32 * 1024 * 1024;
const maxNames = 2_000;
const maxNameLength = 500;

export function createVerifier(options: VerifierOptions): Verifier {
  const clock = options.clock;
  return {
    judge: async ({ assertion, directory, signal }) => {
      try {
        return await judgeCheck(options, clock, assertion.check, directory, signal);
      } catch (error) {
        return without(
          "error",
          `the check could not be run: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    },
  };
}

async function judgeCheck(
  options: VerifierOptions,
  clock: Clock,
  check: Check,
  directory: string,
  signal: AbortSignal,
): Promise<Judgement> {
  const where = segmentsOf(check.cwd ?? "");
  if (where === undefined)
    return without("error", `the check's folder leads out of the tree: ${JSON.stringify(check.cwd)}`);
  if (!(await isFolder(directory, where))) {
    return without("failed", `the tree has no folder ${JSON.stringify(check.cwd)} to run the check in`);
  }
  const report =
    check.kind === "tests" && check.report.from !== "stdout" ? check.report.from.file : undefined;
  const reportParts = report === undefined ? undefined : segmentsOf(report);
  if (report !== undefined && (reportParts === undefined || reportParts.length === 0)) {
    return without("error", `the report's path leads out of the tree: ${JSON.stringify(report)}`);
  }
  if (reportParts !== undefined) await removeBeneath(directory, reportParts);
  const run = await runBounded(options.sandbox, clock, {
    argv: check.command,
    cwd: join(directory, ...where),
    writable: [directory],
    readOnly: options.readOnly,
    timeoutMs: check.timeoutMs,
    signal,
  });
  const early = endedEarly(run, check);
  if (early !== undefined) return { ...early, observations: [observation(check, run)] };
  const exitCode = run.end.kind === "exited" ? run.end.exitCode : null;
  if (check.kind === "command")
    return { ...judgeExit(check.exitCode, run), observations: [observation(check, run)] };
  return await judgeTests(check, run, exitCode, directory, reportParts);
}

/** 128 and the number of SIGKILL: what a shell and bubblewrap make of a program that it ended. */
const killedCode = 137;
const expectsKill = (check: Check): boolean => check.kind === "command" && check.exitCode === killedCode;

/** Ends that say nothing about the tree. */
function endedEarly(run: Run, check: Check): Finding | undefined {
  switch (run.end.kind) {
    case "timedOut":
      return { value: "inconclusive", reason: `timed out after ${check.timeoutMs} ms` };
    case "cancelled":
      return { value: "error", reason: "cancelled before the check ended" };
    case "exited":
      // Nobody but the host's memory limits and the box use this signal; through the box it comes as a code.
      return run.end.signal === "SIGKILL" || (run.end.exitCode === killedCode && !expectsKill(check))
        ? {
            value: "inconclusive",
            reason: "the check was killed from outside (SIGKILL), perhaps for using too much memory",
          }
        : undefined;
  }
}

function judgeExit(wanted: number, run: Run): Finding {
  if (run.end.kind !== "exited") return { value: "error", reason: "the check did not end" };
  const { exitCode, signal } = run.end;
  if (exitCode === wanted) return { value: "passed", reason: `ended with ${wanted}` };
  const how = exitCode === null ? `was ended by ${signal ?? "a signal"}` : `ended with ${exitCode}`;
  return { value: "failed", reason: `${how}, expected ${wanted}` };
}

async function judgeTests(
  check: TestsCheck,
  run: Run,
  exitCode: number | null,
  directory: string,
  reportParts: string[] | undefined,
): Promise<Judgement> {
  const report = await readReport(check, run, directory, reportParts);
  const code = exitCode ?? 128;
  if ("unreadable" in report) {
    const finding: Finding =
      code === 0
        ? { value: "inconclusive", reason: `no verdict can be read: ${report.unreadable}` }
        : { value: "failed", reason: `the command ended with ${code}, and ${report.unreadable}` };
    return { ...finding, observations: [observation(check, run)] };
  }
  const observed = observation(check, run);
  observed.passed = bounded(namesOf(report, "passed"));
  observed.failed = bounded(namesOf(report, "failed"));
  return { ...judgeReport(report, check.expect, code), observations: [observed] };
}

async function readReport(
  check: TestsCheck,
  run: Run,
  directory: string,
  parts: string[] | undefined,
): Promise<TestReport | UnreadableReport> {
  let text = run.stdout;
  if (parts !== undefined) {
    const file = await readBeneath(directory, parts, maxReportBytes);
    if ("unreadable" in file)
      return { unreadable: `the report ${parts.join("/")} cannot be read: ${file.unreadable}` };
    text = "missing" in file ? "" : file.text;
  } else if (run.stdoutCut) return { unreadable: "the report on standard output is too long" };
  if (check.report.format === "tap") return parseTap(text);
  // Loaded only when asked for: most contracts need no XML.
  const { parseJunit } = await import("./junit.ts");
  return parseJunit(text);
}

function observation(check: Check, run: Run): Observation {
  const exitCode = run.end.kind === "exited" ? run.end.exitCode : null;
  return { command: check.command, exitCode, durationMs: run.durationMs, output: run.output };
}

const bounded = (names: string[]): string[] =>
  names.slice(0, maxNames).map((name) => name.slice(0, maxNameLength));

const without = (value: Judgement["value"], reason: string): Judgement => ({
  value,
  reason,
  observations: [],
});
