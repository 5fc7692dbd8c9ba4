/** Holds a report to the tests that passed on the base: one that is reported no more is no accident. */
import type { FindingDraft } from "../../protocol/finding.ts";
import { named, type TestReport } from "../reports/report.ts";

export interface BaselineAnswer {
  complaints: string[];
  findings: FindingDraft[];
}

export function compareWithBaseline(report: TestReport, baseline: readonly string[]): BaselineAnswer {
  const vanished: string[] = [];
  const skipped: string[] = [];
  const failed: string[] = [];
  const statuses = new Map<string, Set<string>>();
  for (const { name, status } of report.results)
    statuses.set(name, (statuses.get(name) ?? new Set()).add(status));
  for (const name of new Set(baseline)) {
    const found = statuses.get(name);
    if (found === undefined) vanished.push(name);
    else if (found.has("failed")) failed.push(name);
    else if (!found.has("passed")) skipped.push(name);
  }
  const findings: FindingDraft[] = [];
  if (vanished.length > 0)
    findings.push({
      kind: "testVanished",
      severity: "blocking",
      text: textOf("no longer reported", vanished),
    });
  if (skipped.length > 0)
    findings.push({ kind: "testSkipped", severity: "blocking", text: textOf("now skipped", skipped) });
  return {
    complaints: [
      ...named("passed on the base and failed", failed),
      ...named("passed on the base and not reported", vanished),
      ...named("passed on the base and skipped", skipped),
    ],
    findings,
  };
}

const textOf = (what: string, names: readonly string[]): string =>
  named(`tests that passed on the base are ${what}`, names).join("");
