/** Sentences that every form of a report shares. */
import type { Check } from "../protocol/contract.ts";
import type {
  AssertionReportEntry,
  EvidenceEntry,
  FindingReportEntry,
  MissionReport,
  VerdictReportEntry,
} from "./reportEntries.ts";

/** Long enough to be found again. */
export const shortId = (hash: string): string => hash.slice(0, 12);

export type Standing = "proven" | "refuted" | "unverified";

/** What an assertion has come to: only fresh passing evidence makes it proven. */
export function standingOf({ verdict }: AssertionReportEntry): Standing {
  if (verdict?.value === "failed" && verdict.stale === undefined) return "refuted";
  return verdict?.value === "passed" && verdict.stale === undefined ? "proven" : "unverified";
}

export function verdictWords({ verdict }: AssertionReportEntry): string {
  if (verdict === undefined) return "never judged";
  return verdict.stale === undefined ? verdict.value : `${verdict.value}, stale: ${verdict.stale}`;
}

/** What the claiming task left behind. */
export function commitOf({ taskId }: AssertionReportEntry, { tasks }: MissionReport): string | undefined {
  const task = tasks.find(({ id }) => id === taskId);
  return (task?.snapshot ?? task?.attempts.findLast(({ snapshot }) => snapshot !== undefined)?.snapshot)
    ?.commit;
}

/** `fix → fix~1`: who claimed it, oldest first. */
export function claimants({ taskId, claimedBefore }: AssertionReportEntry): string {
  return [...claimedBefore.map((claim) => claim.taskId), ...(taskId === undefined ? [] : [taskId])].join(
    " → ",
  );
}

export function checkWords(check: Check): string {
  switch (check.kind) {
    case "command":
      return `${check.command.join(" ")} ends with ${check.exitCode}${check.outputContains === undefined ? "" : `, printing ${JSON.stringify(check.outputContains)}`}`;
    case "tests":
      return `${check.command.join(" ")} reports as passed (${check.report.format}): ${check.expect.length === 0 ? "all tests that ran" : check.expect.join(", ")}`;
    case "file":
      return `${check.path} ${check.exists ? "is there" : "is not there"}${saying([...(check.contains ?? []), ...(check.matches ?? [])])}`;
    case "http":
      return `${check.method} ${check.path} of ${check.service} answers ${check.status}${saying(check.contains ?? [])}`;
  }
}

const saying = (parts: readonly string[]): string => (parts.length === 0 ? "" : `, with ${parts.join(", ")}`);

export function evidenceWords({ exitCode, durationMs, passed, failed, output }: EvidenceEntry): string {
  const parts = [`exit ${exitCode ?? "by signal"}`, `${(durationMs / 1_000).toFixed(1)} s`];
  if (passed !== undefined || failed !== undefined)
    parts.push(`${passed?.length ?? 0} passed, ${failed?.length ?? 0} failed`);
  if (output !== undefined) parts.push(`output sha256:${shortId(output.sha256)} (${output.sizeBytes} bytes)`);
  return parts.join(", ");
}

export function judgedWords({ by, at, judged, contractVersion }: VerdictReportEntry): string {
  return `by ${by} at ${timeText(at)} on tree ${shortId(judged.tree)}, contract version ${contractVersion}`;
}

export function findingWords({ status, trackedBy, reason, decidedBy }: FindingReportEntry): string {
  if (status === "tracked") return `tracked by ${trackedBy} (${decidedBy})`;
  return status === "dismissed" ? `dismissed by ${decidedBy}: ${reason}` : status;
}

export const timeText = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");

export function durationWords({ createdAt, endedAt }: MissionReport): string {
  if (endedAt === undefined) return "not ended";
  const seconds = Math.round((endedAt - createdAt) / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
