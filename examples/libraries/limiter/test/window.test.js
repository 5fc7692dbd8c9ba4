import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SlidingWindow } from '../src/index.js';

/** Calls at these times; the last decision. */
function after(window, times) {
  return times.map((nowMs) => window.take('alice', nowMs)).at(-1);
}

describe('sliding window', () => {
  it('allows calls up to the limit', () => {
    const window = new SlidingWindow({ limit: 2, per: '1s' });
    assert.deepEqual(window.take('alice', 0), { allowed: true, remaining: 1, retryAfterMs: 0 });
    assert.deepEqual(window.take('alice', 100), { allowed: true, remaining: 0, retryAfterMs: 0 });
    assert.equal(window.take('alice', 200).allowed, false);
  });

  it('counts each key by itself', () => {
    const window = new SlidingWindow({ limit: 1, per: '1s' });
    assert.equal(window.take('alice', 0).allowed, true);
    assert.equal(window.take('bob', 0).allowed, true);
    assert.equal(window.take('alice', 0).allowed, false);
  });

  it('forgets a call after the window', () => {
    assert.equal(after(new SlidingWindow({ limit: 1, per: '1s' }), [0, 1001]).allowed, true);
  });

  it('forgets a call exactly one window later', () => {
    assert.equal(after(new SlidingWindow({ limit: 1, per: '1s' }), [500, 1500]).allowed, true);
  });

  it('still counts a call just before that', () => {
    assert.equal(after(new SlidingWindow({ limit: 1, per: '1s' }), [0, 999]).allowed, false);
  });

  it('does not count calls that were refused', () => {
    assert.equal(after(new SlidingWindow({ limit: 1, per: '1s' }), [0, 600, 900, 1100]).allowed, true);
  });

  it('says how long to wait for one call', () => {
    const { retryAfterMs } = after(new SlidingWindow({ limit: 1, per: '1s' }), [100, 400]);
    assert.equal(retryAfterMs, 700);
  });

  it('says how long to wait when several calls are in the window', () => {
    const { retryAfterMs } = after(new SlidingWindow({ limit: 2, per: '1s' }), [0, 400, 500]);
    assert.equal(retryAfterMs, 500);
  });

  it('tells what remains without counting', () => {
    const window = new SlidingWindow({ limit: 3, per: '1s' });
    window.take('alice', 0);
    assert.deepEqual([window.remaining('alice', 1), window.remaining('alice', 2)], [2, 2]);
    assert.equal(window.remaining('nobody', 0), 3);
  });

  it('forgets keys nobody uses any more', () => {
    const window = new SlidingWindow({ limit: 3, per: '1s' });
    window.take('alice', 0);
    window.take('bob', 900);
    assert.equal(window.prune(1500), 1);
  });

  it('describes itself', () => {
    assert.equal(String(new SlidingWindow({ limit: 100, per: '1m' })), '100 per 1 minute');
  });

  it('refuses limits that make no sense', () => {
    for (const limit of [0, -1, 1.5, '3']) {
      assert.throws(() => new SlidingWindow({ limit, per: '1s' }), RangeError);
    }
  });
});
