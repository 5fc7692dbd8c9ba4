/** Reads a plain-text journal into balanced transactions. */

import { parseAmount } from './money.js';

/**
 * @typedef {{ account: string, amount: number }} Posting
 * @typedef {{ date: string, description: string, postings: Posting[], line: number }} Transaction
 */

/** A journal that cannot be read; `line` counts from one. */
export class JournalError extends Error {
  constructor(message, line) {
    super(`line ${line}: ${message}`);
    this.name = 'JournalError';
    this.line = line;
  }
}

const HEADER = /^(\d{4}-\d{2}-\d{2})(?:\s+(.*))?$/;
const POSTING = /^(\S+(?: \S+)*?)(?:\s{2,}(\S.*))?$/;

/**
 * Parses a journal. Transactions come back in order of date; those of one day keep their order.
 * @param {string} text
 * @returns {Transaction[]}
 */
export function parseJournal(text) {
  const transactions = [];
  let open = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = withoutComment(raw).trimEnd();
    if (line === '') {
      open = null;
    } else if (/^\s/.test(line)) {
      if (open === null) throw new JournalError('a posting outside of a transaction', index + 1);
      open.drafts.push(parsePosting(line.trim(), index + 1));
    } else {
      open = { ...parseHeader(line, index + 1), drafts: [], line: index + 1 };
      transactions.push(open);
    }
  }
  return transactions.map(balanced).sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}

function withoutComment(line) {
  const start = line.indexOf(';');
  return start > 0 ? line.slice(0, start) : line;
}

function parseHeader(line, number) {
  const match = HEADER.exec(line);
  if (match === null) throw new JournalError(`expected a date, found "${line}"`, number);
  const [, date, description = ''] = match;
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) {
    throw new JournalError(`no such day: ${date}`, number);
  }
  return { date, description };
}

function parsePosting(line, number) {
  const [, account, amount] = POSTING.exec(line);
  if (amount === undefined) return { account, amount: null };
  try {
    return { account, amount: parseAmount(amount) };
  } catch (error) {
    throw new JournalError(error.message, number);
  }
}

/** Fills in the one amount that was left out, and refuses a transaction that does not add up to zero. */
function balanced({ date, description, drafts, line }) {
  const open = drafts.filter((draft) => draft.amount === null);
  if (open.length > 1) throw new JournalError('only one amount may be left out', line);
  const sum = drafts.reduce((total, draft) => total + (draft.amount ?? 0), 0);
  if (open.length === 0 && sum !== 0) throw new JournalError(`out of balance by ${sum}`, line);
  const postings = drafts.map(({ account, amount }) => ({ account, amount: amount ?? 0 - sum }));
  return { date, description, postings, line };
}
