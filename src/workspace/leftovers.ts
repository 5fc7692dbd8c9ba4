/**
 * Removes what killed processes left in a mission's repository: half-written packs and objects, refs used
 * once, private copies. Nothing counts as left behind before it has been left alone for an hour, because a
 * runner that is not dead yet may be writing it.
 */
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { absent } from "./folder.ts";
import type { MissionFolders } from "./missionRepository.ts";

/** How long something must have been left alone; also how often it is worth looking. */
export const leftBehindMs = 3_600_000;

export async function sweepLeftovers({ repository, temporary }: MissionFolders): Promise<void> {
  const objects = join(repository, "objects");
  await sweepOld(join(objects, "pack"), /^\.?tmp[_-]/);
  for (const name of await namesIn(objects))
    if (/^[0-9a-f]{2}$/.test(name)) await sweepOld(join(objects, name), /^tmp_obj_/);
  await sweepOld(repository, /^fast_import_crash_/);
  await sweepOld(join(repository, "houston"), /./);
  await sweepOld(join(repository, "refs", "houston", "incoming"), /./);
  await sweepOld(temporary, /^(large|ignores)-/);
}

async function sweepOld(directory: string, pattern: RegExp): Promise<void> {
  for (const name of await namesIn(directory)) {
    if (!pattern.test(name)) continue;
    const path = join(directory, name);
    const info = await lstat(path).catch(absent);
    if (info !== undefined && info.mtimeMs + leftBehindMs < Date.now())
      await rm(path, { recursive: true, force: true });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(absent)) ?? [];
}
