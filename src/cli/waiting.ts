/** What to tell a person that a mission waits for, with the exact commands that answer. */
import type { MissionView } from "../app/missionView.ts";
import type { Approval } from "../protocol/approval.ts";
import type { MissionSummary } from "../protocol/status.ts";
import { escapeLine } from "../app/escape.ts";
import { shortId } from "./opening.ts";

export function approvalCommands(missionId: string, approval: Approval): string[] {
  const raise = approval.kind === "budget" ? " --raise calls=10,time=10m" : "";
  const target = `${shortId(missionId)} ${approval.id}`;
  return [`houston approve ${target}${raise}`, `houston reject ${target}`];
}

export function answerCommands(missionId: string, taskId: string): string[] {
  return [`houston answer ${shortId(missionId)} ${taskId} --done "what was done" --from BRANCH`];
}

export function approvalNote(missionId: string, approval: Approval): string {
  const [approve = "", reject = ""] = approvalCommands(missionId, approval);
  const until = new Date(approval.deadlineAt).toISOString();
  return [
    `approval ${approval.id} is needed (${approval.kind}, risk ${approval.risk}) until ${until}; silence means denied`,
    ...reasonLines(approval.reason),
    `  then: ${escapeLine(approval.action, 300)}`,
    `  covers: ${escapeLine(approval.scope, 300)}`,
    `  to grant:  ${approve}`,
    `  to refuse: ${reject}`,
  ].join("\n");
}

const maxReasonLines = 20;

/** A preflight and findings give a reason a line. */
export function reasonLines(reason: string): string[] {
  const lines = reason.split("\n");
  const shown = lines.slice(0, maxReasonLines).map((line) => escapeLine(line, 1_000));
  const left = lines.length - shown.length;
  return [...shown, ...(left > 0 ? [`… and ${left} more: houston events shows them`] : [])].map(
    (line, index) => (index === 0 ? `  why: ${line}` : `       ${line}`),
  );
}

export function humanTaskNote(missionId: string, taskId: string): string {
  return [
    `task ${taskId} waits for a person`,
    ...answerCommands(missionId, taskId).map((line) => `  to hand it off: ${line}`),
  ].join("\n");
}

/** Whether nothing goes on until a person answers. */
export function waitsForHuman({ status, humanTasks, approvals }: MissionSummary): boolean {
  if (status.state === "Blocked") return approvals.length > 0;
  return status.state === "Waiting" && humanTasks.length > 0;
}

/** Says each thing once. */
export class Notes {
  readonly #said = new Set<string>();

  of(view: MissionView): string[] {
    const notes: [string, string][] = [
      ...view.approvals.map((approval): [string, string] => [
        approval.id,
        approvalNote(view.missionId, approval),
      ]),
      ...view.humanTasks.map((taskId): [string, string] => [
        `${taskId}#${view.taskList.find(({ id }) => id === taskId)?.attempts ?? 0}`,
        humanTaskNote(view.missionId, taskId),
      ]),
    ];
    const fresh = notes.filter(([key]) => !this.#said.has(key));
    for (const [key] of fresh) this.#said.add(key);
    return fresh.map(([, note]) => note);
  }
}
