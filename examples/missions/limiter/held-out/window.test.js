import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SlidingWindow } from '../../src/index.js';

const perSecond = (limit) => new SlidingWindow({ limit, per: '1s' });

describe('sliding window, whatever the limit', () => {
  it('makes room for one call at a time', () => {
    const window = perSecond(3);
    for (const nowMs of [0, 300, 600]) window.take('alice', nowMs);
    assert.equal(window.take('alice', 999).allowed, false);
    assert.equal(window.take('alice', 1000).allowed, true);
    assert.equal(window.take('alice', 1299).allowed, false);
    assert.equal(window.take('alice', 1300).allowed, true);
  });

  it('keeps its word about how long to wait', () => {
    for (const limit of [1, 2, 3, 5]) {
      const window = perSecond(limit);
      for (let call = 0; call < limit; call += 1) window.take('alice', 50 + call * 110);
      const { retryAfterMs } = window.take('alice', 700);
      assert.equal(retryAfterMs, 350, `limit ${limit}`);
      assert.equal(window.take('alice', 700 + retryAfterMs - 1).allowed, false, `limit ${limit}`);
      assert.equal(window.take('alice', 700 + retryAfterMs).allowed, true, `limit ${limit}`);
    }
  });
});
