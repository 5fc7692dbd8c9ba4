/** A report as Markdown: what others wrote stays text, whatever it looks like. Pure. */
import { spending } from "../plan/quantities.ts";
import type { FileChange } from "./diffstat.ts";
import { escapeLine, escapeText } from "./escape.ts";
import type {
  AssertionReportEntry,
  EvidenceEntry,
  MissionReport,
  VerdictReportEntry,
} from "./reportEntries.ts";
import * as words from "./reportWords.ts";

export function reportMarkdown(report: MissionReport, changes: readonly FileChange[]): string {
  return [
    heading(report),
    section(
      "Not verified",
      report.unverified.map((sentence) => `- ${inline(sentence)}`),
    ),
    section("Contract", contractTable(report)),
    ...report.assertions.map((assertion) => assertionPart(assertion, 3)),
    section(
      "Checks of the whole tree",
      report.checks.map((check) => assertionPart(check, 3)),
      "\n\n",
    ),
    section("Findings", findingLines(report)),
    section("Base", baseLines(report)),
    section("Stages", stageLines(report)),
    section("Tasks", taskLines(report)),
    section("Facts", factLines(report)),
    section("Artifacts", artifactLines(report)),
    section("Decisions of people", approvalLines(report)),
    section("Runs and recoveries", recoveryLines(report)),
    section(
      "Changes",
      changes.map(({ path, added, removed }) => `- ${code(path)} +${added} −${removed}`),
    ),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
}

function section(title: string, lines: readonly string[], between = "\n"): string {
  return lines.length === 0 ? "" : `## ${title}\n\n${lines.join(between)}`;
}

function heading(report: MissionReport): string {
  const { goal, outcome, repository, delivered, branch, missionId, spent, limits, allowed } = report;
  return [
    `# ${inline(goal)}`,
    "",
    outcome === undefined ? "Not finished." : `**${outcome.outcome}**: ${inline(outcome.reason)}`,
    "",
    `- mission ${code(missionId)}`,
    `- repository ${code(repository.path)}, from ${code(repository.base)} (${code(words.shortId(repository.commit ?? "?"))})`,
    delivered === undefined
      ? "- delivered nothing"
      : `- delivered ${code(branch)} at ${code(words.shortId(delivered.commit))}, tree ${code(words.shortId(delivered.tree))}`,
    `- spent ${inline(spending(spent, limits))}; ${words.durationWords(report)}`,
    ...allowed.map((sentence) => `- allowed: ${inline(sentence)}`),
  ].join("\n");
}

function contractTable(report: MissionReport): string[] {
  const rows = report.assertions.map((assertion) => {
    const commit = words.commitOf(assertion, report);
    const evidence = (assertion.verdict?.evidence ?? []).map(
      ({ command, exitCode }) => `${command.join(" ")} (exit ${exitCode ?? "by signal"})`,
    );
    const cells = [
      assertion.id + (assertion.heldOut ? " (held out)" : ""),
      assertion.behaviour,
      words.verdictWords(assertion),
      words.claimants(assertion),
      commit === undefined ? "" : words.shortId(commit),
      evidence.join("; "),
    ];
    return `| ${cells.map(inline).join(" | ")} |`;
  });
  return [
    "| assertion | behaviour | verdict | task | commit | evidence |",
    "|---|---|---|---|---|---|",
    ...rows,
  ];
}

function assertionPart(assertion: AssertionReportEntry, level: number): string {
  const { id, behaviour, check, onBase, heldOut, files, claimedBefore, baseline, verdict, earlier } =
    assertion;
  const lines = [
    `${"#".repeat(level)} ${inline(id)}: ${inline(words.verdictWords(assertion))}`,
    "",
    inline(behaviour),
    "",
    `- check: ${code(words.checkWords(check))}${heldOut ? "; held out: no agent saw it" : ""}`,
    ...files.map(({ path, content }) => `- brings ${code(path)} (sha256:${words.shortId(content.sha256)})`),
    ...claimedBefore.map(({ taskId, reason }) => `- taken over from ${inline(taskId)}: ${inline(reason)}`),
  ];
  if (baseline !== undefined)
    lines.push(
      `- on the base: ${baseline.value}${baseline.flaky ? ", flaky" : ""} (expected: ${onBase}): ${inline(baseline.reason)}`,
    );
  lines.push(...earlier.flatMap((one) => [`- before: ${verdictText(one)}`]));
  if (verdict !== undefined) {
    lines.push(
      `- ${verdictText(verdict)}`,
      `- ${verdict.onDelivered ? "on exactly the delivered tree" : "not on a delivered tree"}`,
    );
    lines.push(...verdict.evidence.flatMap(evidenceLines));
  }
  return lines.join("\n");
}

const verdictText = (verdict: VerdictReportEntry): string =>
  `${verdict.value}: ${inline(verdict.reason)} (${inline(words.judgedWords(verdict))})`;

function evidenceLines(evidence: EvidenceEntry): string[] {
  const said = [`- evidence: ${code(evidence.command.join(" "))}: ${inline(words.evidenceWords(evidence))}`];
  if (evidence.excerpt !== undefined && evidence.excerpt.trim() !== "")
    said.push("", fenced(evidence.excerpt), "");
  return said;
}

function findingLines({ findings }: MissionReport): string[] {
  return findings.map((finding) => {
    const { id, kind, severity, text, place, by, taskId } = finding;
    const about = [place, taskId].filter((one) => one !== undefined).join(", ");
    return `- ${inline(id)} ${severity} ${kind}${about === "" ? "" : ` (${inline(about)})`} by ${inline(by)}: ${inline(text)}. ${inline(words.findingWords(finding))}`;
  });
}

function baseLines({ preflight, setup, base, tasks }: MissionReport): string[] {
  const lines = setup.map(
    ({ command, cwd, network }) =>
      `- setup ${code(command.join(" "))}${cwd === undefined ? "" : ` in ${code(cwd)}`}${network ? ", with the network where allowed" : ""}`,
  );
  if (base !== undefined) lines.push(`- commit ${code(words.shortId(base.commit))}`);
  if (preflight === undefined) return tasks.length === 0 ? lines : [...lines, "- preflight did not run"];
  const { runs, at, environment } = preflight;
  lines.push(`- preflight at ${words.timeText(at)}: each check ${runs} times`);
  if (environment !== undefined)
    lines.push(
      `- environment ${code(words.shortId(environment.key))}, ${environment.built ? `built in ${environment.durationMs} ms` : "found sealed"}`,
    );
  return lines;
}

function stageLines({ stages }: MissionReport): string[] {
  return stages.map(
    ({ id, goal, sealed }) =>
      `- ${inline(id)}${goal === undefined ? "" : ` (${inline(goal)})`}: ${sealed === undefined ? "not sealed" : `sealed at ${words.timeText(sealed.at)} on ${code(words.shortId(sealed.snapshot.tree))}`}`,
  );
}

function taskLines({ tasks }: MissionReport): string[] {
  return tasks.flatMap(({ id, goal, status, reason, supersedes, supersededBy, snapshot, attempts }) => [
    `- **${inline(id)}** ${status}${supersedes === undefined ? "" : `, takes over from ${inline(supersedes)}`}${supersededBy === undefined ? "" : `, taken over by ${inline(supersededBy)}`}${reason === undefined ? "" : `: ${inline(reason)}`}${snapshot === undefined ? "" : ` (${code(words.shortId(snapshot.commit))})`}`,
    `  - goal: ${inline(goal)}`,
    ...attempts.map(
      (attempt) =>
        `  - attempt ${inline(attempt.id)} by ${inline(attempt.agentId)} ${attempt.outcome}${attempt.snapshot === undefined ? "" : ` at ${code(words.shortId(attempt.snapshot.commit))}`}: ${inline(attempt.summary ?? "")}${attempt.leftUndone === undefined ? "" : `; left undone: ${inline(attempt.leftUndone.join("; "))}`}`,
    ),
  ]);
}

function factLines({ facts }: MissionReport): string[] {
  return facts.map(
    ({ id, type, subject, content, source, confidence, expired, conflictsWith }) =>
      `- ${inline(id)} ${type} by ${inline(source)}${confidence === undefined ? "" : `, confidence ${confidence}`}: ${inline(subject)}: ${inline(content)}${expired ? " (expired)" : ""}${conflictsWith.length === 0 ? "" : ` (contradicted by ${conflictsWith.join(", ")})`}`,
  );
}

function artifactLines({ artifacts }: MissionReport): string[] {
  return artifacts.map(
    ({ id, name, path, content, attemptId }) =>
      `- ${inline(id)} ${inline(name)}: ${code(path)}, ${content.sizeBytes} bytes, sha256:${content.sha256}, from attempt ${inline(attemptId)}`,
  );
}

function approvalLines({ approvals }: MissionReport): string[] {
  return approvals.map(({ id, kind, action, reason, resolution }) => {
    const by = resolution !== undefined && "by" in resolution ? ` by ${resolution.by}` : "";
    const note = resolution !== undefined && "note" in resolution ? ` (${resolution.note})` : "";
    return `- ${id} (${kind}): ${inline(`${action}: ${reason}`)}: ${inline(`${resolution?.status ?? "open"}${by}${note}`)}`;
  });
}

function recoveryLines({ runs, recoveries, rollbacks, events }: MissionReport): string[] {
  return [
    ...runs.map(
      ({ epoch, eventsBefore, stoppedAt }) =>
        `- epoch ${epoch}, after ${eventsBefore} of ${events} events${stoppedAt === undefined ? ", never ended in order" : ""}`,
    ),
    ...recoveries.map(
      ({ callId, attemptId, action, epoch, from }) =>
        `- epoch ${epoch}: call ${callId}${attemptId === undefined ? "" : ` (attempt ${inline(attemptId)})`}: ${action}${from === undefined ? "" : `, from ${code(words.shortId(from.commit))}`}`,
    ),
    ...rollbacks.map(
      ({ seq, to, by, reason, undoes }) =>
        `- ${undoes === undefined ? `event ${seq}: rolled back to ${to}` : `event ${seq}: the rollback of event ${undoes} taken back`} by ${inline(by)}: ${inline(reason)}`,
    ),
  ];
}

/** One line of plain text; every character that could begin markup is escaped. */
function inline(text: string): string {
  return escapeLine(text, 2_000)
    .replaceAll("&", "&amp;")
    .replace(/[\\`*_{}[\]<>#|~!]/g, String.raw`\$&`)
    .replace(/^([-+=:]|\d+[.)])/, String.raw`\$1`);
}

/** A code span: nothing inside is markup, and a fence in the text cannot close it. */
function code(text: string): string {
  const line = escapeLine(text, 500).replaceAll("|", "¦");
  const fence = "`".repeat(longestRun(line) + 1);
  return /^`|`$/.test(line) ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

function fenced(text: string): string {
  const clean = escapeText(text);
  const fence = "`".repeat(Math.max(3, longestRun(clean) + 1));
  return `${fence}text\n${clean.replace(/\n+$/, "")}\n${fence}`;
}

const longestRun = (text: string): number =>
  Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
