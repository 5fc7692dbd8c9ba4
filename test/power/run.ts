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
  --only N         one state of it`;

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

interface Totals {
  states: number;
  violated: number;
  acknowledgements: number;
}

/** Looks at the recording as it is. */
async function main(asked: Options, folder: string, recording: Recording): Promise<Totals> {
  const totals: Totals = { states: 0, violated: 0, acknowledgements: 0 };
  for (const model of asked.models) {
    const count = model === "ordered" && asked.models.length > 1 ? Math.ceil(asked.states / 4) : asked.states;
    const outcome = await look({ folder, recording, model, ignored: "nothing", count, options: asked });
    const { found, deep, violated, violations } = outcome;
    const covered = Math.max(...found.map(({ acknowledgements }) => acknowledgements));
    const replay = `node test/power/run.ts --recording ${folder} --seed ${asked.seed} --model ${model} --states ${count}`;
    say(`${model}: ${found.length} states (${deep} went on working), ${violated} violations`);
    for (const [what, { states, first, detail }] of violations) {
      const { state, point, survival } = first;
      console.log(`          ${states} × ${what}: ${detail.split("\n").slice(0, 3).join(" ").slice(0, 400)}`);
      console.log(
        `            first before operation ${point}, kept: contents ${survival.contents}, names ${survival.names}; ${replay} --only ${state}`,
      );
    }
    totals.states += found.length;
    totals.violated += violated;
    totals.acknowledgements = Math.max(totals.acknowledgements, covered);
  }
  return totals;
}

/** Whether leaving out syncs was noticed, as the loss it must be. */
async function control(name: string, expected: string, asked: Asked): Promise<boolean> {
  const { found, violated, violations } = await look(asked);
  const seen = violations.get(expected)?.states ?? 0;
  say(`control, ${name}: ${violated} of ${found.length} states lose something, "${expected}" in ${seen}`);
  return seen > 0;
}

async function controls(asked: Options, folder: string, recording: Recording): Promise<boolean> {
  const unsafeFolder = join(folder, "unsafe");
  const unsafe = await makeRecording({ folder: unsafeFolder, rounds: 15, parts: "store", isUnsafe: true });
  const base = { folder, recording, model: "ordered", count: 200, options: asked } as const;
  const off = { ...base, folder: unsafeFolder, recording: unsafe, ignored: "nothing" } as const;
  const seen = [
    await control("synchronous=OFF", "an acknowledged append is lost", off),
    await control("git's syncs left out", "a snapshot is lost", { ...base, ignored: "git" }),
    await control("syncs of folders left out", "a blob is lost", {
      ...base,
      model: "strict",
      ignored: "folders",
    }),
  ];
  return seen.every(Boolean);
}

async function run(): Promise<boolean> {
  const asked = options();
  if (asked.recording !== undefined)
    return (await main(asked, asked.recording, readRecording(asked.recording))).violated === 0;
  const strace = checkStrace();
  const memory = "/dev/shm";
  const place = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "houston-power-"));
  const folder = join(place, "recording");
  let isKept = false;
  try {
    const recording = await makeRecording({ folder, rounds: 56, parts: "git", isUnsafe: false });
    say(`recorded with ${strace}: ${describe(recording)}; seed ${asked.seed}`);
    const { states, violated, acknowledgements } = await main(asked, folder, recording);
    isKept = violated > 0;
    const controlled = await controls(asked, folder, recording);
    say(
      `${states} states, ${violated} violations, ${acknowledgements} acknowledgements covered; the controls ${controlled ? "found" : "DID NOT FIND"} loss`,
    );
    return violated === 0 && controlled;
  } finally {
    if (isKept) console.log(`kept for replays: ${place}`);
    else rmSync(place, { recursive: true, force: true });
  }
}

process.exitCode = (await run()) ? 0 : 1;
