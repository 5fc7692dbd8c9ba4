/** The dates of a rule. */

import { addDays, daysBetween, daysInMonth, monthsBetween, partsOf, weekOfMonth, weekdayOf } from './date.js';

/** @typedef {import('./rule.js').Rule} Rule */

/**
 * The dates of a rule from one day to another, both included. Intervals of more than one day, week or month are
 * counted from the first day; weeks begin on Monday.
 * @param {Rule} rule
 * @param {{ from: string, until: string, limit?: number }} period
 * @returns {string[]}
 */
export function occurrences(rule, { from, until, limit = Infinity }) {
  const dates = [];
  for (let date = from; date <= until && dates.length < limit; date = addDays(date, 1)) {
    if (isDue(rule, date, from)) dates.push(date);
  }
  return dates;
}

function isDue(rule, date, start) {
  switch (rule.unit) {
    case 'day':
      return daysBetween(start, date) % rule.every === 0;
    case 'week':
      return rule.on.includes(weekdayOf(date)) && weeksBetween(start, date) % rule.every === 0;
    default:
      return isDueInMonth(rule, date) && monthsBetween(start, date) % rule.every === 0;
  }
}

function isDueInMonth(rule, date) {
  if (rule.week !== undefined) return weekdayOf(date) === rule.weekday && weekOfMonth(date) === rule.week;
  const { year, month, day } = partsOf(date);
  return rule.day === 'last' ? day === daysInMonth(year, month) : day === rule.day;
}

function weeksBetween(a, b) {
  return daysBetween(mondayOf(a), mondayOf(b)) / 7;
}

function mondayOf(date) {
  const sinceMonday = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].indexOf(weekdayOf(date));
  return addDays(date, -sinceMonday);
}
