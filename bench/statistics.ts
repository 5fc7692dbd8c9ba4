/** Medians and quantiles: other work on the machine makes outliers, never speed. */
import type { Figure, Limit } from "./row.ts";

export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** A figure that is the median of its samples. */
export function medianFigure(
  name: string,
  samples: number[],
  unit: string,
  more: { limit?: Limit; note?: string } = {},
): Figure {
  return { name, value: median(samples), unit, samples, ...more };
}
