import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addDays, addMonths, daysInMonth, weekOfMonth, weekdayOf } from '../src/index.js';

describe('dates', () => {
  it('adds days across months and years', () => {
    assert.equal(addDays('2024-02-28', 1), '2024-02-29');
    assert.equal(addDays('2023-12-31', 1), '2024-01-01');
    assert.equal(addDays('2024-03-01', -1), '2024-02-29');
  });

  it('adds months and keeps the day where it can', () => {
    assert.equal(addMonths('2024-01-15', 1), '2024-02-15');
    assert.equal(addMonths('2024-01-31', 1), '2024-02-29');
    assert.equal(addMonths('2024-01-31', -2), '2023-11-30');
    assert.equal(addMonths('2024-01-31', 12), '2025-01-31');
  });

  it('knows how long months are', () => {
    assert.deepEqual([daysInMonth(2024, 2), daysInMonth(2023, 2), daysInMonth(2024, 4)], [29, 28, 30]);
    assert.equal(daysInMonth(1900, 2), 28);
  });

  it('knows the day of the week', () => {
    assert.equal(weekdayOf('2024-07-01'), 'mon');
    assert.equal(weekdayOf('2000-02-29'), 'tue');
  });

  it('counts the weeks of a month', () => {
    assert.deepEqual(['2024-07-07', '2024-07-14', '2024-07-28'].map(weekOfMonth), [1, 2, 4]);
  });

  it('refuses what is not a date', () => {
    for (const text of ['', '2024-7-1', '2024-00-10', '2024-13-01', '2023-02-29', '2024-04-31', 'tomorrow']) {
      assert.throws(() => addDays(text, 1), RangeError, text);
    }
  });
});
