/** A hundred missions at once: how many syncs of the disk a step costs, as the kernel is asked for them, and how many steps that makes. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Counted } from "../children/manyMissions.ts";
import { startChild } from "../fixtures/child.ts";
import { withFolder } from "../fixtures/temporary.ts";
import type { Figure, Row } from "../row.ts";
import { medianFigure } from "../statistics.ts";

const missions = 100;
const countMs = 1_000;
const warmUpMs = 3_000;
const counts = 6;
const tracer = "strace";
const script = join(import.meta.dirname, "../children/manyMissions.ts");

async function countIn(directory: string, prefix: readonly string[]): Promise<Counted[]> {
  const node = [process.execPath, script, directory, String(missions)];
  const child = startChild([...prefix, ...node] as [string, ...string[]]);
  const counted: Counted[] = [];
  await child.next();
  for (let index = 0; index <= counts; index += 1) {
    child.send(String(index === 0 ? warmUpMs : countMs));
    const one = await child.next<Counted>();
    if (index > 0) counted.push(one);
  }
  await child.end();
  return counted;
}

/** When each sync began, of any thread, in milliseconds since the Unix epoch. A call that another thread interrupts is in two lines. */
function syncsIn(trace: string): number[] {
  return [...trace.matchAll(/^(?:\d+ +)?(\d+\.\d+) (?:fsync|fdatasync|sync_file_range|msync)\(/gm)].map(
    ([, seconds]) => Number(seconds) * 1000,
  );
}

/** Syncs for each transaction, checkpoints included. */
async function syncsPerCommit(directory: string, traceFile: string): Promise<number[]> {
  const what = "trace=fsync,fdatasync,sync_file_range,msync";
  // The filter in the kernel lets every other call pass at full speed.
  const prefix = [tracer, "-f", "--seccomp-bpf", "-ttt", "-o", traceFile, "-e", what];
  const counted = await countIn(directory, prefix);
  const syncs = syncsIn(readFileSync(traceFile, "utf8"));
  if (syncs.length === 0) throw new Error("strace saw no sync at all");
  return counted.map(
    ({ fromMs, toMs, commits }) => syncs.filter((at) => at >= fromMs && at < toMs).length / commits,
  );
}

async function measureIn(folder: string): Promise<Figure[]> {
  const free = await countIn(join(folder, "free"), []);
  const rates = free.map(({ fromMs, toMs, steps }) => (steps / (toMs - fromMs)) * 1000);
  const rate = medianFigure("durable steps of all missions together", rates, "/s");
  const name = "syncs per step";
  const limit = { at: "most", value: 0.1 } as const;
  if (spawnSync(tracer, ["-V"]).status !== 0)
    return [{ name, unit: "", limit, note: "needs strace: install the package of that name" }, rate];
  // A traced sync is slow, so that more steps share it: the steps of a transaction are counted without.
  const perCommit = medianFigure(
    "syncs per transaction",
    await syncsPerCommit(join(folder, "traced"), join(folder, "trace")),
    "",
  );
  const perStep = free.map(({ commits, steps }) => (commits / steps) * (perCommit.value ?? NaN));
  return [medianFigure(name, perStep, "", { limit }), perCommit, rate];
}

export const syncsPerStep: Row = {
  name: "syncs",
  title: `${missions} missions at once in one runner, each at its steps`,
  measure: () => withFolder(measureIn),
};
