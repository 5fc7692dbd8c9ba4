/** From what a check did to what it says of the tree. */
import type { Judgement, JudgeRequest } from "../../ports/verifier.ts";
import type { Check } from "../../protocol/contract.ts";
import type { FindingDraft } from "../../protocol/finding.ts";
import { readBeneath, removeBeneath, segmentsOf } from "../beneath.ts";
import { textIn } from "../reports/json.ts";
import { parseReport } from "../reports/read.ts";
import {
  type Conclusion,
  judgeReport,
  namesOf,
  type TestReport,
  type UnreadableReport,
} from "../reports/report.ts";
import type { Run } from "../run.ts";
import { compareWithBaseline } from "./baseline.ts";
import { judgeFile } from "./file.ts";
import { observationOf, type VerifierOptions } from "./judgement.ts";
import { CheckError, type ProgramRun, runProgram, runRequest } from "./program.ts";

type CommandCheck = Extract<Check, { kind: "command" }>;
type TestsCheck = Extract<Check, { kind: "tests" }>;
type HttpCheck = Extract<Check, { kind: "http" }>;

const maxReportBytes = 32 * 1024 * 1024;
const maxNames = 2_000;
const maxNameLength = 500;

/** Throws CheckError, and whatever goes wrong outside the tree. */
export async function judgeCheck(options: VerifierOptions, request: JudgeRequest): Promise<Judgement> {
  const { check } = request.assertion;
  switch (check.kind) {
    case "command":
      return await judgeCommand(options, request, check);
    case "tests":
      return await judgeTests(options, request, check);
    case "file":
      return await judgeFile(check, request.directory);
    case "http":
      return await judgeHttp(options, request, check);
  }
}

async function judgeCommand(
  options: VerifierOptions,
  request: JudgeRequest,
  check: CommandCheck,
): Promise<Judgement> {
  const ran = await runProgram(options, request, check, undefined);
  const observations = [observationOf(check.command, ran.run)];
  const early = endedEarly(ran, check);
  return concluded(early ?? judgeEnd(check, ran.run), ran, { observations });
}

function judgeEnd(check: CommandCheck, run: Run): Conclusion {
  if (run.end.kind !== "exited") return { value: "error", reason: "the check did not end" };
  const { exitCode, signal } = run.end;
  if (exitCode !== check.exitCode) {
    const how = exitCode === null ? `was ended by ${signal ?? "a signal"}` : `ended with ${exitCode}`;
    return { value: "failed", reason: `${how}, expected ${check.exitCode}` };
  }
  const wanted = check.outputContains;
  if (wanted !== undefined && !Buffer.from(run.output).toString().includes(wanted))
    return { value: "failed", reason: `the output does not contain ${JSON.stringify(wanted.slice(0, 200))}` };
  return { value: "passed", reason: `ended with ${check.exitCode}` };
}

async function judgeTests(
  options: VerifierOptions,
  request: JudgeRequest,
  check: TestsCheck,
): Promise<Judgement> {
  const { directory, baseline = [] } = request;
  const file = check.report.from === "stdout" ? undefined : check.report.from.file;
  const parts = file === undefined ? undefined : segmentsOf(file);
  if (file !== undefined && (parts === undefined || parts.length === 0))
    throw new CheckError("error", `the report's path leads out of the tree: ${JSON.stringify(file)}`);
  if (parts !== undefined) await removeBeneath(directory, parts);
  const ran = await runProgram(options, request, check, parts?.join("/"));
  const observed = observationOf(check.command, ran.run);
  const early = endedEarly(ran, check);
  if (early !== undefined) return concluded(early, ran, { observations: [observed] });
  const code = observed.exitCode ?? 128;
  const report = await readReport(check, ran.run, directory, parts);
  if ("unreadable" in report) {
    const conclusion: Conclusion =
      code === 0
        ? { value: "inconclusive", reason: `no verdict can be read: ${report.unreadable}` }
        : { value: "failed", reason: `the command ended with ${code}, and ${report.unreadable}` };
    return concluded(conclusion, ran, { observations: [observed] });
  }
  const passed = namesOf(report, "passed");
  observed.passed = bounded(passed);
  observed.failed = bounded(namesOf(report, "failed"));
  const { complaints, findings } = compareWithBaseline(report, baseline);
  const conclusion = judgeReport(report, check.expect, code, complaints);
  return concluded(conclusion, ran, { observations: [observed], passed }, findings);
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
  return await parseReport(check.report.format, text);
}

