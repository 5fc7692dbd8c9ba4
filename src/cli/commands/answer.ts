/** `houston answer`: a person hands off the task they were given. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Houston } from "../../app/houston.ts";
import { handoffSchema, type Handoff } from "../../protocol/handoff.ts";
import type { Snapshot } from "../../protocol/snapshot.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { findMission, shortId, withHouston, type GlobalOptions } from "../opening.ts";
import { send } from "./decide.ts";

export interface AnswerOptions extends GlobalOptions {
  done?: string;
  handoff?: string;
  from?: string;
}

export async function answer(id: string, taskId: string, options: AnswerOptions): Promise<ExitCode> {
  const handoff = await handoffFrom(options);
  return await withHouston(options, "change", async (houston) => {
    const missionId = await findMission(houston, id);
    const snapshot =
      options.from === undefined
        ? {}
        : { snapshot: await broughtIn(houston, missionId, taskId, options.from) };
    return await send(
      houston,
      missionId,
      { type: "task.answer", taskId, handoff, ...snapshot },
      `task ${taskId} handed off`,
    );
  });
}

async function handoffFrom({ done, handoff }: AnswerOptions): Promise<Handoff> {
  if (done !== undefined && handoff === undefined)
    return handoffSchema.parse({ status: "done", summary: done });
  if (handoff === undefined || done !== undefined)
    throw new CliError(
      exitCodes.usage,
      'say --done "what was done", or --handoff FILE (houston schema handoff says what is in it)',
    );
  const source =
    handoff === "-"
      ? await text(process.stdin)
      : await readFile(handoff, "utf8").catch(() => notThere(handoff));
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new CliError(exitCodes.usage, `${handoff} is not JSON: ${String(error)}`);
  }
  const parsed = handoffSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `  ${path.map(String).join(".") || "the handoff"}: ${message}`,
  );
  throw new CliError(exitCodes.usage, `${handoff} is not a handoff:\n${problems.join("\n")}`);
}

function notThere(file: string): never {
  throw new CliError(exitCodes.notFound, `there is no file ${file}`);
}

async function broughtIn(
  houston: Houston,
  missionId: string,
  taskId: string,
  ref: string,
): Promise<Snapshot> {
  const view = await houston.status(missionId);
  const task = view?.taskList.find((one) => one.id === taskId);
  const call = view?.calls.find(
    ({ kind, what }) => kind === "human" && what.includes(`attempt ${task?.attempt?.id} `),
  );
  if (view === undefined || call?.from === undefined)
    throw new CliError(
      exitCodes.notAllowed,
      `task ${taskId} of ${shortId(missionId)} does not wait for a person`,
    );
  return await houston.handIn({
    missionId,
    taskId,
    repositoryPath: view.repositoryPath,
    ref,
    from: call.from,
  });
}
