import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { occurrences, parseRule, weekOfMonth } from '../../src/index.js';

const august = (day) => `2024-08-${String(day).padStart(2, '0')}`;

describe('weeks of a month', () => {
  it('have seven days each, from the first of the month', () => {
    for (let day = 1; day <= 31; day += 1) {
      const week = day <= 7 ? 1 : day <= 14 ? 2 : day <= 21 ? 3 : day <= 28 ? 4 : 5;
      assert.equal(weekOfMonth(august(day)), week, august(day));
    }
  });

  it('are the same for every weekday', () => {
    const rule = parseRule('every month on the first thu');
    assert.deepEqual(occurrences(rule, { from: august(1), until: '2024-09-30' }), ['2024-08-01', '2024-09-05']);
  });

  it('may be five', () => {
    const rule = parseRule('every month on the fifth thu');
    assert.deepEqual(occurrences(rule, { from: august(1), until: '2024-09-30' }), ['2024-08-29']);
  });
});
