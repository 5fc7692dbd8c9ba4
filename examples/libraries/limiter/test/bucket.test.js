import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TokenBucket } from '../src/index.js';

const small = () => new TokenBucket({ capacity: 3, refill: 3, per: '1s' });

describe('token bucket', () => {
  it('starts full and allows a burst', () => {
    assert.deepEqual(small().take(3, 0), { allowed: true, level: 0, retryAfterMs: 0 });
  });

  it('refuses what it does not hold, and takes nothing then', () => {
    const bucket = small();
    bucket.take(2, 0);
    assert.deepEqual(bucket.take(2, 0), { allowed: false, level: 1, retryAfterMs: 334 });
    assert.equal(bucket.take(1, 0).allowed, true);
  });

  it('fills up with time, never beyond its capacity', () => {
    const bucket = small();
    bucket.take(3, 0);
    assert.equal(bucket.take(1, 333).allowed, false);
    assert.equal(bucket.take(1, 334).allowed, true);
    assert.equal(bucket.take(1, 60_000).level, 2);
  });

  it('refuses more than fits at once', () => {
    assert.throws(() => small().take(4, 0), RangeError);
  });
});
