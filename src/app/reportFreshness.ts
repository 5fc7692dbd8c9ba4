/** Which verdicts still count when a report is written, and what stays visibly unverified. */
import type { AssertionReportEntry, MissionReport } from "./reportEntries.ts";

/** Fills in `onDelivered` and `stale` of every verdict. */
export function judgeFreshness(report: MissionReport, contractVersion: number): void {
  const { delivered, head } = report;
  for (const { verdict } of [...report.assertions, ...report.checks]) {
    if (verdict === undefined) continue;
    verdict.onDelivered = delivered !== undefined && verdict.judged.tree === delivered.tree;
    const isCurrent = head === undefined || verdict.judged.tree === head.tree || verdict.tree === head.tree;
    if (verdict.contractVersion !== contractVersion)
      verdict.stale = `the contract is at version ${contractVersion}, it judged version ${verdict.contractVersion}`;
    else if (delivered !== undefined ? !verdict.onDelivered : !isCurrent)
      verdict.stale = "the tree has moved on since";
  }
}

/** One sentence for each thing that a reader might take for proven. */
export function unverifiedIn(report: MissionReport): string[] {
  const { assertions, checks, preflight, stages, findings } = report;
  return [
    ...assertions.flatMap((assertion) => sentenceOf(assertion) ?? []),
    ...checks
      // What the base failed already is nobody's fault here.
      .filter(({ baseline }) => baseline === undefined || baseline.value === "passed")
      .flatMap((check) => sentenceOf(check) ?? []),
    ...checks
      .filter(({ baseline }) => baseline !== undefined && baseline.value !== "passed")
      .map(
        ({ id, baseline }) => `${id} was ${baseline?.value} on the base already, so nothing is asked of it`,
      ),
    ...[...assertions, ...checks]
      .filter(({ baseline }) => baseline?.flaky === true)
      .map(({ id }) => `${id} is flaky: its runs on the base did not agree`),
    ...(preflight === undefined && report.tasks.length > 0
      ? ["preflight did not run: nothing is known of how the base fared"]
      : []),
    ...stages.filter(({ sealed }) => sealed === undefined).map(({ id }) => `stage ${id} was not sealed`),
    ...findings
      .filter(({ status }) => status === "open")
      .map(({ id, text }) => `finding ${id} is open: ${text}`),
  ];
}

function sentenceOf({ id, verdict }: AssertionReportEntry): string | undefined {
  if (verdict === undefined) return `${id} was never judged`;
  if (verdict.value !== "passed") return `${id} is ${verdict.value}: ${verdict.reason}`;
  return verdict.stale === undefined ? undefined : `${id} passed, but ${verdict.stale}`;
}
