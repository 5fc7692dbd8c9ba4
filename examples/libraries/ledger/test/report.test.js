import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { balances, monthlyTotals, parseJournal, statement } from '../src/index.js';

const journal = parseJournal(`
2024-01-01 Opening
  assets:bank  1,200.00
  equity

2024-01-31 Rent
  expenses:rent  900.00
  assets:bank

2024-03-01 Wages
  assets:bank  2,000.00
  income:wages

2024-03-02 Cash
  assets:cash  100.00
  assets:bank

2024-03-31 Rent
  expenses:rent  900.00
  assets:bank
`);

describe('balances', () => {
  it('adds up every account', () => {
    assert.equal(balances(journal).get('assets:bank'), 130000);
    assert.equal(balances(journal).get('expenses:rent'), 180000);
  });

  it('includes children in their parents', () => {
    assert.equal(balances(journal).get('assets'), 140000);
  });

  it('stops after the given day', () => {
    assert.equal(balances(journal, { upTo: '2024-01-31' }).get('assets:bank'), 30000);
    assert.equal(balances(journal, { upTo: '2024-01-30' }).get('assets:bank'), 120000);
  });
});

describe('statement', () => {
  it('carries a running balance from the opening to the closing', () => {
    const march = statement(journal, 'assets:bank', { from: '2024-03-01', to: '2024-03-31' });
    assert.equal(march.opening, 30000);
    assert.deepEqual(
      march.lines.map((line) => line.balance),
      [230000, 220000, 130000],
    );
    assert.equal(march.closing, 130000);
    assert.equal(march.change, 100000);
  });

  it('includes the first and the last day', () => {
    const days = statement(journal, 'assets:bank', { from: '2024-01-31', to: '2024-03-01' });
    assert.deepEqual(
      days.lines.map((line) => line.date),
      ['2024-01-31', '2024-03-01'],
    );
  });

  it('includes the accounts below', () => {
    const assets = statement(journal, 'assets', { from: '2024-03-02', to: '2024-03-02' });
    assert.deepEqual(
      assets.lines.map((line) => line.amount),
      [10000, -10000],
    );
    assert.equal(assets.closing, 230000);
  });

  it('counts what came before the period in the opening balance only', () => {
    const late = statement(journal, 'assets:bank', { from: '2024-03-31', to: '2024-12-31' });
    assert.equal(late.opening, 220000);
    assert.equal(late.lines.length, 1);
  });

  it('names the account and describes its lines', () => {
    const rent = statement(journal, 'expenses:rent', { from: '2024-01-01', to: '2024-01-31' });
    assert.equal(rent.account, 'expenses:rent');
    assert.deepEqual(rent.lines, [{ date: '2024-01-31', description: 'Rent', amount: 90000, balance: 90000 }]);
  });

  it('closes a period without movements at its opening balance', () => {
    const february = statement(journal, 'assets:bank', { from: '2024-02-01', to: '2024-02-29' });
    assert.deepEqual(february.lines, []);
    assert.equal(february.closing, 30000);
    assert.equal(february.change, 0);
  });

  it('is zero for an account that was never used', () => {
    const unused = statement(journal, 'assets:shares', { from: '2024-01-01', to: '2024-12-31' });
    assert.deepEqual([unused.opening, unused.closing], [0, 0]);
  });
});

describe('monthly totals', () => {
  it('sums the movements of each month', () => {
    assert.deepEqual(
      [...monthlyTotals(journal, 'expenses')],
      [
        ['2024-01', 90000],
        ['2024-03', 90000],
      ],
    );
  });
});
