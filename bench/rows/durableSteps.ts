/** One agent that works step by step: durable steps a second, against bare transactions and against LangGraph.js. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { EnginePorts } from "../../src/engine/enginePorts.ts";
import type { Append } from "../../src/ports/log.ts";
import { databaseFile } from "../../src/stores/sqlite/database.ts";
import { openEngine, startRunner } from "../fixtures/engine.ts";
import { Pace } from "../fixtures/pace.ts";
import { logSize, RawTransactions, rowsOf, type LogSize } from "../fixtures/rawTransactions.ts";
import { rounds, type RoundLimits } from "../fixtures/rounds.ts";
import { createStepwiseMission, scriptedSteps } from "../fixtures/stepwise.ts";
import { withFolder } from "../fixtures/temporary.ts";
import { installPeers, startLangGraph, type LangGraph } from "../peers/langgraph.ts";
import type { Figure, Row } from "../row.ts";
import { medianFigure } from "../statistics.ts";

const warmUpSteps = 2_000;
/** Appends of the warm-up whose rows the raw peers write again and again. */
const rowsRepeated = 1_000;
const stepsPerRound = 200;
const roundLimits: RoundLimits = { least: 5, most: 40, withinMs: 20_000 };
const langGraphWarmUp = 150;
const langGraphSteps = 100;
/** LangGraph.js takes part in every so many rounds. */
const langGraphEvery = 4;

/** A log that remembers what was appended to it, until told to forget. */
function recorded(ports: EnginePorts): { ports: EnginePorts; finish(): Append[] } {
  const appends: Append[] = [];
  let isRecording = true;
  const { log } = ports;
  const append: typeof log.append = (request) => {
    if (isRecording) appends.push(request);
    return log.append(request);
  };
  return {
    ports: { ...ports, log: { ...log, append } },
    finish: () => {
      isRecording = false;
      return appends;
    },
  };
}

function sizeOfLog(directory: string): LogSize {
  const db = new DatabaseSync(databaseFile(directory), { readOnly: true });
  try {
    return logSize(db);
  } finally {
    db.close();
  }
}

/** The appends that are steps: settled, added, wanted. */
const stepsAmong = (appends: Append[]): Append[] =>
  appends.filter(
    ({ streams }) => streams[0]?.events.length === 3 && streams[0].events[0]?.event.type === "call.settled",
  );

interface Contestants {
  directory: string;
  houston: Pace;
  bare: RawTransactions;
  indexed: RawTransactions;
  langGraph: LangGraph | undefined;
}

type Rates = Record<"houston" | "bare" | "indexed" | "langGraph" | "houstonCpuUs" | "bareCpuUs", number[]>;

async function race({ directory, houston, bare, indexed, langGraph }: Contestants): Promise<Rates> {
  const rates: Rates = { houston: [], bare: [], indexed: [], langGraph: [], houstonCpuUs: [], bareCpuUs: [] };
  const cpuUs = (since: NodeJS.CpuUsage): number => {
    const { user, system } = process.cpuUsage(since);
    return (user + system) / stepsPerRound;
  };
  const before = { houston: sizeOfLog(directory), bare: bare.size() };
  await langGraph?.take(langGraphWarmUp);
  for (const round of rounds(roundLimits)) {
    let cpu = process.cpuUsage();
    rates.bare.push((stepsPerRound / bare.take(stepsPerRound)) * 1000);
    rates.bareCpuUs.push(cpuUs(cpu));
    cpu = process.cpuUsage();
    rates.houston.push((stepsPerRound / (await houston.take(stepsPerRound))) * 1000);
    rates.houstonCpuUs.push(cpuUs(cpu));
    rates.indexed.push((stepsPerRound / indexed.take(stepsPerRound)) * 1000);
    if (langGraph !== undefined && round % langGraphEvery === 0)
      rates.langGraph.push((langGraphSteps / (await langGraph.take(langGraphSteps))) * 1000);
  }
  const grown = (now: LogSize, then: LogSize, steps: number): number[] => [
    (now.rows - then.rows) / steps,
    (now.bytes - then.bytes) / steps,
  ];
  const total = stepsPerRound * rates.houston.length;
  const [rows = 0, bytes = 0] = grown(sizeOfLog(directory), before.houston, total);
  const [rawRows = 0, rawBytes = 0] = grown(bare.size(), before.bare, total);
  // Ids inside a mission grow by a digit now and then.
  if (rows !== rawRows || Math.abs(rawBytes / bytes - 1) > 0.02)
    throw new Error(
      `the peer writes ${rawRows} rows of ${rawBytes} bytes a step where the store writes ${rows} of ${bytes}`,
    );
  return rates;
}

