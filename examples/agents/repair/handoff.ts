/** Says honestly what came of the search: what was changed, what still fails, which commands ran and how they ended. */

import { join } from "node:path";
import type { Brief, Check, Handoff } from "./brief.ts";
import { run } from "./childProcess.ts";
import { writeMemory } from "./memory.ts";
import type { Scratch } from "./scratch.ts";
import type { Outcome } from "./strategy.ts";
import { type TestCase, displayName, isNamed } from "./testRun.ts";
import { type Suite, failingCount } from "./validate.ts";

export const EMPTY_HANDOFF = {
  done: [],
  leftUndone: [],
  commands: [],
  testsAdded: [],
  issues: [],
  deviations: [],
};

/** Houston accepts so many entries of a list, so long each, and a summary of 20,000 characters with the record. */
const MAX_ENTRIES = 200;
const MAX_ENTRY_LENGTH = 2_000;
const MAX_PROSE_LENGTH = 4_500;
const MAX_ALTERNATIVES_SHOWN = 8;
const NOT_FOUND = 127;

type CommandResult = Handoff["commands"][number];

/** A test is asked for when a check names it, or when one names no tests and so means all. */
export function isAskedFor(test: TestCase, checks: readonly Check[]): boolean {
  if (test.path.length === 0) return true;
  return checks.some(({ expect }) => expect.length === 0 || expect.some((name) => isNamed(test, name)));
}

export interface Report {
  readonly brief: Brief;
  readonly outcome: Outcome;
  /** How many candidate changes were run. */
  readonly tried: number;
  readonly remainingMs: () => number;
}

/** Runs the contract's commands a last time, in a copy. */
export async function writeHandoff(scratch: Scratch, report: Report): Promise<Handoff> {
  const { brief, outcome } = report;
  const commands = await runChecks(scratch, brief.checks, report.remainingMs);
  const missing = commands.filter((each) => each.exitCode === NOT_FOUND);
  const leftUndone = whatIsLeft(report, commands);
  const clip = (texts: readonly string[]): string[] =>
    texts.slice(0, MAX_ENTRIES).map((text) => text.slice(0, MAX_ENTRY_LENGTH));
  return {
    ...EMPTY_HANDOFF,
    status: statusOf(
      report,
      leftUndone.length === 0,
      commands.every(({ exitCode }) => exitCode === 0),
    ),
    summary: summaryOf(report),
    done: clip(outcome.changes),
    leftUndone: clip(leftUndone),
    commands,
    issues: issuesOf(report),
    deviations: clip([
      ...outcome.undone.map(
        (change) => `took back an earlier change that a verifier did not accept: ${change}`,
      ),
      ...missing.map(
        ({ command }) => `could not be started here, its tests were run directly: ${command.join(" ")}`,
      ),
    ]),
  };
}

function statusOf({ brief, outcome }: Report, clean: boolean, checksPass: boolean): Handoff["status"] {
  const { start, end, changes } = outcome;
  if (changes.length > 0) {
    if (clean && failingCount(end) === 0) return "done";
    return failingCount(end) < failingCount(start) && !isHarmed(start, end) ? "partial" : "failed";
  }
  if (outcome.ended !== "nothingFails") return "failed";
  // What a killed attempt had repaired is handed off as what it is; nobody has turned it down yet.
  if (brief.isContinued && !wasRejected(brief) && checksPass) return "done";
  // With every test green and somebody who says no, there is nothing to search with.
  return wasRejected(brief) || !clean ? "blocked" : "done";
}

function isHarmed(start: Suite, end: Suite): boolean {
  const passing = new Set(end.results.filter((test) => test.passed).map((test) => test.key));
  return start.results.some((test) => test.passed && test.path.length > 0 && !passing.has(test.key));
}

/** An attempt that was cut off left nothing to turn down. */
function wasRejected({ previous }: Brief): boolean {
  return previous.some((each) => each.outcome !== "interrupted");
}

function summaryOf(report: Report): string {
  const { alternatives, memory } = report.outcome;
  const others = alternatives.slice(0, MAX_ALTERNATIVES_SHOWN).map((each) => `- ${each.description}`);
  const count = alternatives.length;
  const prose = [
    resultOf(report),
    ...(count === 0 ? [] : [`${count} other plausible ${count === 1 ? "change" : "changes"}, not taken:`]),
    ...others,
  ].join("\n");
  return `${prose.slice(0, MAX_PROSE_LENGTH)}\n${writeMemory(memory)}`;
}

