import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseJournal, statement } from '../../src/index.js';

const journal = parseJournal(`
2024-01-10 Opening
  assets:bank  70.00
  equity

2024-03-10 Lunch
  expenses:lunch  20.00
  assets:bank
`);

/** Opening and closing balance and their difference. */
function balancesOf(account, from, to) {
  const { opening, closing, change } = statement(journal, account, { from, to });
  return [opening, closing, change];
}

describe('quiet periods', () => {
  it('begin and end with what was there', () => {
    assert.deepEqual(balancesOf('assets:bank', '2024-02-01', '2024-02-29'), [7000, 7000, 0]);
    assert.deepEqual(balancesOf('assets', '2024-04-01', '2024-04-30'), [5000, 5000, 0]);
    assert.deepEqual(balancesOf('equity', '2025-01-01', '2025-12-31'), [-7000, -7000, 0]);
  });

  it('are empty before anything happened', () => {
    assert.deepEqual(balancesOf('assets:bank', '2023-01-01', '2023-12-31'), [0, 0, 0]);
  });

  it('are not those in which movements cancel out', () => {
    const text = '2024-01-01 a\n  x  5.00\n  y\n2024-02-01 b\n  y  5.00\n  x\n';
    const year = statement(parseJournal(text), 'x', { from: '2024-01-01', to: '2024-12-31' });
    assert.deepEqual([year.lines.length, year.opening, year.closing], [2, 0, 0]);
  });
});
