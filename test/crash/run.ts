/**
 * `npm run test:crash`: a real mission, its runner killed with SIGKILL at every named crash point and at
 * random instants, during recovery too; and runners frozen past their lease and woken again.
 * `--random N --frozen N --seed S --only TEXT`; `--long` for 3,000 instants.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openHouston } from "../../src/app/houston.ts";
import { crashPoints } from "../../src/ports/faults.ts";
import { frozenCases, namedCases, randomCases, storePoints, type CrashCase } from "./cases.ts";
import { createRepository } from "./repository.ts";
import { Trial, type TrialResult } from "./trial.ts";
import { Witness } from "./witness.ts";

const { values } = parseArgs({
  options: {
    random: { type: "string" },
    frozen: { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    long: { type: "boolean", default: false },
  },
});

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

async function main(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "houston-crash-"));
  const stateDirectory = join(folder, "state");
  const houston = await openHouston({ stateDirectory });
  const witness = new Witness(houston);
  const socketFolder = join(folder, "witness");
  mkdirSync(socketFolder);
  try {
    const repository = createRepository(folder, socketFolder);
    await witness.listen(socketFolder);
    const trial = new Trial({ houston, witness, repository, stateDirectory });
    const unharmed = await trial.unharmed();
    console.log(`unharmed: ${unharmed.lengthMs.toFixed(0)} ms, digest ${unharmed.digest}`);
    const count = Number(values.random ?? (values.long ? 3_000 : 300));
    const cases = [
      ...namedCases(),
      ...randomCases(count, values.seed, unharmed.lengthMs),
      ...frozenCases(Number(values.frozen), unharmed.lengthMs),
    ].filter(({ name }) => values.only === undefined || name.includes(values.only));
    const results = await runAll(cases, trial, unharmed.digest);
    return report(results, witness);
  } finally {
    await witness.close();
    await houston.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As many at a time as there are processors; they share one store. */
async function runAll(cases: CrashCase[], trial: Trial, digest: string): Promise<TrialResult[]> {
  const results: TrialResult[] = [];
  const waiting = cases.values();
  const worker = async (): Promise<void> => {
    for (const one of waiting) {
      const result = await trial.run(one, digest);
      results.push(result);
      for (const problem of result.problems) console.log(`${one.name} (${one.sandbox}): ${problem}`);
      if (results.length % 50 === 0) console.log(`${results.length} of ${cases.length}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

function report(results: TrialResult[], witness: Witness): boolean {
  const covered = new Set(results.flatMap((result) => result.covered));
  const points = [...crashPoints, ...storePoints];
  const missed = points.filter((point) => !covered.has(point));
  const recoveries = results.flatMap((result) => result.recoveriesMs).sort((a, b) => a - b);
  const sum = (pick: (result: TrialResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  console.log(`
missions                     ${results.length}
kills                        ${sum((result) => result.kills)}
frozen and woken             ${sum((result) => result.frozen)}
crash points covered         ${points.length - missed.length} / ${points.length}${missed.length > 0 ? `, not ${missed.join(", ")}` : ""}
acknowledged events lost     ${sum((result) => result.lost)}
settled calls repeated       ${witness.violations.length} (of ${witness.performances} performances announced)
outcomes unlike unharmed     ${results.filter((result) => !result.same).length}
recovery, start to new run   p50 ${percentile(recoveries, 0.5).toFixed(0)} ms, p99 ${percentile(recoveries, 0.99).toFixed(0)} ms, max ${(recoveries.at(-1) ?? 0).toFixed(0)} ms`);
  for (const violation of witness.violations.slice(0, 20)) console.log(`  ${violation}`);
  const isWhole = values.only !== undefined || missed.length === 0;
  return (
    isWhole &&
    witness.violations.length === 0 &&
    results.every((result) => result.same && result.lost === 0 && result.problems.length === 0)
  );
}

process.exitCode = (await main()) ? 0 : 1;
