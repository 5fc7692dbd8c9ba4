/** A runner is killed in the middle of a call: how long until a fresh process, started at once, begins the mission's next call. */
import { spawnSync } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Begun } from "../children/oneMission.ts";
import { buildChildren } from "../fixtures/built.ts";
import { startChild, type Child } from "../fixtures/child.ts";
import { growMission } from "../fixtures/grown.ts";
import { rounds, type RoundLimits } from "../fixtures/rounds.ts";
import { withFolder } from "../fixtures/temporary.ts";
import type { Figure, Limit, Row } from "../row.ts";
import { medianFigure } from "../statistics.ts";

const smallEvents = 60;
const largeEvents = 100_000;
const roundLimits: RoundLimits = { least: 5, most: 15, withinMs: 25_000 };

/** A mission whose runner hangs in a call. */
interface Site {
  directory: string;
  missionId: string;
  script: string;
  runner: Child;
}

async function begin(script: string, directory: string, events: number): Promise<Site> {
  const missionId = await growMission(directory, events);
  const runner = startChild([process.execPath, script, directory, missionId]);
  await runner.next();
  return { directory, missionId, script, runner };
}

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Kills the runner, starts another; milliseconds from the kill to the beginning of its call. */
async function takeOver(site: Site): Promise<number> {
  const killedAt = nowMs();
  await site.runner.kill();
  site.runner = startChild([process.execPath, site.script, site.directory, site.missionId]);
  const { atNs } = await site.runner.next<Begun>();
  return Number(BigInt(atNs)) / 1e6 - killedAt;
}

/** What Node needs for nothing at all, from start to end. */
function nodeStartMs(): number {
  const start = nowMs();
  spawnSync(process.execPath, ["-e", "0"]);
  return nowMs() - start;
}

/** Caches are only ever a help: without them the whole log is folded. */
async function withoutCaches<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const caches = join(directory, "caches");
  renameSync(caches, `${caches}.aside`);
  const result = await work();
  rmSync(caches, { recursive: true, force: true });
  renameSync(`${caches}.aside`, caches);
  return result;
}

interface Samples {
  node: number[];
  beyondNode: number[];
  large: number[];
  largeUncached: number[];
}

async function sample(small: Site, large: Site): Promise<Samples> {
  const samples: Samples = { node: [], beyondNode: [], large: [], largeUncached: [] };
  for (const _round of rounds(roundLimits)) {
    const node = nodeStartMs();
    samples.node.push(node);
    samples.beyondNode.push((await takeOver(small)) - node);
    samples.large.push(await takeOver(large));
    samples.largeUncached.push(await withoutCaches(large.directory, () => takeOver(large)));
  }
  return samples;
}

async function measureIn(folder: string): Promise<Figure[]> {
  const script = buildChildren(join(folder, "built"))("oneMission");
  const small = await begin(script, join(folder, "small"), smallEvents);
  const large = await begin(script, join(folder, "large"), largeEvents);
  try {
    const { node, beyondNode, large: cached, largeUncached } = await sample(small, large);
    const second: Limit = { at: "most", value: 1_000 };
    const events = largeEvents.toLocaleString("en-US");
    return [
      medianFigure("`node -e 0`", node, "ms"),
      medianFigure("small mission, beyond Node's own start", beyondNode, "ms", {
        limit: { at: "most", value: 150 },
      }),
      medianFigure(`${events} events, with a state cache`, cached, "ms", { limit: second }),
      medianFigure(`${events} events, caches lost`, largeUncached, "ms", { limit: second }),
    ];
  } finally {
    await small.runner.kill();
    await large.runner.kill();
  }
}

export const recovery: Row = {
  name: "recovery",
  title: "SIGKILL in a call → the next call begins, in a new process of the built package",
  measure: () => withFolder(measureIn),
};
