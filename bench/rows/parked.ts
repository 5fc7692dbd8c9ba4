/** A runner with 10,000 missions that wait for a human: what it costs to wait, and how soon one of them goes on. */
import { join } from "node:path";
import type { RunStarted } from "../children/parkedRunner.ts";
import { submit } from "../../src/engine/submit.ts";
import type { EnginePorts } from "../../src/engine/enginePorts.ts";
import { decide, decideCreate } from "../../src/mission/decide.ts";
import { begin, evolve } from "../../src/mission/evolve.ts";
import { wakeAt } from "../../src/mission/next.ts";
import { summaryOf } from "../../src/mission/status.ts";
import { eventSchemaVersion } from "../../src/protocol/events.ts";
import { missionStream, type MissionId } from "../../src/protocol/ids.ts";
import { buildChildren } from "../fixtures/built.ts";
import { startChild, type Child } from "../fixtures/child.ts";
import { openEngine } from "../fixtures/engine.ts";
import { cpuMs, residentMiB } from "../fixtures/process.ts";
import { scriptedSteps, stepwiseSpec } from "../fixtures/stepwise.ts";
import { withFolder } from "../fixtures/temporary.ts";
import type { Figure, Row } from "../row.ts";
import { medianFigure, quantile } from "../statistics.ts";

const missions = 10_000;
const atOnce = 500;
const hourMs = 3_600_000;
const settleMs = 2_000;
const cpuWindowMs = 1_000;
const cpuWindows = 6;
const wakes = 20;
const wakeAfterMs = 150;
/** A run that has not started by then counts as having taken as long. */
const giveUpMs = 1_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const nowMs = (): number => performance.timeOrigin + performance.now();

/** A mission as its runner leaves it when it waits for the plan's approval: parked until the deadline. */
async function park({ log, ids, clock }: EnginePorts, approvalTimeoutMs: number): Promise<MissionId> {
  const missionId = ids.next();
  const at = clock.now();
  const streamId = missionStream(missionId);
  const spec = stepwiseSpec({ approvePlan: true, approvalTimeoutMs });
  const create = { type: "mission.create", missionId, sessionId: "bench", spec } as const;
  const created = decideCreate({ id: "", at, by: "human:bench", body: create });
  const event = created.ok ? created.events[0] : undefined;
  if (event?.type !== "mission.created") throw new Error("no mission was created");
  const state = begin(event, at);
  const asked = decide(state, { id: "", at, by: "engine", body: { type: "plan.ask" } });
  const [question] = asked.ok ? asked.events : [];
  if (question === undefined) throw new Error("no plan was asked for");
  evolve(state, { streamId, seq: 2, at, commandId: "", schemaVersion: eventSchemaVersion, event: question });
  const events = [event, question].map((one) => ({ at, event: one }));
  const streams = [{ streamId, expectedSeq: 0, events }];
  const summary = summaryOf(state);
  const result = await log.append({
    commandId: ids.next(),
    streams,
    blobs: [],
    summary,
    wakeAt: wakeAt(state),
  });
  if (result.status !== "appended") throw new Error(`a mission was not parked: ${result.status}`);
  return missionId;
}

async function parkAll(ports: EnginePorts): Promise<MissionId[]> {
  const parked: MissionId[] = [];
  while (parked.length < missions) {
    const batch = Array.from({ length: atOnce }, (_, index) =>
      // Deadlines are spread over a day or so.
      park(ports, hourMs + (parked.length + index) * 10_000),
    );
    parked.push(...(await Promise.all(batch)));
  }
  return parked;
}

/** Percent of one processor, window by window. */
async function idleCpu(pid: number): Promise<number[]> {
  const percent: number[] = [];
  for (let index = 0; index < cpuWindows; index += 1) {
    const [before, start] = [cpuMs(pid), nowMs()];
    await pause(cpuWindowMs);
    percent.push(((cpuMs(pid) - before) / (nowMs() - start)) * 100);
  }
  return percent;
}

/** When the mission's run was durable; when we gave up, if it does not start at all. */
async function started(runner: Child, missionId: MissionId): Promise<number> {
  for (;;) {
    const told = await runner.nextWithin<RunStarted>(giveUpMs);
    if (told === undefined) return nowMs();
    if (told.missionId === missionId) return told.atMs;
  }
}

/** From a deadline to the run that it starts being durable. */
async function deadlineWake(ports: EnginePorts, runner: Child): Promise<number> {
  const missionId = await park(ports, wakeAfterMs);
  const [first] = await ports.log.read(missionStream(missionId), 0, 1);
  return (await started(runner, missionId)) - ((first?.at ?? NaN) + wakeAfterMs);
}

/** From an approval by this process being durable to the runner's run being durable. */
async function approvalWake(ports: EnginePorts, runner: Child, missionId: MissionId): Promise<number> {
  // Anywhere between two looks of the runner.
  await pause(wakeAfterMs + Math.random() * 50);
  const command = { type: "approval.approve", approvalId: "a1" } as const;
  const at = ports.clock.now();
  const done = await submit(ports, missionId, { id: ports.ids.next(), at, by: "human:bench", body: command });
  const approvedAt = nowMs();
  if (!done.ok) throw new Error(done.refusal.message);
  return (await started(runner, missionId)) - approvedAt;
}

function wakeFigures(name: string, samples: number[]): Figure[] {
  const limit = { at: "most", value: 50 } as const;
  return [
    medianFigure(name, samples, "ms", { limit }),
    {
      name: `  the slowest but one of ${samples.length}`,
      value: quantile(samples, 1 - 1 / (samples.length - 1)),
      unit: "ms",
      limit,
    },
  ];
}

/** What the same process takes with nothing in its store. */
async function emptyRunner(script: string, directory: string): Promise<number> {
  const { close } = await openEngine(directory, scriptedSteps());
  await close();
  const runner = startChild([process.execPath, script, directory]);
  await pause(settleMs);
  const memory = residentMiB(runner.pid);
  await runner.kill();
  return memory;
}

async function measureIn(folder: string): Promise<Figure[]> {
  const script = buildChildren(join(folder, "built"))("parkedRunner");
  const empty = await emptyRunner(script, join(folder, "empty"));
  const directory = join(folder, "full");
  const { ports, close } = await openEngine(directory, scriptedSteps());
  const parked = await parkAll(ports);
  const runner = startChild([process.execPath, script, directory]);
  try {
    await pause(settleMs);
    const cpu = await idleCpu(runner.pid);
    const memory = residentMiB(runner.pid);
    const byDeadline: number[] = [];
    const byApproval: number[] = [];
    for (let index = 0; index < wakes; index += 1) {
      byDeadline.push(await deadlineWake(ports, runner));
      byApproval.push(await approvalWake(ports, runner, parked[index * 450] ?? ""));
    }
    return [
      {
        name: "resident memory of the runner",
        value: memory,
        unit: "MiB",
        note: `${empty.toFixed(1)} MiB with an empty store`,
      },
      medianFigure("processor", cpu, "%", { limit: { at: "most", value: 1 } }),
      ...wakeFigures("a deadline passes → its run is durable", byDeadline),
      ...wakeFigures("another process approves → the run is durable", byApproval),
    ];
  } finally {
    await runner.kill();
    await close();
  }
}

export const parked: Row = {
  name: "parked",
  title: `${missions.toLocaleString("en-US")} parked missions in one runner`,
  measure: () => withFolder(measureIn),
};
