/** Durations as people write them. */

import ms from 'ms';

/**
 * Reads milliseconds, or text such as "15m", "2 hours" or "1.5s"; throws RangeError on what is no duration.
 * @param {number | string} duration
 * @returns {number}
 */
export function durationMs(duration) {
  const value = typeof duration === 'string' && duration !== '' ? ms(duration) : duration;
  if (typeof value !== 'number' || !(value > 0) || value === Infinity) {
    throw new RangeError(`not a duration: ${JSON.stringify(duration)}`);
  }
  return value;
}

/** For people: "15 minutes". */
export function inWords(valueMs) {
  return ms(valueMs, { long: true });
}

/** @returns {number} the same; throws RangeError unless it is a whole number from one on */
export function positiveInteger(value, name) {
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number from 1 on`);
  return value;
}
