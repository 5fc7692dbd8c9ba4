import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { occurrences, parseRule } from '../src/index.js';

/** The dates of a rule in a period. */
function dates(text, from, until, limit) {
  return occurrences(parseRule(text), { from, until, limit });
}

describe('rules', () => {
  it('repeats every day', () => {
    assert.deepEqual(dates('every day', '2024-02-28', '2024-03-01'), ['2024-02-28', '2024-02-29', '2024-03-01']);
  });

  it('repeats every few days from the first one', () => {
    assert.deepEqual(dates('every 3 days', '2024-01-30', '2024-02-05'), ['2024-01-30', '2024-02-02', '2024-02-05']);
  });

  it('repeats on days of the week', () => {
    assert.deepEqual(dates('every week on mon, thu', '2024-07-02', '2024-07-11'), [
      '2024-07-04',
      '2024-07-08',
      '2024-07-11',
    ]);
  });

  it('leaves out the weeks between', () => {
    assert.deepEqual(dates('every 2 weeks on fri', '2024-07-03', '2024-08-02'), [
      '2024-07-05',
      '2024-07-19',
      '2024-08-02',
    ]);
  });

  it('repeats on a day of the month, where there is one', () => {
    assert.deepEqual(dates('every month on the 31st', '2024-01-01', '2024-05-31'), [
      '2024-01-31',
      '2024-03-31',
      '2024-05-31',
    ]);
  });

  it('repeats on the last day of the month', () => {
    assert.deepEqual(dates('every 2 months on the last day', '2024-02-01', '2024-06-30'), [
      '2024-02-29',
      '2024-04-30',
      '2024-06-30',
    ]);
  });

  it('finds the first Saturday of a month', () => {
    assert.deepEqual(dates('every month on the first sat', '2024-07-01', '2024-07-31'), ['2024-07-06']);
  });

  it('finds the fourth Sunday of a month', () => {
    assert.deepEqual(dates('every month on the fourth sun', '2024-04-01', '2024-04-30'), ['2024-04-28']);
  });

  it('stops after as many dates as wanted', () => {
    assert.deepEqual(dates('every day', '2024-01-01', '2024-12-31', 2), ['2024-01-01', '2024-01-02']);
  });

  it('is not particular about case and spaces', () => {
    assert.deepEqual(parseRule(' Every 2 Weeks on Mon,Thu '), { unit: 'week', every: 2, on: ['mon', 'thu'] });
  });

  it('reads ordinals', () => {
    assert.deepEqual(parseRule('every month on the third tue'), { unit: 'month', every: 1, week: 3, weekday: 'tue' });
  });

  it('refuses what is not a rule', () => {
    for (const text of ['', 'every 0 days', 'every day on mon', 'every week', 'every week on may', 'every month on the 32nd']) {
      assert.throws(() => parseRule(text), RangeError, text);
    }
  });
});
