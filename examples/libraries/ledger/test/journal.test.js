import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JournalError, parseJournal } from '../src/index.js';

const RENT = `2024-01-31 Rent
  expenses:rent  900.00
  assets:bank
`;

/** Asserts that reading fails at a line. */
function refuses(text, line, message) {
  assert.throws(
    () => parseJournal(text),
    (error) => error instanceof JournalError && error.line === line && message.test(error.message),
  );
}

describe('journal', () => {
  it('reads a transaction and fills in the missing amount', () => {
    const [rent] = parseJournal(RENT);
    assert.equal(rent.date, '2024-01-31');
    assert.equal(rent.description, 'Rent');
    assert.deepEqual(rent.postings, [
      { account: 'expenses:rent', amount: 90000 },
      { account: 'assets:bank', amount: -90000 },
    ]);
  });

  it('reads account names with single spaces', () => {
    const [first] = parseJournal('2024-02-01 Lunch\n  expenses:eating out  12.50\n  assets:cash\n');
    assert.equal(first.postings[0].account, 'expenses:eating out');
  });

  it('accepts a transaction without a description', () => {
    assert.equal(parseJournal('2024-02-01\n  a  1\n  b\n')[0].description, '');
  });

  it('accepts Windows line ends', () => {
    assert.equal(parseJournal(RENT.replaceAll('\n', '\r\n'))[0].postings[1].amount, -90000);
  });

  it('ignores a comment at the end of a line', () => {
    const [rent] = parseJournal(RENT.replace('Rent', 'Rent ; paid late'));
    assert.equal(rent.description, 'Rent');
  });

  it('ignores a line that is only a comment', () => {
    const journal = parseJournal(`; household, 2024\n${RENT}; end\n`);
    assert.equal(journal.length, 1);
    assert.equal(journal[0].line, 2);
  });

  it('finds no transactions in a journal of comments', () => {
    assert.deepEqual(parseJournal(';\n; nothing happened yet\n'), []);
  });

  it('finds no transactions in an empty text', () => {
    assert.deepEqual(parseJournal(''), []);
  });

  it('sorts by date and keeps the order within a day', () => {
    const text = ['2024-03-01 c', '2024-01-01 a', '2024-03-01 d', '2024-02-01 b']
      .map((header) => `${header}\n  x  1\n  y\n`)
      .join('\n');
    assert.deepEqual(
      parseJournal(text).map((transaction) => transaction.description),
      ['a', 'b', 'c', 'd'],
    );
  });

  it('refuses a transaction that is out of balance', () => {
    refuses('\n2024-01-01 Typo\n  a  1.00\n  b  -1.01\n', 2, /out of balance by -1/);
  });

  it('refuses two missing amounts', () => {
    refuses('2024-01-01\n  a\n  b\n', 1, /only one amount/);
  });

  it('refuses a posting outside of a transaction', () => {
    refuses(`${RENT}\n  lost  1.00\n`, 5, /outside/);
  });

  it('refuses a day that does not exist', () => {
    refuses('2023-02-29 Leap\n', 1, /no such day/);
  });

  it('names the line of a bad amount', () => {
    refuses('2024-01-01\n  a  one\n  b\n', 2, /not an amount: "one"/);
  });
});
