import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { delays, retry } from '../src/index.js';

/** Work that fails so many times, and what was waited. */
function failing(times) {
  const slept = [];
  const sleep = async (delayMs) => void slept.push(delayMs);
  const work = async (attempt) => {
    if (attempt <= times) throw new Error(`attempt ${attempt}`);
    return attempt;
  };
  return { slept, sleep, work };
}

describe('delays', () => {
  it('grow by the factor', () => {
    assert.deepEqual(delays({ retries: 4, first: '100ms', factor: 2 }), [100, 200, 400, 800]);
  });

  it('are whole milliseconds', () => {
    assert.deepEqual(delays({ retries: 3, first: 150, factor: 1.5 }), [150, 225, 338]);
  });

  it('never exceed the maximum', () => {
    assert.deepEqual(delays({ retries: 4, first: '1s', factor: 3, max: '5s' }), [1000, 3000, 5000, 5000]);
  });

  it('are none without retries', () => {
    assert.deepEqual(delays({ retries: 0, first: 1 }), []);
  });
});

describe('retry', () => {
  it('gives back the first success without waiting', async () => {
    const { work, sleep, slept } = failing(0);
    assert.equal(await retry(work, { retries: 3, first: 10 }, { sleep }), 1);
    assert.deepEqual(slept, []);
  });

  it('tries again after a failure', async () => {
    const { work, sleep, slept } = failing(2);
    assert.equal(await retry(work, { retries: 3, first: 10 }, { sleep }), 3);
    assert.equal(slept.length, 2);
  });

  it('gives up with the last error', async () => {
    const { work, sleep, slept } = failing(9);
    await assert.rejects(retry(work, { retries: 2, first: 10 }, { sleep }), /attempt 3/);
    assert.equal(slept.length, 2);
  });

  it('gives up at once on what is not worth retrying', async () => {
    const { work, sleep, slept } = failing(9);
    const isWorthRetrying = (error) => !error.message.includes('attempt 1');
    await assert.rejects(retry(work, { retries: 2, first: 10 }, { sleep, isWorthRetrying }), /attempt 1/);
    assert.equal(slept.length, 0);
  });
});
