/** Time that stands still until somebody advances it: days of a mission pass in milliseconds. */
import type { Clock } from "../ports/clock.ts";
import type { Timestamp } from "../protocol/ids.ts";

interface Timer {
  at: Timestamp;
  /** Ties are broken by who came first. */
  order: number;
  fire(): void;
}

export class VirtualTime implements Clock {
  #now: Timestamp;
  #order = 0;
  /** A binary heap, soonest first. */
  readonly #heap: Timer[] = [];

  constructor(start: Timestamp) {
    this.#now = start;
  }

  now(): Timestamp {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }

  wait(at: Timestamp, signal: AbortSignal): Promise<void> {
    if (signal.aborted || at <= this.#now) return Promise.resolve();
    return new Promise((resolve) => {
      if (at !== Infinity) this.#push({ at, order: (this.#order += 1), fire: resolve });
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  pause(durationMs: number, signal: AbortSignal): Promise<void> {
    return this.wait(this.#now + durationMs, signal);
  }

  /** Runs something at an instant. */
  schedule(at: Timestamp, fire: () => void): void {
    this.#push({ at: Math.max(at, this.#now), order: (this.#order += 1), fire });
  }

  /** Lets everything that can happen now happen, then moves to the next timer; false when there is none up to `until`. */
  async step(until: Timestamp): Promise<boolean> {
    await settle();
    const timer = this.#heap[0];
    if (timer === undefined || timer.at > until) return false;
    this.#pop();
    this.#now = Math.max(this.#now, timer.at);
    timer.fire();
    return true;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    heap.push(timer);
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let index = 0;
    for (;;) {
      let smallest = index;
      for (const child of [2 * index + 1, 2 * index + 2])
        if (child < heap.length && this.#isBefore(child, smallest)) smallest = child;
      if (smallest === index) return;
      this.#swap(index, smallest);
      index = smallest;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}

/** All promises that can settle without time passing have settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
