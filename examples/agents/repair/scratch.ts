/**
 * Copies of the workspace under TMPDIR, one for each process that may run at once. Tests run only
 * here, so that neither a mutant nor a test's litter ever reaches the workspace.
 */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { TestUnit } from "./testPlan.ts";

/** One copy and a folder for its reports. */
export interface Slot {
  readonly root: string;
  readonly reportFolder: string;
}

const TIMEOUT_FACTOR = 10;
const MIN_TIMEOUT_MS = 2_000;
const FIRST_TIMEOUT_MS = 60_000;

export class Scratch {
  readonly width: number;
  readonly #folder: string;
  readonly #slots: readonly Slot[];
  readonly #usualMs = new Map<TestUnit, number>();

  /** Copies `workspace` `width` times: without `.git`, and with `node_modules` linked instead of copied. */
  constructor(workspace: string, width: number) {
    this.width = width;
    // V8 reports real paths, which differ where TMPDIR is behind a link.
    this.#folder = realpathSync(mkdtempSync(join(tmpdir(), "repair-")));
    this.#slots = Array.from({ length: width }, (_, index) =>
      copyOf(workspace, join(this.#folder, String(index))),
    );
  }

  /** Makes every copy hold this content. */
  write(file: string, content: string): void {
    for (const slot of this.#slots) writeFileSync(join(slot.root, file), content);
  }

  /** Remembers how long a unit takes when nothing is wrong with it, for the time limit of mutants. */
  learn(unit: TestUnit, durationMs: number): void {
    this.#usualMs.set(unit, Math.max(durationMs, this.#usualMs.get(unit) ?? 0));
  }

  /** A mutant that loops for ever is stopped after this. */
  timeoutMs(unit: TestUnit): number {
    const usualMs = this.#usualMs.get(unit);
    return usualMs === undefined ? FIRST_TIMEOUT_MS : Math.max(MIN_TIMEOUT_MS, usualMs * TIMEOUT_FACTOR);
  }

  /** Works on all items, at most `width` at once. */
  async all<Item>(items: readonly Item[], work: (item: Item, slot: Slot) => Promise<void>): Promise<void> {
    for await (const _ of this.inOrder(items, work)) {
      // each result matters only for having been awaited
    }
  }

  /**
   * Works ahead on up to `width` items and yields the results in the order of the items, whichever
   * ends first: this keeps the search deterministic. Stopping early waits for what is under way.
   */
  async *inOrder<Item, Result>(
    items: readonly Item[],
    work: (item: Item, slot: Slot) => Promise<Result>,
  ): AsyncGenerator<Result> {
    const free = [...this.#slots];
    const waiting: ((slot: Slot) => void)[] = [];
    const acquire = (): Promise<Slot> => {
      const slot = free.pop();
      return slot === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(slot);
    };
    const release = (slot: Slot): void => {
      const next = waiting.shift();
      if (next === undefined) free.push(slot);
      else next(slot);
    };
    const start = async (item: Item): Promise<Result> => {
      const slot = await acquire();
      return work(item, slot).finally(() => release(slot));
    };
    const running: Promise<Result>[] = [];
    let next = 0;
    try {
      while (next < items.length || running.length > 0) {
        // One more than fits, so that no copy idles while a result is being looked at.
        for (; running.length <= this.width && next < items.length; next += 1) {
          running.push(start(items[next] as Item));
        }
        yield await (running.shift() as Promise<Result>);
      }
    } finally {
      await Promise.allSettled(running);
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function copyOf(workspace: string, folder: string): Slot {
  const slot = { root: join(folder, "tree"), reportFolder: join(folder, "reports") };
  mkdirSync(slot.reportFolder, { recursive: true });
  cpSync(workspace, slot.root, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => source === workspace || ![".git", "node_modules"].includes(basename(source)),
  });
  const modules = join(workspace, "node_modules");
  if (existsSync(modules)) symlinkSync(modules, join(slot.root, "node_modules"));
  return slot;
}
