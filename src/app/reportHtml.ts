/** A report as one HTML file that needs nothing else: no script, no network. Pure. */
import { spending } from "../plan/quantities.ts";
import type { FileChange } from "./diffstat.ts";
import { html, type Html } from "./html.ts";
import type {
  AssertionReportEntry,
  EvidenceEntry,
  MissionReport,
  TaskReportEntry,
  VerdictReportEntry,
} from "./reportEntries.ts";
import { reportStyle } from "./reportStyle.ts";
import * as words from "./reportWords.ts";

export function reportHtml(report: MissionReport, changes: readonly FileChange[]): string {
  // Even if something slipped through, nothing would run or load.
  const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${report.goal}</title>
        <style>
          ${reportStyle}
        </style>
      </head>
      <body>
        <main>
          ${header(report)}
          ${list(
            "Not verified",
            report.unverified.map((sentence) => html`<li>${sentence}</li>`),
            "warning",
          )}
          ${contract(report)} ${part("Evidence", report.assertions.map(assertionPart))}
          ${part("Checks of the whole tree", report.checks.map(assertionPart))} ${findings(report)}
          ${base(report)} ${list("Stages", report.stages.map(stageItem))}
          ${part("Tasks", report.tasks.map(taskPart))} ${list("Facts", report.facts.map(factItem))}
          ${list("Artifacts", report.artifacts.map(artifactItem))}
          ${list("Decisions of people", report.approvals.map(approvalItem))}
          ${list("Runs and recoveries", runItems(report))} ${changeTable(changes)}
        </main>
      </body>
    </html> `.text;
}

function part(title: string, content: readonly Html[]): Html | undefined {
  return content.length === 0
    ? undefined
    : html`<section>
        <h2>${title}</h2>
        ${content}
      </section>`;
}

function list(title: string, items: readonly Html[], kind = ""): Html | undefined {
  if (items.length === 0) return undefined;
  return html`<section class="${kind}">
    <h2>${title}</h2>
    <ul>
      ${items}
    </ul>
  </section>`;
}

function header(report: MissionReport): Html {
  const { outcome, repository, delivered, branch, missionId, spent, limits, allowed, goal } = report;
  const state = outcome?.outcome ?? "not finished";
  const rows: [string, Html][] = [
    ["Mission", html`<code>${missionId}</code>`],
    [
      "Repository",
      html`<code>${repository.path}</code> from <code>${repository.base}</code> ${commit(repository.commit)}`,
    ],
    [
      "Delivered",
      delivered === undefined
        ? html`nothing`
        : html`<code>${branch}</code> ${commit(delivered.commit)}, tree ${commit(delivered.tree)}`,
    ],
    ["Begun", html`${words.timeText(report.createdAt)}, ${words.durationWords(report)}`],
    ["Spent", html`${spending(spent, limits)}`],
    ...allowed.map((sentence): [string, Html] => ["Allowed", html`${sentence}`]),
  ];
  return html`<header>
    <p class="badge ${state === "verified" ? "proven" : outcome === undefined ? "unverified" : "refuted"}">
      ${state}
    </p>
    <h1>${goal}</h1>
    <p>${outcome?.reason}</p>
    <dl>
      ${rows.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
  </header>`;
}

const commit = (id: string | undefined): Html | undefined =>
  id === undefined || id === "" ? undefined : html`<code title="${id}">${words.shortId(id)}</code>`;

const badge = (assertion: AssertionReportEntry): Html =>
  html`<span class="badge ${words.standingOf(assertion)}">${words.verdictWords(assertion)}</span>`;

function contract(report: MissionReport): Html {
  const rows = report.assertions.map(
    (assertion) =>
      html`<tr>
        <td><a href="#${anchor(assertion)}">${assertion.id}</a>${assertion.heldOut ? " (held out)" : ""}</td>
        <td>${assertion.behaviour}</td>
        <td>${badge(assertion)}</td>
        <td>${words.claimants(assertion)}</td>
        <td>${commit(words.commitOf(assertion, report))}</td>
        <td>
          ${(assertion.verdict?.evidence ?? []).map((one) => html`<div><code>${one.command.join(" ")}</code> ${words.evidenceWords(one)}</div>`)}
        </td>
      </tr>`,
  );
  return html`<section>
    <h2>Contract</h2>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>Assertion</th>
            <th>Behaviour</th>
            <th>Verdict</th>
            <th>Task</th>
            <th>Commit</th>
            <th>Evidence</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

const anchor = ({ id }: AssertionReportEntry): string => `assertion-${encodeURIComponent(id)}`;

function assertionPart(assertion: AssertionReportEntry): Html {
  const { id, behaviour, check, onBase, heldOut, files, claimedBefore, baseline, verdict, earlier } =
    assertion;
  return html`<details id="${anchor(assertion)}" ${verdict?.value === "passed" ? undefined : html` open`}>
    <summary>${badge(assertion)} <b>${id}</b> ${behaviour}</summary>
    <p>Check: <code>${words.checkWords(check)}</code>${heldOut ? "; held out: no agent saw it" : ""}</p>
    <ul>
      ${files.map(({ path, content }) => html`<li>brings <code>${path}</code>, sha256 ${commit(content.sha256)}</li>`)}
      ${claimedBefore.map(({ taskId, reason }) => html`<li>taken over from ${taskId}: ${reason}</li>`)}
      ${
        baseline === undefined
          ? undefined
          : html`<li>
              on the base: ${baseline.value}${baseline.flaky ? ", flaky" : ""} (expected: ${onBase}):
              ${baseline.reason}${baseline.evidence.map(evidencePart)}
            </li>`
      }
      ${earlier.map((one) => html`<li>before: ${verdictText(one)}${one.evidence.map(evidencePart)}</li>`)}
    </ul>
    ${
      verdict === undefined
        ? html`<p>Nobody judged it.</p>`
        : html`<p>
              ${verdictText(verdict)},
              ${verdict.onDelivered ? "on exactly the delivered tree" : "not on a delivered tree"}.
            </p>
            ${verdict.evidence.map(evidencePart)}`
    }
  </details>`;
}

const verdictText = (verdict: VerdictReportEntry): Html =>
  html`<b>${verdict.value}</b>: ${verdict.reason} (${words.judgedWords(verdict)})`;

function evidencePart(evidence: EvidenceEntry): Html {
  const { command, excerpt, passed = [], failed = [], output } = evidence;
  const names = [...failed.map((name) => `✗ ${name}`), ...passed.map((name) => `✓ ${name}`)];
  return html`<details class="evidence">
    <summary><code>${command.join(" ")}</code> ${words.evidenceWords(evidence)}</summary>
    ${
      names.length === 0
        ? undefined
        : html`<ul class="names">
            ${names.map((name) => html`<li>${name}</li>`)}
          </ul>`
    }
    ${excerpt === undefined || excerpt === "" ? html`<p>No output.</p>` : html`<pre>${excerpt}</pre>`}
    ${output === undefined ? undefined : html`<p class="digest">sha256 ${output.sha256}</p>`}
  </details>`;
}

function findings(report: MissionReport): Html | undefined {
  return list(
    "Findings",
    report.findings.map(
      (finding) =>
        html`<li>
          <span class="badge ${finding.status === "open" ? "refuted" : "plain"}">${finding.severity}</span>
          ${finding.id} ${finding.kind} by
          ${finding.by}${finding.place === undefined ? undefined : html` at <code>${finding.place}</code>`}${finding.taskId === undefined ? undefined : html`, task ${finding.taskId}`}:
          ${finding.text} <i>${words.findingWords(finding)}</i>
        </li>`,
    ),
  );
}

function base({ base: imported, setup, preflight, tasks }: MissionReport): Html | undefined {
  const items = setup.map(
    ({ command, cwd, network }) =>
      html`<li>
        setup
        <code>${command.join(" ")}</code
        >${cwd === undefined ? undefined : html` in <code>${cwd}</code>`}${network ? ", with the network where allowed" : ""}
      </li>`,
  );
  if (imported !== undefined) items.push(html`<li>commit ${commit(imported.commit)}</li>`);
  if (preflight === undefined && tasks.length > 0) items.push(html`<li>preflight did not run</li>`);
  if (preflight !== undefined) {
    const { runs, at, environment } = preflight;
    items.push(html`<li>preflight at ${words.timeText(at)}: each check ${runs} times</li>`);
    if (environment !== undefined)
      items.push(
        html`<li>
          environment ${commit(environment.key)},
          ${environment.built ? `built in ${environment.durationMs} ms` : "found sealed"}
        </li>`,
      );
  }
  return list("Base", items);
}

const stageItem = ({ id, goal, sealed }: MissionReport["stages"][number]): Html =>
  html`<li>
    <b>${id}</b> ${goal}:
    ${sealed === undefined ? "not sealed" : html`sealed at ${words.timeText(sealed.at)} on tree ${commit(sealed.snapshot.tree)}`}
  </li>`;

function taskPart(task: TaskReportEntry): Html {
  const { id, goal, status, reason, supersedes, supersededBy, snapshot, attempts } = task;
  return html`<details>
    <summary><span class="badge plain">${status}</span> <b>${id}</b> ${goal}</summary>
    <p>
      ${supersedes === undefined ? undefined : `Takes over from ${supersedes}. `}${supersededBy === undefined ? undefined : `Taken over by ${supersededBy}. `}${reason}
      ${commit(snapshot?.commit)}
    </p>
    <ol>
      ${attempts.map(
        (attempt) =>
          html`<li>
            ${attempt.id} by ${attempt.agentId} <b>${attempt.outcome}</b>, from
            ${commit(attempt.from.commit)}${attempt.snapshot === undefined ? undefined : html` to ${commit(attempt.snapshot.commit)}`}:
            ${attempt.summary}${attempt.leftUndone === undefined ? undefined : html`<br />Left undone: ${attempt.leftUndone.join("; ")}`}
          </li>`,
      )}
    </ol>
  </details>`;
}

function factItem(fact: MissionReport["facts"][number]): Html {
  const { id, type, subject, content, source, confidence, expired, conflictsWith } = fact;
  return html`<li>
    ${id} ${type} by ${source}${confidence === undefined ? undefined : `, confidence ${confidence}`}:
    <b>${subject}</b>:
    ${content}${expired ? " (expired)" : ""}${conflictsWith.length === 0 ? undefined : ` (contradicted by ${conflictsWith.join(", ")})`}
  </li>`;
}

const artifactItem = ({ id, name, path, content, attemptId }: MissionReport["artifacts"][number]): Html =>
  html`<li>
    ${id} <b>${name}</b> <code>${path}</code>, ${content.sizeBytes} bytes, attempt ${attemptId}
    <p class="digest">sha256 ${content.sha256}</p>
  </li>`;

function approvalItem({ id, kind, action, reason, resolution }: MissionReport["approvals"][number]): Html {
  const by = resolution !== undefined && "by" in resolution ? ` by ${resolution.by}` : "";
  const note = resolution !== undefined && "note" in resolution ? resolution.note : undefined;
  return html`<li>
    ${id} (${kind}): ${action}: ${reason}:
    <b>${resolution?.status ?? "open"}${by}</b>${note === undefined ? undefined : `: ${note}`}
  </li>`;
}

function runItems({ runs, recoveries, rollbacks, events }: MissionReport): Html[] {
  return [
    ...runs.map(
      ({ epoch, eventsBefore, startedAt, stoppedAt }) =>
        html`<li>
          epoch ${epoch} from ${words.timeText(startedAt)}, after ${eventsBefore} of ${events}
          events${stoppedAt === undefined ? ", never ended in order" : ""}
        </li>`,
    ),
    ...recoveries.map(
      ({ callId, attemptId, action, epoch, from }) =>
        html`<li>
          epoch ${epoch}: call ${callId}${attemptId === undefined ? undefined : ` (attempt ${attemptId})`}:
          ${action}${from === undefined ? undefined : html`, from ${commit(from.commit)}`}
        </li>`,
    ),
    ...rollbacks.map(
      ({ seq, to, by, reason, undoes }) =>
        html`<li>
          event ${seq}:
          ${undoes === undefined ? `rolled back to ${to}` : `the rollback of event ${undoes} taken back`} by
          ${by}: ${reason}
        </li>`,
    ),
  ];
}

function changeTable(changes: readonly FileChange[]): Html | undefined {
  if (changes.length === 0) return undefined;
  const rows = changes.map(
    ({ path, added, removed }) =>
      html`<tr>
        <td><code>${path}</code></td>
        <td>+${added}</td>
        <td>−${removed}</td>
      </tr>`,
  );
  return html`<section>
    <h2>Changes</h2>
    <table>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}
