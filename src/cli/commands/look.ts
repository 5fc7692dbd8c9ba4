/** `houston ls`, `status` and `inbox`: what there is, what it is at, what waits for a person. */
import type { MissionSummary } from "../../protocol/status.ts";
import { escapeLine } from "../../app/escape.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { findMission, shortId, withHouston, type GlobalOptions } from "../opening.ts";
import { ago, print, printJson, table, tell } from "../output.ts";
import { treeOf } from "../tree.ts";
import { answerCommands, approvalCommands, Notes, reasonLines } from "../waiting.ts";

export interface LookOptions extends GlobalOptions {
  json?: boolean;
}

export async function ls(options: LookOptions): Promise<ExitCode> {
  const missions = await withHouston(options, "look", async (houston) => await houston.list());
  return showList(missions, options, "there is no mission: houston run FILE starts one");
}

function showList(missions: MissionSummary[], options: LookOptions, none: string): ExitCode {
  if (options.json === true) printJson(missions);
  else if (missions.length === 0) tell(none);
  else print(table(missions.map(rowOf)));
  return exitCodes.ok;
}

function rowOf({ missionId, status, outcome, assertions, updatedAt, goal }: MissionSummary): string[] {
  return [
    shortId(missionId),
    outcome ?? status.state,
    `${assertions.passed}/${assertions.total}`,
    `${ago(Date.now() - updatedAt)} ago`,
    escapeLine(goal, 60),
    outcome === undefined ? escapeLine(status.reason, 80) : "",
  ];
}

export async function status(id: string | undefined, options: LookOptions): Promise<ExitCode> {
  return await withHouston(options, "look", async (houston) => {
    if (id === undefined) {
      const open = (await houston.list()).filter(({ outcome }) => outcome === undefined);
      return showList(open, options, "no mission is open: houston ls lists those that are closed");
    }
    const view = await houston.status(await findMission(houston, id));
    if (view === undefined) throw new CliError(exitCodes.notFound, `there is no mission ${id}`);
    if (options.json === true) {
      printJson(view);
      return exitCodes.ok;
    }
    print(treeOf(view, { stream: process.stdout, now: Date.now() }).join("\n"));
    for (const note of new Notes().of(view)) print(note);
    return exitCodes.ok;
  });
}

interface InboxItem {
  missionId: string;
  goal: string;
  kind: string;
  /** Of the approval, or of the task. */
  id: string;
  question: string;
  reason: string;
  risk: string;
  deadlineAt?: number;
  commands: string[];
}

const risks = ["high", "medium", "low"];

export async function inbox(options: LookOptions): Promise<ExitCode> {
  const missions = await withHouston(options, "look", async (houston) => await houston.list());
  const items = missions.filter(({ outcome }) => outcome === undefined).flatMap(itemsOf);
  items.sort(
    (a, b) =>
      risks.indexOf(a.risk) - risks.indexOf(b.risk) ||
      (a.deadlineAt ?? Infinity) - (b.deadlineAt ?? Infinity),
  );
  if (options.json === true) printJson(items);
  else if (items.length === 0) tell("nothing waits for a person");
  else print(items.map(itemText).join("\n\n"));
  return exitCodes.ok;
}

function itemsOf({ missionId, goal, approvals, humanTasks }: MissionSummary): InboxItem[] {
  return [
    ...approvals.map((approval): InboxItem => {
      const { kind, id, action, reason, risk, deadlineAt } = approval;
      return {
        missionId,
        goal,
        kind,
        id,
        question: action,
        reason,
        risk,
        deadlineAt,
        commands: approvalCommands(missionId, approval),
      };
    }),
    ...humanTasks.map((id): InboxItem => ({
      missionId,
      goal,
      id,
      kind: "task",
      risk: "low",
      commands: answerCommands(missionId, id),
      question: `do task ${id} and hand it off`,
      reason: "a person was assigned",
    })),
  ];
}

function itemText({
  missionId,
  goal,
  kind,
  id,
  question,
  reason,
  risk,
  deadlineAt,
  commands,
}: InboxItem): string {
  const until = deadlineAt === undefined ? "" : `, ${ago(deadlineAt - Date.now())} left`;
  return [
    `${shortId(missionId)} ${id}  ${kind}, risk ${risk}${until}: ${escapeLine(question)}`,
    `  mission: ${escapeLine(goal, 100)}`,
    ...reasonLines(reason),
    ...commands.map((command) => `  ${command}`),
  ].join("\n");
}
