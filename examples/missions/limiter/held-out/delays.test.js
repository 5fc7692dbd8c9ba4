import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { delays } from '../../src/index.js';

describe('delays, whatever the factor', () => {
  it('are as near as milliseconds allow', () => {
    assert.deepEqual(delays({ retries: 5, first: 150, factor: 1.5 }), [150, 225, 338, 506, 759]);
    assert.deepEqual(delays({ retries: 3, first: 5, factor: 1.1 }), [5, 6, 6]);
  });

  it('grow by every factor', () => {
    assert.deepEqual(delays({ retries: 4, first: '1s', factor: 3 }), [1000, 3000, 9000, 27_000]);
    assert.deepEqual(delays({ retries: 3, first: '1s', factor: 1 }), [1000, 1000, 1000]);
  });

  it('stay at the maximum once they have reached it', () => {
    assert.deepEqual(delays({ retries: 5, first: 100, factor: 10, max: '2s' }), [100, 1000, 2000, 2000, 2000]);
  });
});