async function judgeHttp(
  options: VerifierOptions,
  request: JudgeRequest,
  check: HttpCheck,
): Promise<Judgement> {
  const ran = await runRequest(options, request, check);
  const command = [check.method, `${check.service}:${check.path}`];
  const observation = { ...observationOf(command, ran.run), exitCode: null };
  return concluded(endedEarly(ran, check) ?? judgeAnswer(check, ran), ran, { observations: [observation] });
}

function judgeAnswer(check: HttpCheck, { word }: ProgramRun): Conclusion {
  if (word?.["kind"] === "noAnswer")
    return { value: "failed", reason: `${check.path} gave no answer: ${textIn(word["reason"])}` };
  if (word?.["kind"] !== "answered")
    return { value: "inconclusive", reason: "the request was never made: the box ended before it" };
  const missing = Array.isArray(word["missing"]) ? word["missing"].map((part) => JSON.stringify(part)) : [];
  const complaints = missing.map((part) => `the body does not contain ${part}`);
  if (word["status"] !== check.status)
    complaints.unshift(`answered ${String(word["status"])}, expected ${check.status}`);
  if (complaints.length > 0) return { value: "failed", reason: `${check.path}: ${complaints.join("; ")}` };
  return { value: "passed", reason: `${check.path} answered ${check.status}` };
}

/** 128 and the number of SIGKILL: what a shell and bubblewrap make of a program that it ended. */
const killedCode = 137;

/** Ends that are no answer of the check. */
function endedEarly({ run, word, findings }: ProgramRun, check: Check): Conclusion | undefined {
  const late = { value: "inconclusive", reason: `timed out after ${check.timeoutMs} ms` } as const;
  if (run.end.kind === "cancelled") return { value: "error", reason: "cancelled before the check ended" };
  if (findings.length > 0) return { value: "failed", reason: findings.map(({ text }) => text).join("; ") };
  if (run.end.kind === "timedOut" || word?.["kind"] === "timedOut") return late;
  const expectsKill = check.kind === "command" && check.exitCode === killedCode;
  // Nobody but the host's memory limits and the box use this signal; through the box it comes as a code.
  return run.end.signal === "SIGKILL" || (run.end.exitCode === killedCode && !expectsKill)
    ? {
        value: "inconclusive",
        reason: "the check was killed from outside (SIGKILL), perhaps for using too much memory",
      }
    : undefined;
}

/** What the guard saw stands above what the check says of itself. */
function concluded(
  conclusion: Conclusion,
  ran: ProgramRun,
  rest: Pick<Judgement, "observations" | "passed">,
  more: readonly FindingDraft[] = [],
): Judgement {
  const findings = [...ran.findings, ...ran.guard.findings, ...more];
  const judgement: Judgement = { ...conclusion, ...rest, ...(findings.length === 0 ? {} : { findings }) };
  if (conclusion.value === "error") return judgement;
  if (ran.guard.findings.length > 0) {
    const seen = ran.guard.findings.map(({ text, place }) =>
      place === undefined ? text : `${text} (${place})`,
    );
    const own = conclusion.value === "passed" ? [] : [conclusion.reason];
    return { ...judgement, value: "failed", reason: [...seen, ...own].join("; ") };
  }
  const [silent] = ran.guard.silent;
  if (conclusion.value !== "passed" || silent === undefined) return judgement;
  return { ...judgement, value: "inconclusive", reason: `a process of the check vanished: ${silent}` };
}

const bounded = (names: string[]): string[] =>
  names.slice(0, maxNames).map((name) => name.slice(0, maxNameLength));
