/** Durations and money as people write them: `10m`, `1h30m`, `20usd`. */
import { dimensions, type Amounts, type Dimension, type Limits } from "../protocol/budget.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Whole milliseconds, at least 1; undefined for anything that is not a duration. */
export function durationMs(text: string): number | undefined {
  const clean = text.trim().toLowerCase();
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(clean)) return undefined;
  let sum = 0;
  for (const [, amount = "", unit = ""] of clean.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    sum += Number(amount) * (unitMs[unit] ?? 0);
  const rounded = Math.round(sum);
  return rounded >= 1 && Number.isSafeInteger(rounded) ? rounded : undefined;
}

/** Millionths of a US dollar; undefined for anything that is not an amount. */
export function microUsd(text: string): number | undefined {
  const amount = /^\$?(\d+(?:\.\d{1,6})?)\s*(?:usd)?$/i.exec(text.trim());
  if (amount === null || !/usd|\$/i.test(text)) return undefined;
  const rounded = Math.round(Number(amount[1]) * 1_000_000);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}

/** The shortest way to write a duration. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${ms}ms`;
  const units: [string, number][] = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
  ];
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`);
  }
  return parts.join("");
}

/** An amount of money as it is written in a mission file. */
export function moneyText(costMicroUsd: number): string {
  return `${String(Number((costMicroUsd / 1_000_000).toFixed(6)))}usd`;
}

const amountText: Readonly<Record<Dimension, (amount: number) => string>> = {
  calls: (amount) => `${amount} calls`,
  tokens: (amount) => `${amount} tokens`,
  timeMs: (amount) => (amount === 0 ? "0s" : durationText(amount)),
  costMicroUsd: (amount) => moneyText(amount),
};

/** What was spent, against its limit where there is one. */
export function spending(spent: Amounts, limits: Limits): string {
  return (
    dimensions
      .filter((dimension) => spent[dimension] > 0 || limits[dimension] !== undefined)
      .map((dimension) => {
        const limit = limits[dimension];
        const text = amountText[dimension](spent[dimension]);
        return limit === undefined ? text : `${text} of ${amountText[dimension](limit)}`;
      })
      .join(", ") || "nothing"
  );
}
