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

/** A store, a repository and a witness of their own, for as long as the work takes. */
async function inWorld<T>(work: (trial: Trial, witness: Witness) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "houston-crash-"));
  const stateDirectory = join(folder, "state");
  const houston = await openHouston({ stateDirectory });
  const witness = new Witness(houston);
  const socketFolder = join(folder, "witness");
  mkdirSync(socketFolder);
  try {
    const repository = createRepository(folder, socketFolder);
    await witness.listen(socketFolder);
    return await work(new Trial({ houston, witness, repository, stateDirectory }), witness);
  } finally {
    await witness.close();
    await houston.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<boolean> {
  const isWanted = ({ name }: CrashCase): boolean => values.only === undefined || name.includes(values.only);
  const killed = await inWorld(async (trial, witness) => {
    const { digest, lengthMs } = await trial.unharmed();
    console.log(`unharmed: ${lengthMs.toFixed(0)} ms, digest ${digest}`);
    const count = Number(values.random ?? (values.long ? 3_000 : 300));
    const cases = [...namedCases(), ...randomCases(count, values.seed, lengthMs)].filter(isWanted);
    const results = await runAll(cases, trial, digest, availableParallelism());
    return { results, witnessed: [witness], lengthMs };
  });
  // A frozen process may hold the database's lock: such missions get a store of their own, one at a time.
  const frozen = await inWorld(async (trial, witness) => {
    const cases = frozenCases(Number(values.frozen), killed.lengthMs).filter(isWanted);
    const results = cases.length === 0 ? [] : await runAll(cases, trial, (await trial.unharmed()).digest, 1);
    return { results, witnessed: [witness] };
  });
  return report([...killed.results, ...frozen.results], [...killed.witnessed, ...frozen.witnessed]);
}

async function runAll(
  cases: CrashCase[],
  trial: Trial,
  digest: string,
  atOnce: number,
): Promise<TrialResult[]> {
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
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

function report(results: TrialResult[], witnesses: Witness[]): boolean {
  const violations = witnesses.flatMap((witness) => witness.violations);
  const performances = witnesses.reduce((total, witness) => total + witness.performances, 0);
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
settled calls repeated       ${violations.length} (of ${performances} performances announced)
outcomes unlike unharmed     ${results.filter((result) => !result.same).length}
recovery, start to new run   p50 ${percentile(recoveries, 0.5).toFixed(0)} ms, p99 ${percentile(recoveries, 0.99).toFixed(0)} ms, max ${(recoveries.at(-1) ?? 0).toFixed(0)} ms`);
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  const isWhole = values.only !== undefined || missed.length === 0;
  return (
    isWhole &&
    violations.length === 0 &&
    results.every((result) => result.same && result.lost === 0 && result.problems.length === 0)
  );
}

process.exitCode = (await main()) ? 0 : 1;
