/** `houston approve`, `reject`, `pause`, `resume`, `cancel`: a person's word, appended from any terminal. */
import type { Houston } from "../../app/houston.ts";
import type { HumanCommand } from "../../protocol/commands.ts";
import { escapeLine } from "../../app/escape.ts";
import { CliError, exitCodes, refusalError, type ExitCode } from "../exit.ts";
import { limitsFrom } from "../limits.ts";
import { findMission, shortId, withHouston, type GlobalOptions } from "../opening.ts";
import { tell } from "../output.ts";

type Decision = Exclude<HumanCommand, { type: "mission.create" }>;

export interface DecideOptions extends GlobalOptions {
  note?: string;
  raise?: string;
}

export async function approve(
  id: string,
  approval: string | undefined,
  options: DecideOptions,
): Promise<ExitCode> {
  const raise = options.raise === undefined ? {} : { raise: limitsFrom(options.raise, "--raise") };
  return await withHouston(options, "change", async (houston) => {
    const missionId = await findMission(houston, id);
    const approvalId = await theApproval(houston, missionId, approval);
    return await send(
      houston,
      missionId,
      { type: "approval.approve", approvalId, ...raise, ...noteOf(options) },
      `granted ${approvalId}`,
    );
  });
}

export async function reject(
  id: string,
  approval: string | undefined,
  options: DecideOptions,
): Promise<ExitCode> {
  return await withHouston(options, "change", async (houston) => {
    const missionId = await findMission(houston, id);
    const approvalId = await theApproval(houston, missionId, approval);
    return await send(
      houston,
      missionId,
      { type: "approval.reject", approvalId, ...noteOf(options) },
      `refused ${approvalId}`,
    );
  });
}

const noteOf = ({ note }: DecideOptions): { note?: string } => (note === undefined ? {} : { note });

/** The one named, or the only one there is. */
async function theApproval(houston: Houston, missionId: string, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const open = (await houston.status(missionId))?.approvals ?? [];
  const [only] = open;
  if (only === undefined)
    throw new CliError(exitCodes.notFound, `mission ${shortId(missionId)} asks for nothing`);
  if (open.length > 1)
    throw new CliError(
      exitCodes.usage,
      `mission ${shortId(missionId)} asks for several things: name one of ${open.map((one) => one.id).join(", ")}`,
    );
  return only.id;
}

export interface ChangeOptions extends GlobalOptions {
  reason?: string;
}

export async function change(
  verb: "pause" | "resume" | "cancel",
  id: string,
  options: ChangeOptions,
): Promise<ExitCode> {
  const reason = options.reason ?? "asked on the command line";
  const body: Decision = verb === "resume" ? { type: "mission.resume" } : { type: `mission.${verb}`, reason };
  return await withHouston(options, "change", async (houston) => {
    const missionId = await findMission(houston, id);
    return await send(
      houston,
      missionId,
      body,
      { pause: "paused", resume: "resumed", cancel: "cancelled" }[verb],
    );
  });
}

export async function send(
  houston: Houston,
  missionId: string,
  body: Decision,
  done: string,
): Promise<ExitCode> {
  const submission = await houston.submit(missionId, body);
  if (!submission.ok) throw refusalError(submission.refusal);
  tell(`${shortId(missionId)} ${done}`);
  const view = await houston.status(missionId);
  if (view !== undefined && view.outcome === undefined) {
    tell(`${view.status.state}: ${escapeLine(view.status.reason)}`);
    const isHeld = view.lease !== undefined && !view.lease.released && view.lease.expiresAt > Date.now();
    if (!isHeld) tell(`no runner holds it; to go on: houston runner --mission ${shortId(missionId)}`);
  }
  return exitCodes.ok;
}