function figuresOf(rates: Rates, appends: readonly Append[], missing: string | undefined): Figure[] {
  const against = (peer: readonly number[]): number[] =>
    rates.houston.map((rate, round) => rate / (peer[round] ?? NaN));
  const withSummary = appends.filter(({ summary }) => summary !== undefined).length / appends.length;
  const figures: Figure[] = [
    medianFigure("durable steps", rates.houston, "/s", {
      note: `3 events in one commit, and the mission's summary in ${(withSummary * 100).toFixed(0)} % of them`,
    }),
    medianFigure("raw transactions of the same rows, no index", rates.bare, "/s"),
    medianFigure("raw transactions of the same rows, indexed alike", rates.indexed, "/s"),
    medianFigure("processor time of a step, all threads", rates.houstonCpuUs, "µs", {
      note: "does not depend on the disk, and little on what else the machine does",
    }),
    medianFigure("processor time of a raw transaction without index", rates.bareCpuUs, "µs"),
    medianFigure("steps : raw transactions without index", against(rates.bare), "×", {
      limit: { at: "least", value: 0.8 },
    }),
    medianFigure("steps : raw transactions indexed alike", against(rates.indexed), "×", {
      limit: { at: "least", value: 0.8 },
    }),
  ];
  const name = "LangGraph.js, SQLite saver at FULL, durability sync";
  if (missing !== undefined) return [...figures, { name, unit: "/s", note: missing }];
  const houston = figures[0]?.value ?? NaN;
  const ratios = rates.langGraph.map((rate) => houston / rate);
  return [
    ...figures,
    medianFigure(name, rates.langGraph, "/s"),
    medianFigure("steps : LangGraph.js", ratios, "×", { limit: { at: "least", value: 1 } }),
  ];
}

async function measureIn(folder: string): Promise<Figure[]> {
  const directory = join(folder, "houston");
  const missing = installPeers();
  const pace = new Pace();
  const engine = await openEngine(directory, scriptedSteps({ pace: pace.pace }));
  const recorder = recorded(engine.ports);
  await createStepwiseMission(engine.ports);
  const running = startRunner(recorder.ports);
  await Promise.race([pace.take(warmUpSteps), running.ended]);
  const appends = stepsAmong(recorder.finish()).slice(-rowsRepeated);
  const rows = rowsOf(
    directory,
    appends.map(({ summary }) => summary !== undefined),
  );
  const bare = new RawTransactions(join(folder, "bare.db"), "bare", rows);
  const indexed = new RawTransactions(join(folder, "indexed.db"), "indexed", rows);
  const langGraph = missing === undefined ? await startLangGraph(join(folder, "langgraph.db")) : undefined;
  try {
    return figuresOf(await race({ directory, houston: pace, bare, indexed, langGraph }), appends, missing);
  } finally {
    await langGraph?.close();
    bare.close();
    indexed.close();
    await running.stop();
    await engine.close();
  }
}

export const durableSteps: Row = {
  name: "steps",
  title: "Durable steps of one agent, synced (synchronous=FULL) one by one",
  measure: () => withFolder(measureIn),
};
