/** Writing: data to stdout, everything else to stderr, colours only where they are wanted. */
import { styleText } from "node:util";
import { safeJson } from "../app/escape.ts";

export type Style = Parameters<typeof styleText>[0];

/** Data. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Progress, warnings and hints. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(safeJson(value, 2));
}

/** One line of a stream. */
export function printJsonLine(value: unknown): void {
  print(safeJson(value));
}

/** Honours NO_COLOR, FORCE_COLOR and whether the stream is a terminal. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

/** Whether a person sits there who could answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && !isCi();
}

/** Whether a tree may be drawn again and again in one place. */
export function canRedraw(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !isCi() && process.env["TERM"] !== "dumb";
}

function isCi(): boolean {
  const value = process.env["CI"];
  return value !== undefined && value !== "" && value !== "false" && value !== "0";
}

/** Columns as wide as their widest cell; the last one is as it is. */
export function table(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, width(cell))));
  const pad = (cell: string, index: number, row: string[]): string =>
    index === row.length - 1 ? cell : cell + " ".repeat((widths[index] ?? 0) - width(cell));
  return rows.map((row) => row.map(pad).join("  ")).join("\n");
}

/** In code points: near enough to columns for what we print. */
const width = (text: string): number => Array.from(text).length;

/** How long ago, or how long: to the second below a minute, coarser above. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, "0")}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours}h${String(minutes % 60).padStart(2, "0")}m`
    : `${Math.floor(hours / 24)}d${hours % 24}h`;
}
