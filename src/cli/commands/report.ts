/** `houston report`: what a mission came to and what it rests on, for people, for files and for programs. */
import type { Houston } from "../../app/houston.ts";
import type { AssertionReportEntry, MissionReport } from "../../app/missionReport.ts";
import { diffstat, type FileChange } from "../diffstat.ts";
import { escapeLine, escapeText } from "../escape.ts";
import { shortCommit, verdictMark } from "../eventText.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { findMission, withHouston, type GlobalOptions } from "../opening.ts";
import { ago, print, printJson, table } from "../output.ts";
import { spending } from "../tree.ts";

export interface ReportOptions extends GlobalOptions {
  json?: boolean;
  md?: boolean;
}

export async function report(id: string, options: ReportOptions): Promise<ExitCode> {
  return await withHouston(options, "look", async (houston) => {
    const found = await houston.report(await findMission(houston, id));
    if (found === undefined) throw new CliError(exitCodes.notFound, `there is no mission ${id}`);
    const changes = await changesOf(houston, found);
    if (options.json === true) printJson({ ...found, changes });
    else print(options.md === true ? asMarkdown(found, changes) : reportText(found, changes));
    return exitCodes.ok;
  });
}

/** Between base and what was delivered. */
export async function changesOf(
  houston: Houston,
  { missionId, tasks, delivered }: MissionReport,
): Promise<FileChange[]> {
  const base = tasks.find(({ attempts }) => attempts.length > 0)?.attempts[0]?.from;
  if (base === undefined || delivered === undefined) return [];
  return diffstat(await houston.diff(missionId, base, delivered));
}

export function reportText(found: MissionReport, changes: FileChange[]): string {
  const { outcome, repository, delivered, branch } = found;
  const lines = [
    escapeLine(found.goal),
    outcome === undefined ? "not finished" : `${outcome.outcome}: ${escapeLine(outcome.reason)}`,
    `repository  ${escapeLine(repository.path)}, from ${escapeLine(repository.base)} (${shortCommit(repository.commit ?? "?")})`,
    delivered === undefined
      ? "delivered   nothing"
      : `delivered   ${escapeLine(branch)} at ${shortCommit(delivered.commit)}`,
    `spent       ${spending(found.spent, found.limits)} in ${ago((found.endedAt ?? Date.now()) - found.createdAt)}`,
    "",
    "assertions",
    ...found.assertions.flatMap((assertion) => assertionLines(assertion)),
    "",
    "tasks",
    ...found.tasks.flatMap(({ id, status, attempts }) => [
      `  ${id}  ${status}`,
      ...attempts.map(
        ({ id: attemptId, agentId, outcome: end, summary }) =>
          `    ${attemptId} by ${agentId}  ${end}: ${escapeLine(summary ?? "", 160)}`,
      ),
    ]),
    ...recoveryLines(found),
    ...(changes.length === 0 ? [] : ["", "changes", diffstatText(changes)]),
  ];
  return lines.join("\n");
}

function assertionLines({ id, behaviour, taskId, verdict }: AssertionReportEntry): string[] {
  const claimed = `claimed by ${taskId ?? "nobody"}`;
  if (verdict === undefined) return [`  · ${id}  ${escapeLine(behaviour)}`, `      unverified; ${claimed}`];
  const where = verdict.onDelivered
    ? "on the delivered tree"
    : `on tree ${shortCommit(verdict.tree)}, which was not delivered`;
  return [
    `  ${verdictMark(verdict.value)} ${id}  ${escapeLine(behaviour)}`,
    `      ${verdict.value} by ${verdict.by} ${where}: ${escapeLine(verdict.reason)}; ${claimed}`,
    ...verdict.evidence.map(
      ({ command, exitCode, durationMs, passed, failed, output }) =>
        `      $ ${escapeLine(command.join(" "), 120)}  → exit ${exitCode ?? "signal"}, ${(durationMs / 1_000).toFixed(1)}s` +
        (passed === undefined ? "" : `, ${passed.length} passed, ${failed?.length ?? 0} failed`) +
        (output === undefined ? "" : `, output sha256:${output.sha256.slice(0, 12)}`),
    ),
  ];
}

export function recoveryLines({ runs, recoveries }: MissionReport): string[] {
  if (runs.length < 2) return [];
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
  ];
}

export function diffstatText(changes: FileChange[]): string {
  return table(
    changes.map(({ path, added, removed }) => [`  ${escapeLine(path)}`, `+${added}`, `-${removed}`]),
  );
}

function asMarkdown(found: MissionReport, changes: FileChange[]): string {
  const cell = (text: string): string => escapeLine(text, 500).replace(/[|\\`<>*_[\]]/g, String.raw`\$&`);
  const rows = found.assertions.map(({ id, behaviour, taskId, verdict }) => {
    const evidence =
      verdict?.evidence
        .map(({ command, exitCode }) => `${command.join(" ")} (exit ${exitCode ?? "signal"})`)
        .join("; ") ?? "";
    const value =
      verdict === undefined
        ? "unverified"
        : `${verdict.value}${verdict.onDelivered ? "" : " (not on the delivered tree)"}`;
    return `| ${[id, behaviour, value, taskId ?? "", shortCommit(found.delivered?.commit ?? ""), evidence].map(cell).join(" | ")} |`;
  });
  return escapeText(
    [
      `# ${cell(found.goal)}`,
      "",
      found.outcome === undefined
        ? "Not finished."
        : `**${found.outcome.outcome}**: ${cell(found.outcome.reason)}`,
      "",
      "| assertion | behaviour | verdict | task | commit | evidence |",
      "|---|---|---|---|---|---|",
      ...rows,
      "",
      `Branch ${cell(found.branch)} of ${cell(found.repository.path)}; spent ${spending(found.spent, found.limits)}.`,
      ...recoveryLines(found),
      ...(changes.length === 0 ? [] : ["", "```", diffstatText(changes), "```"]),
    ].join("\n"),
  );
}
