import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { durationMs, inWords } from '../src/index.js';

describe('durations', () => {
  it('are milliseconds or text', () => {
    assert.deepEqual([250, '250', '1.5s', '15m', '2 hours'].map(durationMs), [250, 250, 1500, 900_000, 7_200_000]);
  });

  it('are more than nothing', () => {
    for (const value of [0, -1, NaN, Infinity, '', '0s', '-3m', 'soon', undefined, null]) {
      assert.throws(() => durationMs(value), RangeError, String(value));
    }
  });

  it('can be read aloud', () => {
    assert.equal(inWords(900_000), '15 minutes');
  });
});
