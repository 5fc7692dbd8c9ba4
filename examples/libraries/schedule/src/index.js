export { addDays, addMonths, daysInMonth, weekOfMonth, weekdayOf, weekdays } from './date.js';
export { occurrences } from './occurrences.js';
export { parseRule } from './rule.js';
export { freeSpans, lengthInDays, mergeSpans, overlaps } from './spans.js';
