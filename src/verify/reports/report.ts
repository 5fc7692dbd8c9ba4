/** What a test run reported, whatever format it came in, and what that says about the expected tests. */
import type { VerdictValue } from "../../protocol/verdict.ts";

export interface TestResult {
  /** Suites and test, joined with " > ". */
  name: string;
  /** Another name the format gives it, such as class and method. */
  otherName?: string;
  status: "passed" | "failed" | "skipped";
}

export interface TestReport {
  results: TestResult[];
  /** Why the report cannot be whole, such as a plan that was not fulfilled. */
  gaps: string[];
  /** Files that count as passed without having reported a test: what `process.exit(0)` leaves behind. */
  silentFiles: string[];
}

/** The text is not a report of this format at all. */
export interface UnreadableReport {
  unreadable: string;
}

export const separator = " > ";

/**
 * Whether a result only says that a file was run. Test runners report a file in which no test was
 * registered, or which ended the process early, as one passed test with the file's name.
 */
export function isFileName(name: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(name);
}

export interface Conclusion {
  value: VerdictValue;
  reason: string;
}

/**
 * Passed only if every expected test is reported as passed (and where none is named, at least one
 * ran and none failed), the report is whole, the command ended with 0, and nobody has more to complain of.
 */
export function judgeReport(
  report: TestReport,
  expect: readonly string[],
  exitCode: number,
  more: readonly string[] = [],
): Conclusion {
  const complaints = expect.length > 0 ? expectedComplaints(report, expect) : anyComplaints(report);
  complaints.push(...more, ...report.gaps);
  if (exitCode !== 0) complaints.push(`the command ended with ${exitCode}`);
  if (complaints.length > 0) return { value: "failed", reason: complaints.join("; ") };
  const count = expect.length > 0 ? expect.length : namesOf(report, "passed").length;
  return {
    value: "passed",
    reason: `${count} ${expect.length > 0 ? "expected " : ""}${count === 1 ? "test" : "tests"} passed`,
  };
}

export function namesOf(report: TestReport, status: TestResult["status"]): string[] {
  return report.results.filter((result) => result.status === status).map(({ name }) => name);
}

/** Every test that an expected name fits must have passed, so that a namesake cannot stand in. */
function expectedComplaints(report: TestReport, expect: readonly string[]): string[] {
  const missing: string[] = [];
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const wanted of expect) {
    const found = report.results.filter((result) => fits(result, wanted));
    if (found.length === 0) missing.push(wanted);
    else if (found.some(({ status }) => status === "failed")) failed.push(wanted);
    else if (found.some(({ status }) => status === "skipped")) skipped.push(wanted);
  }
  return [
    ...named("failed", failed),
    ...named("not reported", missing),
    ...named("skipped or todo", skipped),
  ];
}

function anyComplaints(report: TestReport): string[] {
  const passed = namesOf(report, "passed");
  const complaints = named("failed", namesOf(report, "failed"));
  if (passed.length === 0 && complaints.length === 0) complaints.push("no test ran");
  return [...complaints, ...named("ran without reporting a test", report.silentFiles)];
}

/** Whether a name means this result: its full name, or its last segments. */
export function fits(result: TestResult, wanted: string): boolean {
  if ([result.name, result.otherName].some((name) => isOrEndsWith(name, wanted, separator))) return true;
  // Mocha and Jest also join suites and test with blanks, where the segments cannot be told apart.
  return wanted.includes(separator) && isOrEndsWith(result.otherName, wanted.replaceAll(separator, " "), " ");
}

const isOrEndsWith = (name: string | undefined, wanted: string, join: string): boolean =>
  name === wanted || name?.endsWith(join + wanted) === true;

const maxNamed = 20;

/** A complaint about tests, by name; nothing when there are none. */
export function named(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, maxNamed).map((name) => JSON.stringify(name.slice(0, 200)));
  const more = names.length > maxNamed ? ` and ${names.length - maxNamed} more` : "";
  return [`${what}: ${shown.join(", ")}${more}`];
}
