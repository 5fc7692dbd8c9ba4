/** State caches as files under `caches/<mission>/`, newest last by number; never synced, never trusted. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import type { CachedState, StateCaches } from "../../ports/stateCache.ts";
import type { MissionId } from "../../protocol/ids.ts";
import { storeErrorOf } from "./errors.ts";
import { safeName } from "./safeName.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const kept = 2;

export class CacheFiles implements StateCaches {
  private readonly directory: string;
  /** One mission's saves run one after the other. */
  private readonly saving = new Map<MissionId, Promise<void>>();

  constructor(directory: string) {
    this.directory = join(directory, "caches");
  }

  async load(missionId: MissionId): Promise<CachedState[]> {
    const folder = join(this.directory, safeName(missionId));
    const states: CachedState[] = [];
    for (const number of (await numbersIn(folder)).reverse().slice(0, kept)) {
      const state = await readFile(join(folder, String(number)))
        .then(decode)
        .catch(() => undefined);
      if (state !== undefined) states.push(state);
    }
    return states;
  }

  save(missionId: MissionId, state: CachedState): Promise<void> {
    const before = this.saving.get(missionId) ?? Promise.resolve();
    const saved = before
      .catch(() => {})
      .then(() => this.write(join(this.directory, safeName(missionId)), state));
    this.saving.set(missionId, saved);
    const forget = (): void => {
      if (this.saving.get(missionId) === saved) this.saving.delete(missionId);
    };
    saved.then(forget, forget);
    return saved;
  }

  private async write(folder: string, state: CachedState): Promise<void> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const numbers = await numbersIn(folder);
      const number = (numbers.at(-1) ?? 0) + 1;
      const temporary = join(folder, `.${process.pid}.${number}`);
      await writeFile(temporary, await encode(state), { mode: 0o600 });
      await rename(temporary, join(folder, String(number)));
      for (const old of [...numbers, number].slice(0, -kept))
        await rm(join(folder, String(old)), { force: true });
    } catch (error) {
      throw storeErrorOf(error, folder);
    }
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.saving.values());
  }

  async drop(): Promise<void> {
    await this.idle();
    await rm(this.directory, { recursive: true, force: true }).catch((error: unknown) => {
      throw storeErrorOf(error, this.directory);
    });
  }
}

async function numbersIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The checksum covers everything, compressed: what fails it is left out before anything reads it. */
async function encode({ seq, stateVersion, body }: CachedState): Promise<Buffer> {
  const compressed = await compress(JSON.stringify([seq, stateVersion, body]));
  return Buffer.concat([createHash("sha256").update(compressed).digest(), compressed]);
}

async function decode(stored: Buffer): Promise<CachedState | undefined> {
  const compressed = stored.subarray(32);
  if (!createHash("sha256").update(compressed).digest().equals(stored.subarray(0, 32))) return undefined;
  const [seq, stateVersion, body] = JSON.parse((await decompress(compressed)).toString("utf8")) as [
    number,
    number,
    string,
  ];
  return { seq, stateVersion, body };
}
