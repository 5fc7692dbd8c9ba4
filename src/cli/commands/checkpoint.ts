/** `houston checkpoint` and `houston fork`: going back, taking that back, and going another way. */
import type { Checkpoint, RestorePreview } from "../../app/checkpoints.ts";
import { diffstat } from "../../app/diffstat.ts";
import { escapeLine, escapeText } from "../../app/escape.ts";
import type { Houston } from "../../app/houston.ts";
import { CliError, exitCodes, refusalError, type ExitCode } from "../exit.ts";
import { findMission, shortId, withHouston, type GlobalOptions } from "../opening.ts";
import { canAsk, print, printJson, table, tell } from "../output.ts";
import { send } from "./decide.ts";

type Options = GlobalOptions & { json?: boolean };

export async function list(id: string, options: Options): Promise<ExitCode> {
  return await withHouston(options, "look", async (houston) => {
    const checkpoints = await houston.checkpoints(await findMission(houston, id));
    if (options.json === true) printJson(checkpoints);
    else if (checkpoints.length > 0) print(table(checkpoints.map(row)));
    return exitCodes.ok;
  });
}

const row = ({ seq, at, what, snapshot }: Checkpoint): string[] => [
  String(seq),
  new Date(at).toISOString(),
  snapshot.commit.slice(0, 10),
  escapeLine(what),
];

/** What changed since a checkpoint, as a unified diff. */
export async function diff(id: string, seq: string, options: GlobalOptions): Promise<ExitCode> {
  return await withHouston(options, "look", async (houston) => {
    const missionId = await findMission(houston, id);
    print(escapeText((await preview(houston, missionId, seqOf(seq))).diff));
    return exitCodes.ok;
  });
}

export interface RestoreOptions extends Options {
  to?: string;
  dryRun?: boolean;
  yes?: boolean;
  reason?: string;
}

export async function restore(id: string, options: RestoreOptions): Promise<ExitCode> {
  return await withHouston(options, options.dryRun === true ? "look" : "change", async (houston) => {
    const missionId = await findMission(houston, id);
    const found = await preview(houston, missionId, options.to === undefined ? undefined : seqOf(options.to));
    if (options.json === true) printJson({ missionId, ...found });
    else for (const line of previewLines(found)) print(line);
    if (options.dryRun === true) return exitCodes.ok;
    await agreed(options, `go back to ${found.checkpoint.seq}`);
    const { seq } = found.checkpoint;
    const reason = options.reason ?? "asked on the command line";
    return await send(houston, missionId, { type: "mission.rollBack", to: seq, reason }, `is back at ${seq}`);
  });
}

/** Takes the newest rollback back. */
export async function undo(id: string, options: RestoreOptions): Promise<ExitCode> {
  return await withHouston(options, "change", async (houston) => {
    const missionId = await findMission(houston, id);
    const last = await houston.lastRollback(missionId);
    if (last === undefined)
      throw new CliError(exitCodes.notFound, `mission ${shortId(missionId)} was not rolled back`);
    const reason = options.reason ?? "the rollback is taken back";
    return await send(
      houston,
      missionId,
      { type: "mission.rollBack", reason, ...last },
      `is back where it was before event ${last.undoes}`,
    );
  });
}

export async function fork(id: string, options: Options & { at?: string }): Promise<ExitCode> {
  return await withHouston(options, "change", async (houston) => {
    const missionId = await findMission(houston, id);
    const forked = await houston.fork(missionId, options.at === undefined ? undefined : seqOf(options.at));
    if (forked === undefined) throw noCheckpoint(missionId, options.at);
    if (!forked.ok) throw refusalError(forked.refusal);
    if (options.json === true) printJson({ missionId: forked.missionId, branch: forked.spec.branch });
    else print(forked.missionId);
    tell(`to run it: houston runner --mission ${shortId(forked.missionId)}`);
    return exitCodes.ok;
  });
}

async function preview(
  houston: Houston,
  missionId: string,
  seq: number | undefined,
): Promise<RestorePreview> {
  const found = await houston.previewRestore(missionId, seq);
  if (found === undefined) throw noCheckpoint(missionId, seq);
  return found;
}

function noCheckpoint(missionId: string, seq: string | number | undefined): CliError {
  const short = shortId(missionId);
  return new CliError(
    exitCodes.notFound,
    seq === undefined
      ? `none of the latest checkpoints of ${short} is whole: houston checkpoint ls ${short} shows all of them`
      : `${short} has no checkpoint ${seq} that is whole: houston checkpoint ls ${short} shows those there are`,
  );
}

function previewLines({ checkpoint, events, tasks, diff: text, external, ending }: RestorePreview): string[] {
  const files = diffstat(text);
  return [
    `back to ${checkpoint.seq}: ${escapeLine(checkpoint.what)} (${checkpoint.snapshot.commit.slice(0, 10)})`,
    `taken back: the work of ${events} events${tasks.length === 0 ? "" : `, tasks ${tasks.join(", ")}`}`,
    ...files.map(({ path, added, removed }) => `  ${escapeLine(path)} +${added} -${removed}`),
    ...(ending.length === 0 ? [] : [`ended: calls ${ending.join(", ")}`]),
    ...external.map(({ callId, what }) => `not taken back: ${what} of call ${callId} happened outside`),
    "what was spent stays spent; your own work tree is not touched; `houston checkpoint undo` takes this back",
  ];
}

async function agreed({ yes }: RestoreOptions, question: string): Promise<void> {
  if (yes === true) return;
  if (!canAsk()) throw new CliError(exitCodes.usage, `to ${question} without a terminal, say --yes`);
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message: `${question}?`, initialValue: false, output: process.stderr });
  if (isCancel(answer) || !answer) throw new CliError(exitCodes.interrupted, "nothing was changed");
}

function seqOf(text: string): number {
  const seq = Number(text);
  if (Number.isSafeInteger(seq) && seq > 0) return seq;
  throw new CliError(exitCodes.usage, `"${text}" is no position: write a number from houston checkpoint ls`);
}
