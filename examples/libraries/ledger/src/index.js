export { allocate, formatAmount, parseAmount } from './money.js';
export { JournalError, parseJournal } from './journal.js';
export { balances, monthlyTotals, statement } from './report.js';
