/** Amounts of money as integers of minor units: reading, writing, and sharing them without losing a cent. */

const AMOUNT = /^(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2}))?$/;

/**
 * Reads an amount such as "1,234.50", "-3" or "(12.00)", where parentheses mean negative.
 * @param {string} text
 * @returns {number} minor units
 */
export function parseAmount(text) {
  let digits = text.trim();
  let negative = false;
  if (digits.startsWith('(') && digits.endsWith(')')) {
    negative = true;
    digits = digits.slice(1, -1);
  } else if (digits.startsWith('-')) {
    negative = true;
    digits = digits.slice(1);
  }
  const match = AMOUNT.exec(digits);
  if (match === null) throw new RangeError(`not an amount: "${text}"`);
  const [, whole, fraction = ''] = match;
  const minor = Number(whole.replaceAll(',', '')) * 100 + Number(fraction.padEnd(2, '0'));
  return negative && minor !== 0 ? -minor : minor;
}

/**
 * Writes an amount with two decimals and thousands separators.
 * @param {number} minor
 * @returns {string}
 */
export function formatAmount(minor) {
  const digits = String(Math.abs(minor)).padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${minor < 0 ? '-' : ''}${whole}.${digits.slice(-2)}`;
}

/**
 * Splits a total in proportion to the weights. The cents that do not divide go to the largest
 * remainders, the earlier share first, so that the shares always add up to the total.
 * @param {number} total
 * @param {number[]} weights
 * @returns {number[]}
 */
export function allocate(total, weights) {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (sum <= 0 || weights.some((weight) => weight < 0)) {
    throw new RangeError('weights must not be negative, and not all zero');
  }
  const exact = weights.map((weight) => (total * weight) / sum);
  const shares = exact.map((share) => Math.floor(share));
  const missing = total - shares.reduce((a, b) => a + b, 0);
  exact
    .map((share, index) => ({ index, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
    .slice(0, missing)
    .forEach(({ index }) => {
      shares[index] += 1;
    });
  return shares;
}
