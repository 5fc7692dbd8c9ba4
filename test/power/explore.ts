/** Has the crash states of a recording checked by several processes at once, and counts what they find. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Ignored, Model } from "./disk.ts";
import type { Found, Share, State } from "./plan.ts";

const explorer = join(import.meta.dirname, "explorer/run.ts");

export interface Exploration {
  /** Also where the explorers work. */
  recording: string;
  model: Model;
  ignored: Ignored;
  seed: string;
  states: State[];
}

export interface Outcome {
  found: Found[];
  /** By kind of loss: how many states show it, and the first of them. */
  violations: Map<string, { states: number; first: Found; detail: string }>;
  violated: number;
  deep: number;
}

export async function explore(exploration: Exploration): Promise<Outcome> {
  const workers = Math.max(1, Math.min(availableParallelism(), 8));
  const shares = Array.from({ length: workers }, (_, worker) =>
    exploration.states.filter((_state, i) => i % workers === worker),
  );
  const found = (
    await Promise.all(shares.map(async (states, worker) => await run(exploration, states, worker)))
  ).flat();
  if (found.length !== exploration.states.length)
    throw new Error(`${found.length} of ${exploration.states.length} states were checked`);
  found.sort((a, b) => a.state - b.state);
  const violations: Outcome["violations"] = new Map();
  for (const one of found) {
    for (const what of new Set(one.problems.map((problem) => problem.what))) {
      const known = violations.get(what);
      if (known !== undefined) known.states += 1;
      else
        violations.set(what, {
          states: 1,
          first: one,
          detail: one.problems.find((problem) => problem.what === what)?.detail ?? "",
        });
    }
  }
  const violated = found.filter(({ problems }) => problems.length > 0).length;
  return { found, violations, violated, deep: found.filter(({ isDeep }) => isDeep).length };
}

async function run(exploration: Exploration, states: State[], worker: number): Promise<Found[]> {
  const { recording, model, ignored, seed } = exploration;
  const place = join(recording, `${model}-${ignored}-${worker}`);
  mkdirSync(place, { recursive: true });
  const share: Share = { recording, mirror: join(place, "mirror"), model, ignored, seed, states };
  writeFileSync(join(place, "share.json"), JSON.stringify(share));
  const argv = ["--disable-warning=ExperimentalWarning", explorer, join(place, "share.json")];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  const found: Found[] = [];
  for await (const line of createInterface({ input: child.stdout })) found.push(JSON.parse(line) as Found);
  const code = await ended;
  if (code !== 0) throw new Error(`an explorer ended with ${code}; its folder is ${place}`);
  return found;
}
