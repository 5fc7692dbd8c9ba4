/** What a journal says: balances, account statements, totals per month. */

/** @typedef {import('./journal.js').Transaction} Transaction */

/**
 * The balance of every account up to and including a day. A parent account includes its children.
 * @param {Transaction[]} journal
 * @param {{ upTo?: string }} [options]
 * @returns {Map<string, number>}
 */
export function balances(journal, { upTo } = {}) {
  const result = new Map();
  for (const { date, postings } of journal) {
    if (upTo !== undefined && date > upTo) break;
    for (const { account, amount } of postings) {
      for (const name of withParents(account)) result.set(name, (result.get(name) ?? 0) + amount);
    }
  }
  return result;
}

/**
 * The movements of one account, children included, with a running balance.
 * @param {Transaction[]} journal
 * @param {string} account
 * @param {{ from: string, to: string }} period both days belong to it
 */
export function statement(journal, account, { from, to }) {
  const lines = [];
  let opening = 0;
  let running = 0;
  for (const { date, description, amount } of movements(journal, account)) {
    if (date > to) break;
    running += amount;
    if (date < from) {
      opening = running;
    } else {
      lines.push({ date, description, amount, balance: running });
    }
  }
  const closing = lines[lines.length - 1].balance;
  return { account, opening, lines, closing, change: closing - opening };
}

/**
 * The sum of an account's movements per month, as "2024-01"; months without movement are left out.
 * @param {Transaction[]} journal
 * @param {string} account
 * @returns {Map<string, number>}
 */
export function monthlyTotals(journal, account) {
  const totals = new Map();
  for (const { date, amount } of movements(journal, account)) {
    const month = date.slice(0, 7);
    totals.set(month, (totals.get(month) ?? 0) + amount);
  }
  return totals;
}

function* movements(journal, account) {
  for (const { date, description, postings } of journal) {
    for (const posting of postings) {
      if (withParents(posting.account).includes(account)) yield { date, description, amount: posting.amount };
    }
  }
}

/** "a:b:c" is itself, "a:b" and "a". */
function withParents(account) {
  const parts = account.split(':');
  return parts.map((_, index) => parts.slice(0, index + 1).join(':'));
}
