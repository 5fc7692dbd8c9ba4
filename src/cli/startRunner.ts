/** Starts a runner that outlives this process and its terminal; what it says goes to a file. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Houston } from "../app/houston.ts";
import { runnerLogsFolder } from "../app/stateDirectory.ts";
import { CliError, exitCodes } from "./exit.ts";

/** The command itself, in a checkout and in the package alike. */
export const binary = fileURLToPath(new URL("../../bin/houston.js", import.meta.url));

export interface StartedRunner {
  pid: number;
  logFile: string;
}

const startTimeoutMs = 20_000;

/** Resolves when the runner has taken the mission; throws CliError when it does not. */
export async function startRunner(houston: Houston, missionId: string): Promise<StartedRunner> {
  const folder = runnerLogsFolder(houston.stateDirectory);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const logFile = join(folder, `${missionId}.log`);
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [binary, "runner", "--mission", missionId], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, HOUSTON_STATE_DIR: houston.stateDirectory },
  });
  closeSync(log);
  const gone = new AbortController();
  child.once("error", () => gone.abort());
  child.once("exit", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(startTimeoutMs)]);
  let isRunning = false;
  for await (const { event } of houston.events(missionId, 0, signal))
    if (event.type === "run.started") {
      isRunning = true;
      break;
    }
  if (!isRunning || child.pid === undefined)
    throw new CliError(exitCodes.runnerUnreachable, `the runner did not start: see ${logFile}`);
  child.removeAllListeners();
  child.unref();
  return { pid: child.pid, logFile };
}
