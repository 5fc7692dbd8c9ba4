/** Spans of days, half open: `to` is the first day that no longer belongs to one. */

import { daysBetween } from './date.js';

/** @typedef {{ from: string, to: string }} Span */

/** @param {Span} span */
export function lengthInDays({ from, to }) {
  return daysBetween(from, to);
}

/** Whether two spans have a day in common. */
export function overlaps(a, b) {
  return a.from < b.to && b.from < a.to;
}

/**
 * The same days with as few spans as possible, in order; spans without a day are left out.
 * @param {Span[]} spans
 * @returns {Span[]}
 */
export function mergeSpans(spans) {
  const merged = [];
  for (const { from, to } of inOrder(spans)) {
    const last = merged.at(-1);
    if (last !== undefined && from < last.to) {
      if (to > last.to) last.to = to;
    } else {
      merged.push({ from, to });
    }
  }
  return merged;
}

/**
 * What is left of a span when others are taken away.
 * @param {Span[]} spans
 * @param {Span} within
 * @returns {Span[]}
 */
export function freeSpans(spans, within) {
  const free = [];
  let start = within.from;
  for (const { from, to } of mergeSpans(spans)) {
    if (from >= within.to) break;
    if (from > start) free.push({ from: start, to: from });
    if (to > start) start = to;
  }
  if (start < within.to) free.push({ from: start, to: within.to });
  return free;
}

function inOrder(spans) {
  return spans
    .filter(({ from, to }) => from < to)
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
}
