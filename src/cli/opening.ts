/** What nearly every command begins with: opening Houston, and finding the mission that was meant. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openHouston, type Houston } from "../app/houston.ts";
import type { BoxKind } from "../app/sandboxes.ts";
import { defaultStateDirectory } from "../app/stateDirectory.ts";
import { CliError, exitCodes } from "./exit.ts";

export interface GlobalOptions {
  stateDir?: string;
}

export const stateDirectoryOf = (options: GlobalOptions): string =>
  options.stateDir ?? defaultStateDirectory();

/** Opens, does, closes, however it ends. `look` changes nothing and works where nothing can be written. */
export async function withHouston<T>(
  options: GlobalOptions,
  access: "look" | "change",
  work: (houston: Houston) => Promise<T>,
  overrides: { sandbox?: BoxKind } = {},
): Promise<T> {
  const stateDirectory = stateDirectoryOf(options);
  // A store that is not there yet is made, so that looking at nothing is no error.
  const readOnly = access === "look" && existsSync(join(stateDirectory, "houston.db"));
  const ttl = Number(process.env["HOUSTON_LEASE_TTL_MS"] ?? "");
  const crashAt = process.env["HOUSTON_CRASH_AT"];
  const houston = await openHouston({
    stateDirectory,
    readOnly,
    ...overrides,
    ...(ttl > 0 ? { leaseTtlMs: ttl } : {}),
    ...(crashAt === undefined ? {} : { crashAt }),
  });
  try {
    return await work(houston);
  } finally {
    await houston.close();
  }
}

/** The mission whose id begins or ends with the text. */
export async function findMission(houston: Houston, text: string): Promise<string> {
  const found = await houston.find(text);
  const [only] = found;
  if (only === undefined)
    throw new CliError(exitCodes.notFound, `there is no mission ${text}: houston ls shows those there are`);
  if (found.length > 1)
    throw new CliError(
      exitCodes.usage,
      `${text} could be ${found.slice(0, 5).join(", ")}${found.length > 5 ? ", …" : ""}: write more of it`,
    );
  return only;
}

/** Long enough to be unique among a person's missions: the random end of the id. */
export const shortId = (missionId: string): string => missionId.slice(-8);
