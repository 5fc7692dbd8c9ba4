/** What the recorded folder holds, and which of it a power cut may take without anybody noticing. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../src/ports/clock.ts";
import { systemClock } from "../../src/app/systemClock.ts";

/** Below the recorded folder. */
export const stateFolder = "state";
export const userFolder = "user";
export const workspacesIn = (root: string): string => join(root, stateFolder, "workspaces");

/**
 * Not modelled: folders agents work in (a new epoch materialises its own and trusts none that it finds), and
 * SQLite's index of its WAL (shared memory, made anew by the first connection).
 */
export function isOutOfModel(path: string): boolean {
  return /^state\/workspaces\/[^/]+\/work(\/|$)/.test(path) || path.endsWith("-shm");
}

export const sha256 = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

export const clock: Clock = systemClock;
