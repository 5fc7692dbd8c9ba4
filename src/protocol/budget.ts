/**
 * What spending is measured in, and limits on it (SW9). Amounts are whole, non-negative numbers;
 * a dimension that a limit does not name is unlimited.
 */

/** An amount in every dimension. */
export interface Amounts {
  calls: number;
  tokens: number;
  /** Time that calls ran, added up. */
  timeMs: number;
  /** Millionths of a US dollar. */
  costMicroUsd: number;
}

export type Dimension = keyof Amounts;

export const dimensions: readonly Dimension[] = ["calls", "tokens", "timeMs", "costMicroUsd"];

/** Upper bounds; a missing dimension is unlimited. */
export type Limits = Partial<Amounts>;

export const noAmounts: Readonly<Amounts> = { calls: 0, tokens: 0, timeMs: 0, costMicroUsd: 0 };

/** What a performer says a call used. Figures are claims: they are clamped, never trusted. */
export type Usage = Partial<Amounts>;
