import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allocate, formatAmount, parseAmount } from '../src/index.js';

describe('amounts', () => {
  it('reads whole and fractional amounts', () => {
    assert.equal(parseAmount('12'), 1200);
    assert.equal(parseAmount('12.5'), 1250);
    assert.equal(parseAmount(' 0.05 '), 5);
  });

  it('reads thousands separators', () => {
    assert.equal(parseAmount('1,234,567.89'), 123456789);
  });

  it('reads negative amounts with a sign or in parentheses', () => {
    assert.equal(parseAmount('-3.20'), -320);
    assert.equal(parseAmount('(3.20)'), -320);
  });

  it('knows no negative zero', () => {
    assert.equal(parseAmount('-0.00'), 0);
  });

  it('refuses what is not an amount', () => {
    for (const text of ['', 'abc', '1,23', '1.234', '--1', '(1']) {
      assert.throws(() => parseAmount(text), RangeError, text);
    }
  });

  it('writes two decimals and separators', () => {
    assert.equal(formatAmount(0), '0.00');
    assert.equal(formatAmount(5), '0.05');
    assert.equal(formatAmount(100000), '1,000.00');
    assert.equal(formatAmount(-123456789), '-1,234,567.89');
  });
});

describe('allocation', () => {
  it('splits evenly where it can', () => {
    assert.deepEqual(allocate(900, [1, 1, 1]), [300, 300, 300]);
  });

  it('loses no cent', () => {
    assert.deepEqual(allocate(1000, [1, 1, 1]), [334, 333, 333]);
    assert.deepEqual(allocate(-1000, [1, 1, 1]), [-333, -333, -334]);
  });

  it('gives spare cents to the largest remainders', () => {
    assert.deepEqual(allocate(100, [5, 3, 1]), [56, 33, 11]);
    assert.deepEqual(allocate(101, [1, 2, 4]), [14, 29, 58]);
  });

  it('gives nothing to a weight of zero', () => {
    assert.deepEqual(allocate(101, [0, 1]), [0, 101]);
  });

  it('refuses weights that cannot share anything', () => {
    assert.throws(() => allocate(100, []), RangeError);
    assert.throws(() => allocate(100, [2, -1]), RangeError);
  });
});
