/** Says honestly what came of the search: what was changed, what still fails, which commands ran and how they ended. */

import { join } from "node:path";
import type { Assertion, Handoff } from "./brief.ts";
import { run } from "./childProcess.ts";
import type { Scratch } from "./scratch.ts";
import type { SearchOutcome } from "./search.ts";
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

const CHECK_TIMEOUT_MS = 60_000;
/** Houston accepts so many entries of a list. */
const MAX_ENTRIES = 200;

type CommandResult = Handoff["commands"][number];

/** A test is asked for when an assertion names it, or when one names no tests and so means all. */
export function isAskedFor(test: TestCase, assertions: readonly Assertion[]): boolean {
  if (test.path.length === 0) return true;
  return assertions.some(({ expect }) => expect.length === 0 || expect.some((name) => isNamed(test, name)));
}

/** `rejectedBefore` says whether a verifier turned down an earlier attempt. Runs the contract's commands a last time. */
export async function writeHandoff(
  scratch: Scratch,
  assertions: readonly Assertion[],
  start: Suite,
  { accepted, tried, suite }: SearchOutcome,
  rejectedBefore: boolean,
): Promise<Handoff> {
  const commands = await runChecks(scratch, assertions);
  const leftUndone = whatIsLeft(assertions, suite, commands);
  const nothingToDo = failingCount(start) === 0;
  return {
    ...EMPTY_HANDOFF,
    status: statusOf(leftUndone.length === 0, accepted.length > 0, nothingToDo && rejectedBefore),
    summary: summaryOf(failingCount(start), failingCount(suite), accepted.length, tried),
    done: accepted,
    leftUndone: leftUndone.slice(0, MAX_ENTRIES),
    commands,
    issues: issuesOf(accepted, suite),
  };
}

/** With every test green and a verifier that said no, this agent has nothing left to search with. */
function statusOf(clean: boolean, changed: boolean, stuck: boolean): Handoff["status"] {
  if (stuck) return "blocked";
  if (clean) return "done";
  return changed ? "partial" : "failed";
}

function summaryOf(before: number, after: number, changes: number, tried: number): string {
  if (before === 0) return "No test that was asked for fails here, so there was nothing to repair.";
  return `${before - after} of ${before} failing tests repaired by ${changes} change${changes === 1 ? "" : "s"}; ${tried} candidates tried.`;
}

function whatIsLeft(
  assertions: readonly Assertion[],
  suite: Suite,
  commands: readonly CommandResult[],
): string[] {
  const failing = suite.results
    .filter((test) => !test.passed)
    .map((test) => `still fails: ${displayName(test)}`);
  const known = [...suite.results, ...suite.unasked].filter((test) => test.path.length > 0);
  const missing = assertions.flatMap(({ id, expect }) =>
    expect
      .filter((name) => known.length > 0 && !known.some((test) => isNamed(test, name)))
      .map((name) => `${id} expects a test that does not run: ${name}`),
  );
  const unexplained =
    failing.length + suite.unasked.length > 0 ? [] : commands.filter((each) => each.exitCode !== 0);
  return [
    ...failing,
    ...missing,
    ...unexplained.map((each) => `${each.command.join(" ")} exits with ${each.exitCode}`),
  ];
}

function issuesOf(accepted: readonly string[], suite: Suite): Handoff["issues"] {
  const changes = accepted.map((change) => ({
    severity: "suggestion" as const,
    text: `Found by search: it fits the tests, and a reader must say whether it is what was meant. ${change}`,
  }));
  const others = suite.unasked.map((test) => ({
    severity: "nonBlocking" as const,
    text: `Fails, and no assertion asks for it: ${displayName(test)}`,
  }));
  return [...changes, ...others].slice(0, MAX_ENTRIES);
}

/** The contract's own commands, as they stand, in a copy. */
async function runChecks(scratch: Scratch, assertions: readonly Assertion[]): Promise<CommandResult[]> {
  const unique = new Map(assertions.map((each) => [JSON.stringify([each.cwd, each.command]), each]));
  const results = scratch.inOrder([...unique.values()], async ({ command, cwd }, slot) => {
    const { exitCode } = await run(command, { cwd: join(slot.root, cwd), timeoutMs: CHECK_TIMEOUT_MS });
    return { command, exitCode };
  });
  return Array.fromAsync(results);
}
