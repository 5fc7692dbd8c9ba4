/**
 * A program agent that repairs JavaScript and TypeScript by search: it finds where failing tests differ
 * from passing ones, changes the code there in small steps, and keeps what makes tests pass and breaks
 * none. No model, no network, no stored patch.
 */

import { globSync, readFileSync } from "node:fs";
import { type Brief, BriefError, type Handoff, parseBrief } from "./brief.ts";
import { EMPTY_HANDOFF, isAskedFor, writeHandoff } from "./handoff.ts";
import { readMemory } from "./memory.ts";
import { wordsOf } from "./relevance.ts";
import { Scratch } from "./scratch.ts";
import type { Search } from "./step.ts";
import { repairTree } from "./strategy.ts";
import { isSource, planTests } from "./testPlan.ts";
import { type TestCase, displayName } from "./testRun.ts";
import { Tree } from "./tree.ts";
import { failingCount, failingOf, runSuite } from "./validate.ts";

/** Of the time limit: for starting, and for what a busy machine takes longer. */
const USABLE_SHARE = 0.95;
/** Of the rest, at most this is kept for the last run of the checks and the handoff. */
const LAST_RUN_SHARE = 0.4;
const MIN_LAST_RUN_MS = 2_000;
const HEARTBEAT_MS = 5_000;
const MAX_PROGRESS_LENGTH = 2_000;
/** A repository with more is too large to look for what a test runs without coverage. */
const MAX_SOURCES = 2_000;

let lastLineMs = 0;

function emit(line: object): void {
  lastLineMs = performance.now();
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function progress(text: string, fraction?: number): void {
  const short = text.slice(0, MAX_PROGRESS_LENGTH);
  emit({ type: "progress", text: short, ...(fraction === undefined ? {} : { fraction }) });
}

/** Repairs the workspace in place and says what it did. Only source files change, never tests. */
async function repair(workspace: string, brief: Brief): Promise<Handoff> {
  const usableMs = brief.timeoutMs * USABLE_SHARE;
  const remainingMs = (): number => usableMs - performance.now();
  const units = planTests(workspace, brief.checks);
  const scratch = new Scratch(workspace, remainingMs);
  const tried = { tried: 0 };
  const heartbeat = setInterval(() => {
    if (performance.now() - lastLineMs >= HEARTBEAT_MS)
      progress(`at work for ${Math.round(performance.now() / 1_000)} s, ${tried.tried} candidates tried`);
  }, HEARTBEAT_MS);
  try {
    progress(`running the tests (${units.length} ${units.length === 1 ? "process" : "processes"})`);
    const asked = (test: TestCase): boolean => isAskedFor(test, brief.checks);
    const start = await runSuite(scratch, units, asked);
    progress(`${failingCount(start)} failing tests to repair`);
    const lastRunMs = Math.min(
      Math.max(2 * scratch.usualMs(units), MIN_LAST_RUN_MS, usableMs * 0.05),
      usableMs * LAST_RUN_SHARE,
    );
    const findings = [...brief.previous.flatMap((each) => each.findings), ...brief.heldOut];
    const search: Search = {
      scratch,
      tree: new Tree(workspace, scratch),
      units,
      sources: sourcesOf(workspace, units),
      words: wordsOf([...brief.heldOut, ...failingOf(start).map(displayName), brief.goal].join(" ")),
      isAskedFor: asked,
      remainingMs: () => remainingMs() - lastRunMs,
      report: progress,
      known: new Map(),
      count: tried,
    };
    const memory = readMemory(brief.previous.map((each) => each.summary));
    const outcome = await repairTree(search, start, { memory, findings });
    progress("running the checks a last time", 0.95);
    return await writeHandoff(scratch, { brief, outcome, tried: tried.tried, remainingMs });
  } finally {
    clearInterval(heartbeat);
    scratch.remove();
  }
}

function sourcesOf(workspace: string, units: Search["units"]): string[] {
  const files = globSync("**/*.{js,mjs,cjs,jsx,ts,mts,cts,tsx}", {
    cwd: workspace,
    exclude: (path) => /(^|\/)(node_modules|\.git|dist|coverage)$/.test(path),
  });
  return files
    .filter((file) => isSource(file, units))
    .toSorted()
    .slice(0, MAX_SOURCES);
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
