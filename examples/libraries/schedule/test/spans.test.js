import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freeSpans, lengthInDays, mergeSpans, overlaps } from '../src/index.js';

const span = (from, to) => ({ from: `2024-07-${from}`, to: `2024-07-${to}` });

describe('spans', () => {
  it('counts days', () => {
    assert.equal(lengthInDays({ from: '2024-02-28', to: '2024-03-01' }), 2);
  });

  it('knows whether two have a day in common', () => {
    assert.equal(overlaps(span('01', '05'), span('04', '09')), true);
    assert.equal(overlaps(span('01', '05'), span('05', '09')), false);
    assert.equal(overlaps(span('05', '09'), span('01', '05')), false);
  });

  it('merges spans that overlap', () => {
    assert.deepEqual(mergeSpans([span('03', '08'), span('01', '05')]), [span('01', '08')]);
  });

  it('merges spans that touch', () => {
    assert.deepEqual(mergeSpans([span('01', '05'), span('05', '08')]), [span('01', '08')]);
  });

  it('keeps spans apart that do not touch', () => {
    assert.deepEqual(mergeSpans([span('06', '08'), span('01', '05')]), [span('01', '05'), span('06', '08')]);
  });

  it('merges a span into one that holds it', () => {
    assert.deepEqual(mergeSpans([span('01', '20'), span('05', '08')]), [span('01', '20')]);
  });

  it('leaves out spans without a day', () => {
    assert.deepEqual(mergeSpans([span('05', '05'), span('08', '06')]), []);
  });

  it('does not change what it is given', () => {
    const given = [span('03', '08'), span('01', '05')];
    mergeSpans(given);
    assert.deepEqual(given, [span('03', '08'), span('01', '05')]);
  });
});

describe('free spans', () => {
  it('are what is left between', () => {
    assert.deepEqual(freeSpans([span('10', '12'), span('03', '05')], span('01', '20')), [
      span('01', '03'),
      span('05', '10'),
      span('12', '20'),
    ]);
  });

  it('are cut off where the others reach beyond', () => {
    assert.deepEqual(freeSpans([span('01', '05'), span('18', '25')], span('03', '20')), [span('05', '18')]);
  });

  it('are none where nothing is left', () => {
    assert.deepEqual(freeSpans([span('01', '25')], span('03', '20')), []);
  });
});