function resultOf({ brief, outcome, tried }: Report): string {
  const { start, end, changes, undone, ended } = outcome;
  const [before, after] = [failingCount(start), failingCount(end)];
  if (ended === "nothingFails" && changes.length === 0)
    return wasRejected(brief) || brief.heldOut.length > 0
      ? "Nothing visible fails here, and this agent repairs only what a failing test shows. The tree is as it was."
      : "No test that was asked for fails here, so there was nothing to repair.";
  const candidates = `${tried} candidates tried`;
  if (changes.length === 0) {
    const why: Readonly<Record<string, string>> = {
      nothingElse: "every plausible change was handed off before",
      exhausted: "no small change of the code that the failing tests run repairs any of them",
      outOfTime: "time ran out first",
    };
    return `Found nothing to hand off: ${why[ended] ?? ended}; ${candidates}, ${after} of the tests asked for fail. The tree is as it was.`;
  }
  const number = `${changes.length} change${changes.length === 1 ? "" : "s"}`;
  const result =
    undone.length > 0
      ? `An earlier repair was not accepted; replaced it by ${number}; ${after} of the tests asked for fail`
      : `${before - after} of ${before} failing tests repaired by ${number}`;
  return `${result}; ${candidates}.${ended === "outOfTime" ? " Time ran out." : ""}`;
}

function whatIsLeft({ brief, outcome }: Report, commands: readonly CommandResult[]): string[] {
  const suite = outcome.end;
  const failing = suite.results
    .filter((test) => !test.passed)
    .map((test) => `still fails: ${displayName(test)}`);
  const known = [...suite.results, ...suite.unasked].filter((test) => test.path.length > 0);
  const missing = brief.checks.flatMap(({ assertionId, expect }) =>
    expect
      .filter((name) => known.length > 0 && !known.some((test) => isNamed(test, name)))
      .map((name) => `${assertionId} expects a test that does not run: ${name}`),
  );
  const unexplained =
    failing.length + suite.unasked.length > 0
      ? []
      : commands.filter((each) => each.exitCode !== 0 && each.exitCode !== NOT_FOUND);
  const unseen =
    outcome.changes.length > 0
      ? []
      : brief.heldOut.map((behaviour) => `no visible test shows whether this holds: ${behaviour}`);
  return [
    ...failing,
    ...missing,
    ...unexplained.map((each) => `${each.command.join(" ")} exits with ${each.exitCode}`),
    ...unseen,
  ];
}

function issuesOf({ brief, outcome }: Report): Handoff["issues"] {
  const stuck =
    outcome.ended === "nothingFails" && wasRejected(brief)
      ? [{ severity: "blocking" as const, text: "A verifier said no, and no visible test fails." }]
      : [];
  const changes = outcome.changes.map((change) => ({
    severity: "suggestion" as const,
    text: `Found by search: it fits the tests, and a reader must say whether it is what was meant. ${change}`,
  }));
  const others = outcome.end.unasked.map((test) => ({
    severity: "nonBlocking" as const,
    text: `Fails, and no assertion asks for it: ${displayName(test)}`,
  }));
  return [...stuck, ...changes, ...others]
    .slice(0, MAX_ENTRIES)
    .map(({ severity, text }) => ({ severity, text: text.slice(0, MAX_ENTRY_LENGTH) }));
}

/** The contract's own commands, as they stand, in a copy. */
async function runChecks(
  scratch: Scratch,
  checks: readonly Check[],
  remainingMs: () => number,
): Promise<CommandResult[]> {
  const unique = new Map(checks.map((each) => [JSON.stringify([each.cwd, each.command]), each]));
  const results = scratch.inOrder([...unique.values()], async ({ command, cwd }, slot) => {
    const timeoutMs = Math.max(remainingMs(), 1);
    const { exitCode } = await run(command, { cwd: join(slot.root, cwd), timeoutMs });
    return { command, exitCode };
  });
  return Array.fromAsync(results);
}
