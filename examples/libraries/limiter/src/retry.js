/** Retries with exponential backoff. */

import { durationMs } from './duration.js';

/** @typedef {{ retries: number, first: number | string, factor?: number, max?: number | string }} Policy */

/**
 * What to wait before each retry, to the nearest millisecond.
 * @param {Policy} policy
 * @returns {number[]}
 */
export function delays({ retries, first, factor = 2, max = Number.MAX_SAFE_INTEGER }) {
  const firstMs = durationMs(first);
  const maxMs = durationMs(max);
  return Array.from({ length: retries }, (_, retry) => Math.min(maxMs, Math.floor(firstMs * factor ** retry)));
}

/**
 * Works until it succeeds, is not worth retrying, or no retry is left.
 * @template T
 * @param {(attempt: number) => Promise<T>} work is told its attempt, counted from one
 * @param {Policy} policy
 * @param {{ sleep: (delayMs: number) => Promise<void>, isWorthRetrying?: (error: unknown) => boolean }} outside
 * @returns {Promise<T>} rejects with the last error
 */
export async function retry(work, policy, { sleep, isWorthRetrying = () => true }) {
  const waits = delays(policy);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt > waits.length || !isWorthRetrying(error)) throw error;
      await sleep(waits[attempt - 1]);
    }
  }
}
