/** `houston diff`: what a mission changed. */
import { diffstat } from "../../app/diffstat.ts";
import { escapeText } from "../../app/escape.ts";
import type { Houston } from "../../app/houston.ts";
import type { MissionReport } from "../../app/reportEntries.ts";
import type { Snapshot } from "../../protocol/snapshot.ts";
import { shortCommit } from "../eventText.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { findMission, shortId, withHouston, type GlobalOptions } from "../opening.ts";
import { print, printJson, tell } from "../output.ts";
import { diffstatText } from "./report.ts";

export interface DiffOptions extends GlobalOptions {
  stat?: boolean;
  json?: boolean;
}

export async function diff(id: string, options: DiffOptions): Promise<ExitCode> {
  return await withHouston(options, "look", async (houston) => {
    const { missionId, from, to, what } = await changeOf(houston, id);
    const text = await houston.diff(missionId, from, to);
    tell(`${what}, from ${shortCommit(from.commit)} to ${shortCommit(to.commit)}`);
    if (options.json === true) printJson(diffstat(text));
    else if (options.stat === true) print(diffstatText(diffstat(text)));
    // A terminal obeys what a file says; whoever applies it elsewhere needs it as it is.
    else if (text !== "") print(process.stdout.isTTY ? escapeText(text) : text);
    return exitCodes.ok;
  });
}

interface MissionChange {
  missionId: string;
  from: Snapshot;
  to: Snapshot;
  what: string;
  report: MissionReport;
}

/** From the imported base to the furthest the mission came. */
export async function changeOf(houston: Houston, id: string): Promise<MissionChange> {
  const missionId = await findMission(houston, id);
  const report = await houston.report(missionId);
  const { base, head, delivered } = report ?? {};
  if (report === undefined || base === undefined)
    throw new CliError(exitCodes.notFound, `mission ${shortId(missionId)} has not imported its base yet`);
  const what = delivered === undefined ? "not delivered" : "what was delivered";
  return { missionId, from: base, to: head ?? base, what, report };
}
