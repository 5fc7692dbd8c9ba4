/** The table people read: every figure with its limit, its verdict, and how far its samples lie apart. */
import { verdictOf, type Figure, type Row } from "./row.ts";
import { quantile } from "./statistics.ts";

export interface Measured {
  row: Pick<Row, "name" | "title">;
  figures: Figure[];
  tookMs: number;
  /** What the row died of. */
  crash?: string;
}

const columns = [58, 14, 14, 8, 22] as const;

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) =>
      index === 0 || index > 3 ? cell.padEnd(columns[index] ?? 0) : cell.padStart(columns[index] ?? 0),
    )
    .join("  ")
    .trimEnd();
}

function number(value: number): string {
  const digits = Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 10 ? 2 : 3;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function figureLines(figure: Figure): string[] {
  const { name, value, unit, limit, samples, note } = figure;
  const shown = value === undefined ? "-" : `${number(value)} ${unit}`;
  const bound =
    limit === undefined ? "" : `${limit.at === "least" ? "≥" : "≤"} ${number(limit.value)} ${unit}`;
  const verdict = verdictOf(figure);
  const spread =
    samples === undefined || samples.length < 2
      ? ""
      : `${number(quantile(samples, 0.1))} … ${number(quantile(samples, 0.9))} (n=${samples.length})`;
  const lines = [
    line([
      `  ${name}`,
      shown,
      bound,
      verdict === "short" ? "✗ short" : verdict === "shown" ? "" : verdict,
      spread,
    ]),
  ];
  return note === undefined ? lines : [...lines, `      ${note}`];
}

export const header: string = line(["", "measured", "limit", "verdict", "10 % … 90 % of samples"]);

export function rowLines({ row, figures, tookMs, crash }: Measured): string[] {
  const title = `${row.title}  [${row.name}, ${(tookMs / 1000).toFixed(1)} s]`;
  return [title, ...figures.flatMap(figureLines), ...(crash === undefined ? [] : [`  crashed: ${crash}`])];
}
