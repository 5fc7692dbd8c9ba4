/** `houston runner`: a process that performs missions and takes over those whose runner died. */
import type { Houston } from "../../app/houston.ts";
import type { BoxKind } from "../../app/sandboxes.ts";
import { escapeLine } from "../../app/escape.ts";
import { CliError, exitCodes, outcomeExit, type ExitCode } from "../exit.ts";
import { listenForInterruption } from "../interruption.ts";
import { findMission, withHouston, type GlobalOptions } from "../opening.ts";
import { tell } from "../output.ts";

export interface RunnerOptions extends GlobalOptions {
  mission?: string;
  untilClosed?: boolean;
  sandbox?: BoxKind;
  detach?: boolean;
}

export async function runner(options: RunnerOptions): Promise<ExitCode> {
  const { sandbox } = options;
  return await withHouston(
    options,
    "change",
    async (houston) => {
      const missionId =
        options.mission === undefined ? undefined : await findMission(houston, options.mission);
      const interruption = listenForInterruption(() =>
        tell("stopping in good order; once more to leave at once"),
      );
      const target = missionId === undefined ? { untilClosed: options.untilClosed ?? false } : { missionId };
      try {
        await houston.run({
          ...target,
          signal: interruption.signal,
          report: (message) => tell(escapeLine(message)),
        });
      } finally {
        interruption.stopListening();
      }
      if (interruption.signal.aborted) return exitCodes.interrupted;
      return missionId === undefined ? exitCodes.ok : await exitOf(houston, missionId);
    },
    sandbox === undefined ? {} : { sandbox },
  );
}

async function exitOf(houston: Houston, missionId: string): Promise<ExitCode> {
  const view = await houston.status(missionId);
  if (view?.outcome === undefined)
    throw new CliError(exitCodes.error, `mission ${missionId} was left before its end`);
  return outcomeExit(view.outcome, view.status.reason.replace(/^[a-z]+: /, ""));
}
