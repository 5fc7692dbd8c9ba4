/**
 * Copies of the workspace under TMPDIR, one for each process that may run at once. Tests run only
 * here, so that neither a mutant nor a test's litter ever reaches the workspace.
 */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { copyWorkspace, sizeOf } from "./copy.ts";
import { TAPE_FILTER } from "./runners/flat.ts";
import { type TestUnit, nameOf } from "./testPlan.ts";
import { type TestCase, type UnitRun, runUnit } from "./testRun.ts";

/** One copy and a folder for its reports. */
export interface Slot {
  readonly root: string;
  readonly reportFolder: string;
}

export interface RunChoice {
  readonly only?: readonly TestCase[];
  readonly env?: Readonly<Record<string, string>>;
}

const TIMEOUT_FACTOR = 8;
const MIN_TIMEOUT_MS = 3_000;
const FIRST_TIMEOUT_MS = 120_000;
const MAX_WIDTH = 8;
/** A jail's TMPDIR is memory, and small. */
const MAX_COPIES_BYTES = 100_000_000;

export class Scratch {
  readonly width: number;
  readonly #folder: string;
  readonly #tapeFilter: string;
  readonly #slots: readonly Slot[];
  readonly #remainingMs: () => number;
  readonly #usualMs = new Map<string, number>();
  /** Tests that do not run when they are asked for by name: their units are run as a whole. */
  readonly #inseparable = new Set<string>();

  /** `remainingMs` says how much time there is for a run that starts now. */
  constructor(workspace: string, remainingMs: () => number, width: number = availableParallelism()) {
    const fitting = Math.floor(MAX_COPIES_BYTES / Math.max(sizeOf(workspace), 1));
    this.width = Math.max(1, Math.min(width, MAX_WIDTH, fitting));
    this.#remainingMs = remainingMs;
    // V8 reports real paths, which differ where TMPDIR is behind a link.
    this.#folder = realpathSync(mkdtempSync(join(tmpdir(), "repair-")));
    this.#tapeFilter = join(this.#folder, "tapeFilter.cjs");
    writeFileSync(this.#tapeFilter, TAPE_FILTER);
    const original = realpathSync(workspace);
    this.#slots = Array.from({ length: this.width }, (_, index) => {
      const folder = join(this.#folder, String(index));
      const slot = { root: join(folder, "tree"), reportFolder: join(folder, "reports") };
      mkdirSync(slot.reportFolder, { recursive: true });
      copyWorkspace(original, slot.root);
      return slot;
    });
  }

  /** Makes every copy hold this content. */
  write(file: string, content: string): void {
    for (const slot of this.#slots) writeFileSync(join(slot.root, file), content);
  }

  /** Runs a unit, or only some of its tests where that works, within its usual time. */
  async run(unit: TestUnit, slot: Slot, { only = [], env = {} }: RunChoice = {}): Promise<UnitRun> {
    const name = nameOf(unit);
    const separable = only.length > 0 && !only.some((test) => this.#inseparable.has(test.key));
    const options = {
      ...slot,
      tapeFilter: this.#tapeFilter,
      timeoutMs: Math.max(1, Math.min(this.#timeoutMs(name), this.#remainingMs())),
      env,
    };
    const unitRun = await runUnit(unit, separable ? { ...options, only } : options);
    if (!separable && !unitRun.timedOut && !this.#usualMs.has(name))
      this.#usualMs.set(name, unitRun.durationMs);
    return unitRun;
  }

  /** To be told when a test that was asked for by name did not run; only on a tree where it does otherwise. */
  keepTogether(test: TestCase): void {
    this.#inseparable.add(test.key);
  }

  /** What a run of these units takes when nothing is wrong with them. */
  usualMs(units: readonly TestUnit[]): number {
    return units.reduce((sum, unit) => sum + (this.#usualMs.get(nameOf(unit)) ?? 0), 0);
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

  /** A mutant that loops for ever is stopped after this. */
  #timeoutMs(name: string): number {
    const usualMs = this.#usualMs.get(name);
    return usualMs === undefined ? FIRST_TIMEOUT_MS : Math.max(MIN_TIMEOUT_MS, usualMs * TIMEOUT_FACTOR);
  }
}
