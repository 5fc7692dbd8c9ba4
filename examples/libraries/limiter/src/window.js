/** A sliding window: at most so many calls of one key in any stretch of time. */

import { durationMs, inWords, positiveInteger } from './duration.js';

/** @typedef {{ allowed: boolean, remaining: number, retryAfterMs: number }} Decision */

export class SlidingWindow {
  #limit;
  #perMs;
  /** @type {Map<string, number[]>} when each key was called, the oldest call first */
  #calls = new Map();

  /** @param {{ limit: number, per: number | string }} options */
  constructor({ limit, per }) {
    this.#limit = positiveInteger(limit, 'limit');
    this.#perMs = durationMs(per);
  }

  /**
   * Counts a call if it is allowed.
   * @param {string} key
   * @param {number} nowMs never earlier than at the call before
   * @returns {Decision}
   */
  take(key, nowMs) {
    const calls = this.#recent(key, nowMs);
    const allowed = calls.length < this.#limit;
    if (allowed) calls.push(nowMs);
    this.#calls.set(key, calls);
    return { allowed, remaining: this.#limit - calls.length, retryAfterMs: this.#waitMs(calls, allowed, nowMs) };
  }

  /** How many calls would be allowed now. */
  remaining(key, nowMs) {
    return this.#limit - this.#recent(key, nowMs).length;
  }

  /** Forgets keys without a recent call; returns how many are left. */
  prune(nowMs) {
    for (const key of this.#calls.keys()) {
      if (this.#recent(key, nowMs).length === 0) this.#calls.delete(key);
    }
    return this.#calls.size;
  }

  toString() {
    return `${this.#limit} per ${inWords(this.#perMs)}`;
  }

  #recent(key, nowMs) {
    return (this.#calls.get(key) ?? []).filter((callMs) => nowMs - callMs <= this.#perMs);
  }

  #waitMs(calls, allowed, nowMs) {
    if (allowed) return 0;
    return Math.max(...calls) + this.#perMs - nowMs;
  }
}
