/** What the demo came to: which repair only fitted the tests it could see, what was recovered, what is missing. */
import type { MissionRecord } from "../../app/following.ts";
import type { AssertionReportEntry, MissionReport, TaskReportEntry } from "../../app/reportEntries.ts";
import { shortCommit } from "../eventText.ts";
import { git, type Library } from "./layout.ts";

/** A library, its mission, and how much of the log others had seen when the runner was killed. */
export interface Performed {
  library: Library;
  report: MissionReport;
  before: number;
  /** Acknowledged events that are not there any more, or not the same: must be none. */
  lost: number;
}

/** Work that passed everything its agent could see, and not what it could not. */
export interface Overfit {
  taskId: string;
  /** What was visible, and passed. */
  passed: string[];
  /** What was held out, and did not. */
  refused: { id: string; behaviour: string; reason: string }[];
  /** What takes the goal over. */
  fix: TaskReportEntry;
}

export function overfitsOf({ assertions, tasks }: MissionReport): Overfit[] {
  return tasks.flatMap(({ id: taskId, supersededBy }) => {
    const fix = tasks.find(({ id }) => id === supersededBy);
    const judged = assertions.flatMap((assertion) => {
      const verdict = verdictsOf(assertion).findLast((each) => each.taskId === taskId);
      return verdict === undefined ? [] : [{ assertion, verdict }];
    });
    const visible = judged.filter(({ assertion }) => !assertion.heldOut);
    const refused = judged.filter(
      ({ assertion, verdict }) => assertion.heldOut && verdict.value === "failed",
    );
    if (fix === undefined || visible.length === 0 || refused.length === 0) return [];
    if (visible.some(({ verdict }) => verdict.value !== "passed")) return [];
    return [
      {
        taskId,
        passed: visible.map(({ assertion }) => assertion.id),
        refused: refused.map(({ assertion: { id, behaviour }, verdict: { reason } }) => ({
          id,
          behaviour,
          reason,
        })),
        fix,
      },
    ];
  });
}

const verdictsOf = ({ earlier, verdict }: AssertionReportEntry): AssertionReportEntry["earlier"] =>
  verdict === undefined ? earlier : [...earlier, verdict];

export function lostEvents(before: readonly MissionRecord[], now: readonly MissionRecord[]): number {
  const there = new Map(now.map((record) => [record.seq, JSON.stringify(record)]));
  return before.filter((record) => there.get(record.seq) !== JSON.stringify(record)).length;
}

/** What was promised and did not happen, in sentences; empty when all of it did. */
export function missingFrom(performed: readonly Performed[]): string[] {
  const missing = performed.flatMap((one) =>
    [...missingProof(one.report), ...missingDelivery(one)].map((text) => `${one.library.name}: ${text}`),
  );
  const reports = performed.map(({ report }) => report);
  if (!reports.some((report) => overfitsOf(report).some(({ fix }) => fix.status === "done")))
    missing.push("no repair was caught by a held-out check and replaced by a better one");
  const cutOff = reports.some(({ recoveries }) =>
    recoveries.some(({ attemptId }) => attemptId !== undefined),
  );
  if (!cutOff) missing.push("no attempt had to be recovered");
  return missing;
}

function missingProof({ outcome, assertions }: MissionReport): string[] {
  const unproven = assertions.filter(
    ({ verdict }) =>
      verdict?.value !== "passed" ||
      !verdict.onDelivered ||
      verdict.stale !== undefined ||
      verdict.evidence.length === 0,
  );
  return [
    ...(outcome?.outcome === "verified" ? [] : [`the outcome is ${outcome?.outcome ?? "open"}`]),
    ...unproven.map(({ id }) => `${id} is not proven on the delivered tree`),
  ];
}

function missingDelivery({ library, report, lost }: Performed): string[] {
  const { repository, base } = library;
  const missing: string[] = [];
  if (lost > 0) missing.push(`${lost} acknowledged events were lost`);
  const shown = git(repository, "for-each-ref", "--format=%(objectname)", `refs/heads/${report.branch}`);
  if (shown === "" || shown !== report.delivered?.commit)
    missing.push(`git shows ${shown === "" ? "nothing" : shortCommit(shown)} at ${report.branch}`);
  const untouched =
    git(repository, "rev-parse", "HEAD") === base && git(repository, "status", "--porcelain") === "";
  if (!untouched) missing.push("the user's own work tree was touched");
  return missing;
}
