/** `houston report`: what a mission came to and what it rests on, for people, for files and for programs. */
import { diffstat, type FileChange } from "../../app/diffstat.ts";
import { escapeLine } from "../../app/escape.ts";
import type { Houston } from "../../app/houston.ts";
import type { AssertionReportEntry, MissionReport } from "../../app/reportEntries.ts";
import { claimants, evidenceWords, findingWords } from "../../app/reportWords.ts";
import { spending } from "../../plan/quantities.ts";
import { shortCommit, verdictMark } from "../eventText.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { findMission, withHouston, type GlobalOptions } from "../opening.ts";
import { ago, print, printJson, table } from "../output.ts";

export interface ReportOptions extends GlobalOptions {
  json?: boolean;
  md?: boolean;
  html?: boolean;
}

export async function report(id: string, options: ReportOptions): Promise<ExitCode> {
  if ([options.json, options.md, options.html].filter((one) => one === true).length > 1)
    throw new CliError(exitCodes.usage, "say one of --json, --md and --html");
  return await withHouston(options, "look", async (houston) => {
    const found = await houston.report(await findMission(houston, id));
    if (found === undefined) throw new CliError(exitCodes.notFound, `there is no mission ${id}`);
    const changes = await changesOf(houston, found);
    if (options.json === true) printJson({ ...found, changes });
    else print(await written(found, changes, options));
    return exitCodes.ok;
  });
}

async function written(found: MissionReport, changes: FileChange[], options: ReportOptions): Promise<string> {
  if (options.html === true) return (await import("../../app/reportHtml.ts")).reportHtml(found, changes);
  if (options.md === true)
    return (await import("../../app/reportMarkdown.ts")).reportMarkdown(found, changes);
  return reportText(found, changes);
}

/** Between base and what was delivered. */
export async function changesOf(
  houston: Houston,
  { missionId, base, delivered }: MissionReport,
): Promise<FileChange[]> {
  if (base === undefined || delivered === undefined) return [];
  return diffstat(await houston.diff(missionId, base, delivered));
}

export function reportText(found: MissionReport, changes: FileChange[]): string {
  const { outcome, repository, delivered, branch, unverified, checks, findings, allowed } = found;
  return [
    escapeLine(found.goal),
    outcome === undefined ? "not finished" : `${outcome.outcome}: ${escapeLine(outcome.reason)}`,
    `repository  ${escapeLine(repository.path)}, from ${escapeLine(repository.base)} (${shortCommit(repository.commit ?? "?")})`,
    delivered === undefined
      ? "delivered   nothing"
      : `delivered   ${escapeLine(branch)} at ${shortCommit(delivered.commit)}`,
    `spent       ${spending(found.spent, found.limits)} in ${ago((found.endedAt ?? Date.now()) - found.createdAt)}`,
    ...allowed.map((sentence) => `allowed     ${escapeLine(sentence)}`),
    ...titled(
      "not verified",
      unverified.map((sentence) => `  ${escapeLine(sentence)}`),
    ),
    ...titled("assertions", found.assertions.flatMap(assertionLines)),
    ...titled("checks", checks.flatMap(assertionLines)),
    ...titled(
      "findings",
      findings.map(
        (finding) =>
          `  ${finding.id} ${finding.severity} ${finding.kind} by ${finding.by}: ${escapeLine(finding.text, 160)} (${escapeLine(findingWords(finding), 160)})`,
      ),
    ),
    ...titled(
      "tasks",
      found.tasks.flatMap(({ id, status, attempts }) => [
        `  ${id}  ${status}`,
        ...attempts.map(
          ({ id: attemptId, agentId, outcome: end, summary }) =>
            `    ${attemptId} by ${agentId}  ${end}: ${escapeLine(summary ?? "", 160)}`,
        ),
      ]),
    ),
    ...recoveryLines(found),
    ...(changes.length === 0 ? [] : ["", "changes", diffstatText(changes)]),
  ].join("\n");
}

const titled = (title: string, lines: string[]): string[] =>
  lines.length === 0 ? [] : ["", title, ...lines];

function assertionLines(assertion: AssertionReportEntry): string[] {
  const { id, behaviour, heldOut, baseline, verdict } = assertion;
  const claimed = `claimed by ${claimants(assertion) || "nobody"}`;
  const onBase =
    baseline === undefined ? "" : `; on the base ${baseline.value}${baseline.flaky ? ", flaky" : ""}`;
  const title = `${id}${heldOut ? " (held out)" : ""}  ${escapeLine(behaviour)}`;
  if (verdict === undefined) return [`  · ${title}`, `      unverified; ${claimed}${onBase}`];
  const where = verdict.onDelivered
    ? "on the delivered tree"
    : `on tree ${shortCommit(verdict.tree)}, which was not delivered`;
  return [
    `  ${verdictMark(verdict.value)} ${title}`,
    `      ${verdict.value} by ${verdict.by} ${where}: ${escapeLine(verdict.reason)}; ${claimed}${onBase}`,
    ...(verdict.stale === undefined ? [] : [`      stale: ${escapeLine(verdict.stale)}`]),
    ...verdict.evidence.map(
      (evidence) => `      $ ${escapeLine(evidence.command.join(" "), 120)}  → ${evidenceWords(evidence)}`,
    ),
  ];
}

function recoveryLines({ runs, recoveries, rollbacks }: MissionReport): string[] {
  if (runs.length < 2 && rollbacks.length === 0) return [];
  return [
    "",
    "runs",
    ...runs.map(
      ({ epoch, eventsBefore, stoppedAt }) =>
        `  epoch ${epoch}  after ${eventsBefore} events${stoppedAt === undefined ? "  never ended in order" : ""}`,
    ),
    ...recoveries.map(
      ({ callId, attemptId, action, epoch, from }) =>
        `  epoch ${epoch}: call ${callId}${attemptId === undefined ? "" : ` (attempt ${attemptId})`}: ${action}${from === undefined ? "" : `, from snapshot ${shortCommit(from.commit)}`}`,
    ),
    ...rollbacks.map(
      ({ seq, to, by, reason, undoes }) =>
        `  ${undoes === undefined ? `event ${seq}: rolled back to ${to}` : `event ${seq}: the rollback of event ${undoes} taken back`} by ${escapeLine(by)}: ${escapeLine(reason)}`,
    ),
  ];
}

export function diffstatText(changes: readonly FileChange[]): string {
  return table(
    changes.map(({ path, added, removed }) => [`  ${escapeLine(path)}`, `+${added}`, `-${removed}`]),
  );
}
