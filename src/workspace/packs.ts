/**
 * Keeps the packs of a mission's repository few. Not with `git repack -d`: that removes old packs before the
 * new one's name is safe from a power cut, and writes `shallow` anew without a sync, on which all history rests.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { syncPath } from "./durable.ts";
import { git } from "./git.ts";
import type { Repository } from "./objects.ts";

const maxPacks = 50;

interface Pack {
  /** Its files' name without what follows the dot. */
  name: string;
  sizeBytes: number;
}

/**
 * Joins packs when there are many; each capture that wrote something left one. Never fails. A pack is removed
 * only when another is on disk that holds all of its objects, whoever else reads or joins packs meanwhile.
 */
export async function tidy(repository: Repository): Promise<void> {
  try {
    const directory = join(repository.place.gitDir, "objects", "pack");
    const names = await readdir(directory);
    if (names.filter((name) => name.endsWith(".pack")).length <= maxPacks) return;
    const packs = await packsIn(directory);
    if (packs.length > maxPacks) await joinPacks(repository, directory, packsToJoin(packs));
  } catch {
    // Many packs are slow and nothing worse; the next capture tries again.
  }
}

async function packsIn(directory: string): Promise<Pack[]> {
  const names = new Set(await readdir(directory));
  const packs: Pack[] = [];
  for (const file of names) {
    const name = /^(pack-[0-9a-f]+)\.idx$/.exec(file)?.[1];
    if (name === undefined || !names.has(`${name}.pack`) || names.has(`${name}.keep`)) continue;
    packs.push({ name, sizeBytes: (await stat(join(directory, `${name}.pack`))).size });
  }
  return packs;
}

/** The small ones, so that each of the rest is at least twice as large as all before it: as `git repack --geometric=2` chooses. */
export function packsToJoin(packs: readonly Pack[]): Pack[] {
  const sorted = packs.toSorted((a, b) => a.sizeBytes - b.sizeBytes);
  const sizes = sorted.map(({ sizeBytes }) => sizeBytes);
  let count = sizes.findLastIndex((size, i) => size < 2 * (sizes[i - 1] ?? 0)) + 1;
  let total = sizes.slice(0, count).reduce((sum, size) => sum + size, 0);
  for (; count > 0 && count < sizes.length; count += 1) {
    const size = sizes[count] ?? 0;
    if (size >= 2 * total) break;
    total += size;
  }
  return sorted.slice(0, count);
}

async function joinPacks(repository: Repository, directory: string, packs: Pack[]): Promise<void> {
  const answer = await git({
    ...repository,
    // Everything that these packs hold, whether a ref reaches it or not.
    args: ["pack-objects", "-q", "--stdin-packs", "--delta-base-offset", join(directory, "pack")],
    stdin: packs.map(({ name }) => `${name}.pack\n`).join(""),
  });
  const made = new Set(answer.toString("latin1").split("\n").filter(Boolean));
  const present = new Set((await packsIn(directory)).map(({ name }) => name));
  if (made.size === 0 || ![...made].every((hash) => present.has(`pack-${hash}`))) return;
  await syncPath(directory);
  for (const { name } of packs) {
    if (made.has(name.slice("pack-".length))) continue;
    // Without its index a pack is nothing to git; an index without its pack would be a complaint.
    for (const kind of ["idx", "rev", "bitmap", "pack"])
      await rm(join(directory, `${name}.${kind}`), { force: true });
  }
}
