/** Civil dates as text such as "2024-02-29": they sort as text and know no time zone. */

const DAY_MS = 86_400_000;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * Takes a date apart; throws RangeError on what is none.
 * @param {string} date
 * @returns {{ year: number, month: number, day: number }} the month counts from one
 */
export function partsOf(date) {
  const match = DATE.exec(date);
  const [year, month, day] = (match ?? []).slice(1).map(Number);
  if (match === null || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    throw new RangeError(`not a date: "${date}"`);
  }
  return { year, month, day };
}

function dateOf(year, month, day) {
  return [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-');
}

/** @param {number} month counts from one */
export function daysInMonth(year, month) {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** @param {number} days may be negative */
export function addDays(date, days) {
  const { year, month, day } = partsOf(date);
  return new Date(Date.UTC(year, month - 1, day + days)).toISOString().slice(0, 10);
}

/** Keeps the day of the month, or takes the last one where the month is too short. */
export function addMonths(date, months) {
  const { year, month, day } = partsOf(date);
  const total = year * 12 + (month - 1) + months;
  const newYear = Math.floor(total / 12);
  const newMonth = (total % 12) + 1;
  return dateOf(newYear, newMonth, Math.min(day, daysInMonth(newYear, newMonth)));
}

/** How many days later `b` is than `a`. */
export function daysBetween(a, b) {
  return (Date.parse(b) - Date.parse(a)) / DAY_MS;
}

/** How many months later the month of `b` is than that of `a`. */
export function monthsBetween(a, b) {
  const [from, to] = [partsOf(a), partsOf(b)];
  return (to.year - from.year) * 12 + to.month - from.month;
}

/** @returns {string} one of `weekdays` */
export function weekdayOf(date) {
  const { year, month, day } = partsOf(date);
  return weekdays[new Date(Date.UTC(year, month - 1, day)).getUTCDay()];
}

/** Which seven days of its month a date is in: the first seven days are week 1. */
export function weekOfMonth(date) {
  return Math.floor(partsOf(date).day / 7);
}
