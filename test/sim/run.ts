/**
 * `npm run test:sim`: thousands of seeded missions in virtual time, with everything going wrong that
 * can, and the laws checked on each. `--missions N --from SEED`, or `--seed X` to replay one aloud.
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { recoveryActions } from "../../src/protocol/call.ts";
import { missionEventTypes } from "../../src/protocol/events.ts";
import { merge, newTally, simulate, type Tally } from "./tally.ts";

/** Each event type and each row of the recovery table must be seen at least this often in a full run. */
const minCoverage = 100;
const minMedianEvents = 200;

const { values } = parseArgs({
  options: {
    missions: { type: "string", default: "5000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    worker: { type: "boolean", default: false },
  },
});

function runInProcesses(from: number, missions: number): Promise<Tally> {
  const processes = Math.max(1, Math.min(availableParallelism(), missions));
  const share = Math.ceil(missions / processes);
  const workers = Array.from({ length: processes }, (_, index) => {
    const first = from + index * share;
    const count = Math.min(share, from + missions - first);
    return runWorker(["--worker", "--from", String(first), "--missions", String(count)]);
  });
  return Promise.all(workers).then((tallies) => tallies.reduce(merge, newTally()));
}

function runWorker(args: string[]): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    let tally: Tally | undefined;
    child.on("message", (message) => {
      tally = message as Tally;
    });
    child.on("error", reject);
    child.on("exit", (code) =>
      tally === undefined ? reject(new Error(`a simulator ended with code ${code}`)) : resolve(tally),
    );
  });
}

function table(title: string, counts: Record<string, number>, names: readonly string[]): boolean {
  console.log(`\n${title}`);
  let covered = true;
  for (const name of names) {
    const count = counts[name] ?? 0;
    covered &&= count >= minCoverage;
    console.log(
      `  ${name.padEnd(24)} ${String(count).padStart(9)}${count < minCoverage ? `   below ${minCoverage}` : ""}`,
    );
  }
  return covered;
}

function report(tally: Tally, seconds: number, isFull: boolean): boolean {
  const eventsCovered = table("events", tally.events, missionEventTypes);
  const recoveriesCovered = table(
    "recovery table (calls found wanted and unsettled)",
    tally.recoveries,
    recoveryActions,
  );
  table("outcomes", tally.outcomes, Object.keys(tally.outcomes));
  const lengths = tally.lengths.sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  const events = lengths.reduce((sum, length) => sum + length, 0);
  console.log(
    `\n${lengths.length} missions, ${events} events (median ${median}, longest ${lengths.at(-1) ?? 0}), ` +
      `${tally.kills} kills, ${tally.freezes} freezes, ${tally.jumps} clock jumps, ${tally.repeated} repeated commands, ${seconds.toFixed(0)} s`,
  );
  for (const { seed, violations } of tally.failures.slice(0, 20)) {
    console.log(
      `\nseed ${seed} broke:\n  ${violations.slice(0, 5).join("\n  ")}\n  replay: npm run test:sim -- --seed ${seed}`,
    );
  }
  console.log(`\nlaws 1, 2, 4, 5, 6, 7, 8: ${tally.failures.length} missions broke one`);
  if (isFull && median < minMedianEvents)
    console.log(`the median of ${median} events is below ${minMedianEvents}`);
  return (
    tally.failures.length === 0 &&
    (!isFull || (eventsCovered && recoveriesCovered && median >= minMedianEvents))
  );
}

if (values.seed !== undefined) {
  const tally = await simulate(values.seed, (line) => console.log(line));
  process.exitCode = report(tally, 0, false) ? 0 : 1;
} else if (values.worker) {
  let tally = newTally();
  for (let seed = Number(values.from); seed < Number(values.from) + Number(values.missions); seed += 1)
    tally = merge(tally, await simulate(String(seed)));
  process.send?.(tally);
} else {
  const missions = Number(values.missions);
  const startedAt = Date.now();
  const tally = await runInProcesses(Number(values.from), missions);
  process.exitCode = report(tally, (Date.now() - startedAt) / 1000, missions >= 5_000) ? 0 : 1;
}
