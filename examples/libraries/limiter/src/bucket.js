/** A token bucket: bursts up to its capacity, and a steady rate after that. */

import { durationMs, positiveInteger } from './duration.js';

/** @typedef {{ allowed: boolean, level: number, retryAfterMs: number }} Decision */

export class TokenBucket {
  #capacity;
  #perTokenMs;
  #level;
  /** Up to when the level has been brought; undefined before the first call. */
  #untilMs;

  /** @param {{ capacity: number, refill: number, per: number | string }} options */
  constructor({ capacity, refill, per }) {
    this.#capacity = positiveInteger(capacity, 'capacity');
    this.#perTokenMs = durationMs(per) / positiveInteger(refill, 'refill');
    this.#level = this.#capacity;
  }

  /**
   * Takes tokens if there are enough; throws RangeError when there never can be.
   * @param {number} count
   * @param {number} nowMs never earlier than at the call before
   * @returns {Decision}
   */
  take(count, nowMs) {
    if (positiveInteger(count, 'count') > this.#capacity) {
      throw new RangeError(`${count} tokens do not fit into ${this.#capacity}`);
    }
    this.#fill(nowMs);
    const allowed = count <= this.#level;
    if (allowed) this.#level -= count;
    const retryAfterMs = allowed ? 0 : Math.ceil((count - this.#level) * this.#perTokenMs);
    return { allowed, level: Math.floor(this.#level), retryAfterMs };
  }

  #fill(nowMs) {
    const gained = (nowMs - (this.#untilMs ?? nowMs)) / this.#perTokenMs;
    this.#level = Math.min(this.#capacity, this.#level + gained);
    this.#untilMs = nowMs;
  }
}
