/**
 * Reserve before, settle after (SW9, law 5). What is spent never exceeds a limit, whatever usage
 * figures say: a call is charged at most what was reserved for it, and what it claims beyond that is
 * an overrun, which leaves less room for the next.
 */
import {
  dimensions,
  noAmounts,
  type Amounts,
  type Dimension,
  type Limits,
  type Usage,
} from "../protocol/budget.ts";
import type { Mission } from "./state.ts";

export function add(a: Amounts, b: Usage): Amounts {
  return {
    calls: a.calls + (b.calls ?? 0),
    tokens: a.tokens + (b.tokens ?? 0),
    timeMs: a.timeMs + (b.timeMs ?? 0),
    costMicroUsd: a.costMicroUsd + (b.costMicroUsd ?? 0),
  };
}

/** Without the dimensions of which there is nothing: what an event keeps. */
export function compact(amounts: Amounts): Usage {
  const usage: Usage = {};
  for (const dimension of dimensions) if (amounts[dimension] > 0) usage[dimension] = amounts[dimension];
  return usage;
}

/** What an event says of a settled call's spending. */
export function spending(amounts: { charged: Amounts; overrun: Amounts }): {
  charged: Usage;
  overrun?: Usage;
} {
  const [charged, overrun] = [compact(amounts.charged), compact(amounts.overrun)];
  return Object.keys(overrun).length === 0 ? { charged } : { charged, overrun };
}

export function subtract(a: Amounts, b: Amounts): Amounts {
  return {
    calls: Math.max(0, a.calls - b.calls),
    tokens: Math.max(0, a.tokens - b.tokens),
    timeMs: Math.max(0, a.timeMs - b.timeMs),
    costMicroUsd: Math.max(0, a.costMicroUsd - b.costMicroUsd),
  };
}

/** What is left of a dimension; `Infinity` when it is unlimited. */
export function left(mission: Mission, dimension: Dimension): number {
  const { limits, spent, reserved, overrun } = mission.ledger;
  const limit = limits[dimension];
  if (limit === undefined) return Infinity;
  return Math.max(0, limit - spent[dimension] - reserved[dimension] - overrun[dimension]);
}

export interface Shortage {
  dimension: Dimension;
  wanted: number;
  left: number;
}

/** The first dimension that has no room for the amounts. */
export function shortage(mission: Mission, wanted: Amounts): Shortage | undefined {
  for (const dimension of dimensions) {
    const room = left(mission, dimension);
    if (wanted[dimension] > room) return { dimension, wanted: wanted[dimension], left: room };
  }
  return undefined;
}

/** A call is worth starting only with this much time left. */
const minTimeMs = 1_000;

/**
 * What a call holds back: one call, what its maker allows it, and its time, cut to what is left. While
 * others hold time back, more may be left soon, and nothing is cut.
 */
export function reservation(mission: Mission, timeoutMs: number, extra: Limits): Amounts {
  const room = left(mission, "timeMs");
  const isFinal = returning(mission).timeMs === 0;
  return {
    calls: 1,
    tokens: extra.tokens ?? 0,
    timeMs: isFinal && room >= minTimeMs ? Math.min(timeoutMs, room) : timeoutMs,
    costMicroUsd: extra.costMicroUsd ?? 0,
  };
}

/** What calls under way hold back, and may not use; people take too long to be waited for. */
function returning(mission: Mission): Amounts {
  let sum = { ...noAmounts };
  for (const { call } of mission.ledger.calls.values())
    if (call.work.kind !== "human") sum = add(sum, call.reserve);
  return sum;
}

/** Whether a shortage may be over when calls that are under way have settled: then nobody is asked yet. */
export function maySolveItself(mission: Mission, { dimension, wanted, left: room }: Shortage): boolean {
  const held = returning(mission)[dimension];
  return held > 0 && room + held >= (dimension === "timeMs" ? Math.min(wanted, minTimeMs) : wanted);
}

/** What an amount may be: a whole number, not negative, exact. */
export function isAmount(figure: number): boolean {
  return Number.isSafeInteger(figure) && figure >= 0;
}

/** A usage figure as far as it can be believed. One that is no amount at all counts as all that was reserved: it may have been. */
function claimed(figure: number | undefined, reserved: number): number {
  if (figure === undefined) return 0;
  return Number.isFinite(figure) && figure >= 0
    ? Math.min(Math.ceil(figure), Number.MAX_SAFE_INTEGER)
    : reserved;
}

/** Splits what a call used into what is charged and what it overran. */
export function charge(
  reserve: Amounts,
  usage: Usage,
  ranMs: number,
): { charged: Amounts; overrun: Amounts } {
  const used: Amounts = {
    calls: reserve.calls,
    tokens: claimed(usage.tokens, reserve.tokens),
    timeMs: Math.max(0, ranMs),
    costMicroUsd: claimed(usage.costMicroUsd, reserve.costMicroUsd),
  };
  const charged = { ...noAmounts };
  const overrun = { ...noAmounts };
  for (const dimension of dimensions) {
    charged[dimension] = Math.min(used[dimension], reserve[dimension]);
    // Time beyond the deadline is ours to account for, not the performer's claim.
    overrun[dimension] = dimension === "timeMs" ? 0 : used[dimension] - charged[dimension];
  }
  return { charged, overrun };
}
