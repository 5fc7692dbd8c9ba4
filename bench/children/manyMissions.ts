/**
 * A runner with many missions at work at once: `manyMissions.ts DIRECTORY MISSIONS`. Once all of them take
 * steps, each line of standard input says for how many milliseconds to count; the answer is when that was,
 * how many steps began and how many transactions were committed.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { endianness } from "node:os";
import { createInterface } from "node:readline";
import { databaseFile } from "../../src/stores/sqlite/database.ts";
import { openEngine, startRunner } from "../fixtures/engine.ts";
import { createStepwiseMission, scriptedSteps } from "../fixtures/stepwise.ts";

export interface Counted {
  /** Milliseconds since the Unix epoch, with fractions. */
  fromMs: number;
  toMs: number;
  steps: number;
  commits: number;
}

/** Transactions since the write-ahead log began: https://sqlite.org/walformat.html#the_wal_index_header */
function transactions(file: string): number {
  const header = Buffer.alloc(12);
  const index = openSync(`${file}-shm`, "r");
  readSync(index, header, 0, header.length, 0);
  closeSync(index);
  return endianness() === "LE" ? header.readUInt32LE(8) : header.readUInt32BE(8);
}

const [, , directory = "", missions = "100"] = process.argv;
const count = Number(missions);
const nowMs = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let steps = 0;
const seen = new Set<string>();
const pace = (_number: number, { missionId }: { missionId: string }): undefined => {
  steps += 1;
  seen.add(missionId);
};

const { ports, close } = await openEngine(directory, scriptedSteps({ pace }));
// One after the other: each takes its budget from the same session.
for (let index = 0; index < count; index += 1) await createStepwiseMission(ports);
const running = startRunner(ports, { maxMissions: count });
while (seen.size < count) await Promise.race([pause(50), running.ended]);
console.log(JSON.stringify("ready"));
for await (const line of createInterface({ input: process.stdin })) {
  const before = { steps, commits: transactions(databaseFile(directory)) };
  const fromMs = nowMs();
  await Promise.race([pause(Number(line)), running.ended]);
  const counted: Counted = {
    fromMs,
    toMs: nowMs(),
    steps: steps - before.steps,
    commits: transactions(databaseFile(directory)) - before.commits,
  };
  console.log(JSON.stringify(counted));
}
await running.stop();
await close();
