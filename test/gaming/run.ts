/**
 * `npm run test:gaming`: ways to fake success that must be refused with the right verdict, and honest changes that
 * look suspicious and must be accepted, each a real repository and a real mission. Prints a row for each as it ends, and
 * ends with 1 unless there are no false accepts, no wrong verdicts and no false rejects beyond the known ones.
 * `--only TEXT` (of their ids, as often as wanted) `--jobs N --verbose`.
 */
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openHouston } from "../../src/app/houston.ts";
import type { Case } from "./case.ts";
import { allCases } from "./cases.ts";
import { judged, printRow, printTotals, type Result } from "./result.ts";
import { attempt, type World } from "./trial.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    jobs: { type: "string", default: String(availableParallelism() + 1) },
    verbose: { type: "boolean", default: false },
  },
});

async function runAll(world: World, cases: readonly Case[], atOnce: number): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = cases.values();
  const worker = async (): Promise<void> => {
    for (const one of waiting) {
      const result = await attempt(world, one).then(
        (outcome) => judged(one, outcome),
        (error: unknown) => ({ one, faults: [`broken: ${String(error)}`], got: "" }),
      );
      results.push(result);
      printRow(result, values.verbose);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

async function main(): Promise<boolean> {
  const cases = allCases.filter(
    ({ id }) => values.only.length === 0 || values.only.some((text) => id.includes(text)),
  );
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "houston-gaming-")));
  chmodSync(folder, 0o755);
  const houston = await openHouston({ stateDirectory: join(folder, "state") });
  const startedMs = performance.now();
  try {
    const results = await runAll({ houston, folder }, cases, Number(values.jobs));
    return printTotals(results, (performance.now() - startedMs) / 1000);
  } finally {
    await houston.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = (await main()) ? 0 : 1;
