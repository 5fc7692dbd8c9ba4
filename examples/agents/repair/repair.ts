/**
 * A program agent that repairs JavaScript, and TypeScript that Node can strip, by search: it finds
 * where failing tests differ from passing ones, changes the code there in small steps, and keeps
 * what makes tests pass and breaks none. No model, no network, no stored patch.
 */

import { readFileSync } from "node:fs";
import { type Brief, BriefError, type Handoff, parseBrief } from "./brief.ts";
import { EMPTY_HANDOFF, isAskedFor, writeHandoff } from "./handoff.ts";
import { Scratch } from "./scratch.ts";
import { search } from "./search.ts";
import { isTestPath, planTests } from "./testPlan.ts";
import { failingCount, runSuite } from "./validate.ts";

const PARALLEL = 2;
/** The rest of the time is for the last run of the checks and the handoff. */
const SEARCH_SHARE = 0.85;

function emit(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function progress(text: string, fraction?: number): void {
  emit({ type: "progress", text, ...(fraction === undefined ? {} : { fraction }) });
}

/** How many attempts a verifier turned down; one that was cut off left nothing to turn down. */
function rejectedAttempts({ attemptNumber, previous }: Brief): number {
  const judged = previous.filter((each) => each.outcome !== "interrupted");
  return Math.min(judged.length, Math.max(attemptNumber - 1, 0));
}

/** Repairs the workspace in place and says what it did. Only source files change, never tests. */
async function repair(workspace: string, brief: Brief): Promise<Handoff> {
  const startedMs = performance.now();
  const units = planTests(workspace, brief.assertions);
  const skip = rejectedAttempts(brief);
  const scratch = new Scratch(workspace, PARALLEL);
  const options = {
    workspace,
    scratch,
    skip,
    isCandidate: (file: string) =>
      /\.[cm]?[jt]s$/.test(file) && !isTestPath(file, units) && !file.includes("node_modules/"),
    isAskedFor: (test: Parameters<typeof isAskedFor>[0]) => isAskedFor(test, brief.assertions),
    isOver: () => performance.now() - startedMs > brief.timeoutMs * SEARCH_SHARE,
    report: progress,
  };
  try {
    progress(`running the tests (${units.length} ${units.length === 1 ? "process" : "processes"})`);
    const start = await runSuite(scratch, units, options.isAskedFor);
    progress(`${failingCount(start)} failing tests to repair`);
    const outcome = await search(options, start);
    return await writeHandoff(scratch, brief.assertions, start, outcome, skip > 0);
  } finally {
    scratch.remove();
  }
}

try {
  emit({ type: "handoff", ...(await repair(process.cwd(), parseBrief(readFileSync(0, "utf8")))) });
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${error instanceof Error ? error.stack : text}\n`);
  const status = error instanceof BriefError ? "blocked" : "failed";
  emit({
    type: "handoff",
    ...EMPTY_HANDOFF,
    status,
    summary: text,
    issues: [{ severity: "blocking", text }],
  });
}
