/**
 * Power loss: `npm run test:power -- [--states N] [--seed S]`. A real store and real workspaces are recorded at
 * work; then the power is cut at thousands of instants, what was not synced is dropped, reordered and torn, and
 * Houston is opened on what is left. Controls show that the same harness finds loss where syncs are left out.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Ignored, Model } from "./disk.ts";
import { explore, type Outcome } from "./explore.ts";
import type { Recording } from "./operations.ts";
import { planStates } from "./plan.ts";
import { makeRecording, readRecording } from "./recording.ts";
import { checkStrace } from "./strace.ts";

const usage = `node test/power/run.ts [options]
  --states N       crash states (default 2400)
  --seed S         what chance starts from (default: of this instant)
  --model M        strict, ordered or both (default both; ordered gets a quarter more states)
  --recording DIR  states of this recording instead of a new one, without controls
  --only N         one state of it, in full`;

interface Options {
  states: number;
  seed: string;
  models: Model[];
  recording: string | undefined;
  only: number | undefined;
}

function options(): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { states: text, seed: text, model: text, recording: text, only: text },
  });
  const { states = "2400", seed = String(Date.now()), model = "both", recording, only } = values;
  const count = Number(states);
  const models: Model[] = model === "strict" || model === "ordered" ? [model] : ["strict", "ordered"];
  if (!Number.isSafeInteger(count) || count < 1 || !["strict", "ordered", "both"].includes(model))
    throw new Error(usage);
  return { states: count, seed, models, recording, only: only === undefined ? undefined : Number(only) };
}

const started = performance.now();
const say = (text: string): void =>
  console.log(`${((performance.now() - started) / 1_000).toFixed(1).padStart(6)} s  ${text}`);

interface Asked {
  folder: string;
  recording: Recording;
  model: Model;
  ignored: Ignored;
  count: number;
  options: Options;
}

async function look({
  folder,
  recording,
  model,
  ignored,
  count,
  options: { seed, only },
}: Asked): Promise<Outcome> {
  const states = planStates(recording, count, seed).filter(
    ({ state }) => only === undefined || state === only,
  );
  return await explore({ recording: folder, model, ignored, seed, states });
}

function describe(recording: Recording): string {
  const { operations, before, bytes } = recording;
  const counts = { write: 0, sync: 0, line: 0 };
  for (const { kind } of operations.slice(before))
    if (kind === "write" || kind === "sync" || kind === "line") counts[kind] += 1;
  return `${operations.length - before} operations: ${counts.write} writes, ${counts.sync} syncs, ${(bytes.length / 1e6).toFixed(1)} MB`;
}

/** The number of states that broke a promise. */
async function main(asked: Options, folder: string, recording: Recording): Promise<number> {
  let violated = 0;
  for (const model of asked.models) {
    const count = model === "ordered" && asked.models.length > 1 ? Math.ceil(asked.states / 4) : asked.states;
    const outcome = await look({ folder, recording, model, ignored: "nothing", count, options: asked });
    const covered = Math.max(...outcome.found.map(({ acknowledgements }) => acknowledgements));
    say(
      `${model}: ${outcome.found.length} states (${outcome.deep} went on working), ${outcome.violated} violations, ${covered} acknowledgements covered`,
    );
    for (const [what, { states, first, detail }] of outcome.violations) {
      console.log(
        `         ${states} × ${what}; first in state ${first.state}, before operation ${first.point}, kept: contents ${first.survival.contents}, names ${first.survival.names}`,
      );
      console.log(`           ${detail.split("\n").slice(0, 3).join(" ").slice(0, 600)}`);
    }
    violated += outcome.violated;
  }
  return violated;
}

/** Whether leaving out syncs was noticed. */
async function control(name: string, asked: Asked): Promise<boolean> {
  const { found, violated, violations } = await look(asked);
  say(
    `control, ${name}: ${violated} of ${found.length} states lose something (${[...violations.keys()].join("; ") || "nothing"})`,
  );
  return violated > 0;
}

async function controls(asked: Options, folder: string, recording: Recording): Promise<boolean> {
  const unsafeFolder = join(folder, "unsafe");
  const unsafe = await makeRecording({ folder: unsafeFolder, rounds: 15, parts: "store", isUnsafe: true });
  const base = { folder, recording, model: "ordered", count: 200, options: asked } as const;
  const seen = [
    await control("synchronous=OFF", {
      ...base,
      folder: unsafeFolder,
      recording: unsafe,
      ignored: "nothing",
    }),
    await control("git's syncs left out", { ...base, ignored: "git" }),
    await control("syncs of folders left out", { ...base, model: "strict", ignored: "folders" }),
  ];
  return seen.every(Boolean);
}

async function run(): Promise<boolean> {
  const asked = options();
  if (asked.recording !== undefined)
    return (await main(asked, asked.recording, readRecording(asked.recording))) === 0;
  const strace = checkStrace();
  const memory = "/dev/shm";
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "houston-power-"));
  const recordingFolder = join(folder, "recording");
  const recording = await makeRecording({
    folder: recordingFolder,
    rounds: 56,
    parts: "git",
    isUnsafe: false,
  });
  say(`recorded with ${strace}: ${describe(recording)}; seed ${asked.seed}`);
  const violated = await main(asked, recordingFolder, recording);
  const controlled = await controls(asked, recordingFolder, recording);
  if (violated > 0)
    say(
      `kept for replay: node test/power/run.ts --recording ${recordingFolder} --states ${asked.states} --seed ${asked.seed} --model <strict|ordered> --only <state>`,
    );
  else rmSync(folder, { recursive: true, force: true });
  say(violated === 0 && controlled ? "nothing acknowledged is lost, and the controls found loss" : "FAILED");
  return violated === 0 && controlled;
}

process.exitCode = (await run()) ? 0 : 1;
