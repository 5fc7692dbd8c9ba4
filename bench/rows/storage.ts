/** A long mission whose steps each leave 2 KiB that cannot be compressed: what stays on disk, and whether late steps cost more than early ones. */
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { InlineBlob } from "../../src/ports/log.ts";
import { openEngine, startRunner } from "../fixtures/engine.ts";
import { Pace } from "../fixtures/pace.ts";
import { rounds, type RoundLimits } from "../fixtures/rounds.ts";
import { createStepwiseMission, scriptedSteps } from "../fixtures/stepwise.ts";
import { withFolder } from "../fixtures/temporary.ts";
import type { Figure, Row } from "../row.ts";
import { median, medianFigure } from "../statistics.ts";

const steps = 1_000;
const outputBytes = 2_048;
const roundLimits: RoundLimits = { least: 4, most: 12, withinMs: 20_000 };
/** Steps around the 50th, and the last ones. */
const windows = { early: [25, 75], late: [steps - 50, steps] } as const;
const limitBytes = 3_000_000;

function output(): InlineBlob {
  const bytes = randomBytes(outputBytes);
  return { ref: { sha256: createHash("sha256").update(bytes).digest("hex"), sizeBytes: outputBytes }, bytes };
}

/** Everything in the folder. */
function bytesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

interface Walk {
  keptBytes: number;
  /** Milliseconds each step took, from its beginning to the next one's. */
  stepMs: number[];
}

/** One mission in a store of its own; closing the store brings the write-ahead log into the database. */
async function walk(directory: string): Promise<Walk> {
  const outputs = Array.from({ length: steps + 1 }, output);
  const pace = new Pace();
  const steppers = scriptedSteps({ pace: pace.pace, output: (number) => outputs[number - 1] ?? output() });
  const engine = await openEngine(directory, steppers);
  await createStepwiseMission(engine.ports);
  const running = startRunner(engine.ports);
  await Promise.race([pace.take(steps), running.ended]);
  await running.stop();
  await engine.close();
  const stepMs = pace.beganMs.slice(1).map((at, index) => at - (pace.beganMs[index] ?? NaN));
  return { keptBytes: bytesIn(directory), stepMs };
}

const typical = (stepMs: readonly number[], [from, to]: readonly [number, number]): number =>
  median(stepMs.slice(from, to));

async function measureIn(folder: string): Promise<Figure[]> {
  // The first is slow at step 50 because the engine's code is not compiled yet.
  const walks: Walk[] = [];
  await walk(join(folder, "warm-up"));
  for (const round of rounds(roundLimits)) walks.push(await walk(join(folder, String(round))));
  const megabytes = walks.map(({ keptBytes }) => keptBytes / 1e6);
  const early = walks.map(({ stepMs }) => typical(stepMs, windows.early));
  const late = walks.map(({ stepMs }) => typical(stepMs, windows.late));
  return [
    medianFigure(`kept on disk after ${steps} steps`, megabytes, "MB", {
      limit: { at: "most", value: limitBytes / 1e6 },
      note: `everything in the state folder; the outputs alone are ${((steps * outputBytes) / 1e6).toFixed(2)} MB`,
    }),
    medianFigure("a step around step 50", early, "ms"),
    medianFigure(`one of the last 50 up to step ${steps}`, late, "ms"),
    medianFigure(
      `step ${steps} : step 50`,
      late.map((ms, index) => ms / (early[index] ?? NaN)),
      "×",
      { limit: { at: "most", value: 1.2 } },
    ),
  ];
}

export const storage: Row = {
  name: "storage",
  title: `${steps} steps × 2 KiB that cannot be compressed`,
  measure: () => withFolder(measureIn),
};
