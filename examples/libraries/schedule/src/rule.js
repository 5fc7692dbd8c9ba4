/** Reads rules such as "every 2 weeks on mon, thu" or "every month on the first sat". */

import { weekdays } from './date.js';

/**
 * @typedef {{ unit: 'day', every: number }} DayRule
 * @typedef {{ unit: 'week', every: number, on: string[] }} WeekRule `on` lists weekdays
 * @typedef {{ unit: 'month', every: number, day: number | 'last' }} MonthDayRule
 * @typedef {{ unit: 'month', every: number, week: number, weekday: string }} MonthWeekRule
 * @typedef {DayRule | WeekRule | MonthDayRule | MonthWeekRule} Rule
 */

const RULE = /^every(?: (\d+))? (day|week|month)s?(?: on (.+))?$/;
const DAY_OF_MONTH = /^the (\d{1,2})(?:st|nd|rd|th)$/;
const WEEKDAY_OF_MONTH = /^the (first|second|third|fourth|fifth) (\w{3})$/;
const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'];

/**
 * @param {string} text
 * @returns {Rule}
 */
export function parseRule(text) {
  const match = RULE.exec(text.trim().toLowerCase());
  if (match === null) throw notARule(text);
  const [, count = '1', unit, on] = match;
  const every = Number(count);
  if (every < 1) throw notARule(text);
  if (unit === 'day' && on === undefined) return { unit, every };
  if (unit === 'week' && on !== undefined) return { unit, every, on: weekdaysOf(on, text) };
  if (unit === 'month' && on !== undefined) return { unit, every, ...dayOfMonth(on, text) };
  throw notARule(text);
}

function weekdaysOf(list, text) {
  const names = list.split(/\s*,\s*/);
  if (names.some((name) => !weekdays.includes(name))) throw notARule(text);
  return names;
}

function dayOfMonth(on, text) {
  if (on === 'the last day') return { day: 'last' };
  const [, number] = DAY_OF_MONTH.exec(on) ?? [];
  if (number !== undefined && Number(number) >= 1 && Number(number) <= 31) return { day: Number(number) };
  const [, ordinal, weekday] = WEEKDAY_OF_MONTH.exec(on) ?? [];
  if (weekdays.includes(weekday)) return { week: ORDINALS.indexOf(ordinal) + 1, weekday };
  throw notARule(text);
}

function notARule(text) {
  return new RangeError(`not a rule: "${text}"`);
}
