/** What a row of the benchmark is and what it measures: figures, each with its limit where it has one. */

export interface Limit {
  at: "least" | "most";
  value: number;
}

export interface Figure {
  name: string;
  /** Left out: it could not be measured here, and `note` says why. */
  value?: number;
  unit: string;
  limit?: Limit;
  /** The samples that the value is the median of. */
  samples?: number[];
  note?: string;
}

export interface Row {
  /** For `--only`. */
  name: string;
  title: string;
  measure(): Promise<Figure[]>;
}

/** `shown` has no limit; `skipped` could not be measured. */
export type Verdict = "ok" | "short" | "shown" | "skipped";

export function verdictOf({ value, limit }: Figure): Verdict {
  if (value === undefined) return "skipped";
  if (limit === undefined) return "shown";
  return (limit.at === "least" ? value >= limit.value : value <= limit.value) ? "ok" : "short";
}
