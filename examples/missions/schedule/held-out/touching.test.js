import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeSpans } from '../../src/index.js';

describe('spans that touch', () => {
  it('become one, however many there are', () => {
    const months = ['2023-11-01', '2023-12-01', '2024-01-01', '2024-02-01'];
    const spans = months.slice(1).map((to, index) => ({ from: months[index], to }));
    assert.deepEqual(mergeSpans(spans.toReversed()), [{ from: '2023-11-01', to: '2024-02-01' }]);
  });

  it('stay apart from the next one when a day lies between', () => {
    const spans = [
      { from: '2024-02-20', to: '2024-02-28' },
      { from: '2024-02-29', to: '2024-03-05' },
    ];
    assert.deepEqual(mergeSpans(spans), spans);
  });
});
