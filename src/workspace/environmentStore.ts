/**
 * Sealed environments on disk: `<key>/<tree>/`, where the tree is the one it was built in. In each its outputs,
 * numbered; `sealed.json`, written last and synced, without which the rest is rubbish; and a file for every mission
 * it was given to, touched each time.
 */
import { randomUUID } from "node:crypto";
import {
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rmdir,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { makeDurably, syncPath } from "./durable.ts";
import { absent, codeOf, Folder } from "./folder.ts";
import { segment } from "./names.ts";

export interface Sealed {
  folder: string;
  /** Paths in a workspace; the first lies in folder `0`. */
  outputs: string[];
  /** What building took. */
  durationMs: number;
}

const marker = "sealed.json";

export class EnvironmentStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What the mission was given before for this key. */
  async ofMission(key: string, missionId: string): Promise<Sealed | undefined> {
    for (const tree of await readdir(join(this.#directory, key)).catch((): string[] => [])) {
      const folder = join(this.#directory, key, tree);
      const given = await stat(this.#mark(folder, missionId)).catch(() => undefined);
      const sealed = given === undefined ? undefined : await readSealed(folder);
      if (sealed !== undefined) return sealed;
    }
    return undefined;
  }

  /** What was built in an equal tree. */
  async ofTree(key: string, tree: string): Promise<Sealed | undefined> {
    return await readSealed(join(this.#directory, key, tree));
  }

  /** Notes that a mission uses it now. False when it has been removed meanwhile. */
  async give(sealed: Sealed, missionId: string, now: Date): Promise<boolean> {
    const mark = this.#mark(sealed.folder, missionId);
    try {
      await writeFile(mark, "");
      await utimes(mark, now, now);
    } catch (error) {
      return absent(error) ?? false;
    }
    return (await readSealed(sealed.folder)) !== undefined;
  }

  /** An empty folder beside the environments, for building one; its path is without symbolic links, for the box. */
  async scratch(): Promise<string> {
    await makeDurably(this.#directory);
    const folder = join(this.#directory, `building-${randomUUID()}`);
    await mkdir(folder);
    return await realpath(folder);
  }

  /** Puts what was built in `folder` in its place. If somebody else was faster, theirs counts. */
  async keep(folder: string, key: string, tree: string, built: Omit<Sealed, "folder">): Promise<Sealed> {
    await mkdir(join(folder, "missions"));
    const file = await open(join(folder, marker), "wx", 0o644);
    try {
      await file.writeFile(JSON.stringify(built));
      await file.sync();
    } finally {
      await file.close();
    }
    await syncPath(folder);
    const place = join(this.#directory, key, tree);
    await makeDurably(join(this.#directory, key));
    for (;;) {
      try {
        await rename(folder, place);
        await syncPath(join(this.#directory, key));
        return { ...built, folder: place };
      } catch (error) {
        if (!["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) throw error;
      }
      const theirs = await readSealed(place);
      if (theirs !== undefined) return theirs;
      await this.#remove(place);
    }
  }

  /**
   * Removes environments that no mission was given since, and what interrupted builds have left, in milliseconds
   * since 1970. How many environments that were.
   */
  async removeUnused(beforeMs: number): Promise<number> {
    let count = 0;
    for (const name of await readdir(this.#directory).catch((): string[] => [])) {
      const path = join(this.#directory, name);
      if (/^(?:building|removing)-/.test(name)) {
        const found = await stat(path).catch(absent);
        if (found !== undefined && found.mtimeMs < beforeMs) await removeTree(path);
        continue;
      }
      for (const tree of await readdir(path)) {
        if ((await lastUseMs(join(path, tree))) >= beforeMs) continue;
        await this.#remove(join(path, tree));
        count += 1;
      }
      // Fails when others are left in it, or just came.
      await rmdir(path).catch(() => undefined);
    }
    return count;
  }

  #mark(folder: string, missionId: string): string {
    return join(folder, "missions", segment("mission", missionId));
  }

  /** At once for everybody who looks, however long the removing takes. */
  async #remove(folder: string): Promise<void> {
    const aside = join(this.#directory, `removing-${randomUUID()}`);
    const moved = await rename(folder, aside).then(() => true, absent);
    if (moved === true) await removeTree(aside);
  }
}

/** Undefined for one that is not whole. */
async function readSealed(folder: string): Promise<Sealed | undefined> {
  const text = await readFile(join(folder, marker), "utf8").catch(absent);
  const built = text === undefined ? undefined : parseMarker(text);
  if (built === undefined) return undefined;
  const found = await Promise.all(
    built.outputs.map(async (_, index) => await stat(join(folder, String(index))).catch(absent)),
  );
  return found.every((output) => output?.isDirectory()) ? { ...built, folder } : undefined;
}

function parseMarker(text: string): Omit<Sealed, "folder"> | undefined {
  try {
    const { outputs, durationMs } = JSON.parse(text) as Partial<Sealed>;
    return outputs === undefined || durationMs === undefined ? undefined : { outputs, durationMs };
  } catch {
    return undefined;
  }
}

async function lastUseMs(folder: string): Promise<number> {
  const missions = join(folder, "missions");
  const names = await readdir(missions).catch((): string[] => []);
  const paths = [folder, ...names.map((name) => join(missions, name))];
  const times = await Promise.all(paths.map(async (path) => (await stat(path).catch(absent))?.mtimeMs ?? 0));
  return Math.max(...times);
}

/** Also of what a setup made, with whatever permissions. */
export async function removeTree(path: string): Promise<void> {
  const folder = Folder.open(path);
  try {
    await folder.clear();
  } finally {
    folder.close();
  }
  await rmdir(path).catch(absent);
}
