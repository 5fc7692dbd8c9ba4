/**
 * `npm run bench`: what Houston is fast at and what not, each row against a limit or against a peer in the
 * same run. `--only ROW` measures one row (again for more), `--json FILE` also writes what was measured.
 * Exits 0 unless a row crashes: a figure that falls short is marked, and is a reason to look, not to fail.
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { verdictOf, type Row } from "./row.ts";
import { durableSteps } from "./rows/durableSteps.ts";
import { foldRate } from "./rows/foldRate.ts";
import { parked } from "./rows/parked.ts";
import { recovery } from "./rows/recovery.ts";
import { sealedEnvironment } from "./rows/sealedEnvironment.ts";
import { snapshots } from "./rows/snapshots.ts";
import { storage } from "./rows/storage.ts";
import { syncsPerStep } from "./rows/syncsPerStep.ts";
import { verification } from "./rows/verification.ts";
import { header, rowLines, type Measured } from "./table.ts";

const rows: readonly Row[] = [
  durableSteps,
  syncsPerStep,
  foldRate,
  recovery,
  storage,
  parked,
  snapshots,
  sealedEnvironment,
  verification,
];

async function measured(row: Row): Promise<Measured> {
  const start = performance.now();
  try {
    const figures = await row.measure();
    return { row, figures, tookMs: performance.now() - start };
  } catch (error) {
    const crash = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { row, figures: [], tookMs: performance.now() - start, crash };
  }
}

function machine(): string {
  const load = loadavg()
    .map((one) => one.toFixed(2))
    .join(" ");
  return `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, load ${load}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: "string", multiple: true }, json: { type: "string" } },
  });
  const { only } = values;
  const unknown = only?.find((name) => !rows.some((row) => row.name === name));
  if (unknown !== undefined)
    throw new Error(`there is no row ${unknown}: ${rows.map(({ name }) => name).join(", ")}`);
  const results: Measured[] = [];
  console.log(`${machine()}\n\n${header}`);
  for (const row of rows) {
    if (only !== undefined && !only.includes(row.name)) continue;
    const result = await measured(row);
    results.push(result);
    console.log(`\n${rowLines(result).join("\n")}`);
  }
  const verdicts = results.flatMap(({ figures }) => figures.map(verdictOf));
  const count = (wanted: string): number => verdicts.filter((verdict) => verdict === wanted).length;
  console.log(
    `\n${count("ok")} ok, ${count("short")} short, ${count("skipped")} skipped; load at the end ${loadavg()[0]?.toFixed(2)}`,
  );
  if (values.json !== undefined) {
    const figures = results.map((result) => ({
      ...result,
      row: result.row.name,
      figures: result.figures.map((figure) => ({ ...figure, verdict: verdictOf(figure) })),
    }));
    writeFileSync(values.json, `${JSON.stringify({ machine: machine(), rows: figures }, undefined, 2)}\n`);
  }
  process.exitCode = results.some(({ crash }) => crash !== undefined) ? 1 : 0;
}

await main();
