/** One agent that works step by step: durable steps a second, against bare transactions and against LangGraph.js. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { EnginePorts } from "../../src/engine/enginePorts.ts";
import type { Append } from "../../src/ports/log.ts";
import { databaseFile } from "../../src/stores/sqlite/database.ts";
import { openEngine, startRunner } from "../fixtures/engine.ts";
import { Pace } from "../fixtures/pace.ts";
import { logSize, RawTransactions, type LogSize } from "../fixtures/rawTransactions.ts";
import { createStepwiseMission, scriptedSteps } from "../fixtures/stepwise.ts";
import { withFolder } from "../fixtures/temporary.ts";
import { installPeers, startLangGraph, type LangGraph } from "../peers/langgraph.ts";
import type { Figure, Row } from "../row.ts";
import { medianFigure } from "../statistics.ts";

const warmUpSteps = 1_500;
const stepsPerRound = 400;
const rounds = 15;
const langGraphWarmUp = 300;
const langGraphSteps = 150;

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

type Rates = Record<"houston" | "bare" | "indexed" | "langGraph", number[]>;

async function race({ directory, houston, bare, indexed, langGraph }: Contestants): Promise<Rates> {
  const rates: Rates = { houston: [], bare: [], indexed: [], langGraph: [] };
  const before = { houston: sizeOfLog(directory), bare: bare.size() };
  bare.take(warmUpSteps);
  indexed.take(warmUpSteps);
  await langGraph?.take(langGraphWarmUp);
  for (let round = 0; round < rounds; round += 1) {
    rates.bare.push((stepsPerRound / bare.take(stepsPerRound)) * 1000);
    rates.houston.push((stepsPerRound / (await houston.take(stepsPerRound))) * 1000);
    rates.indexed.push((stepsPerRound / indexed.take(stepsPerRound)) * 1000);
    if (langGraph !== undefined && round % 2 === 0)
      rates.langGraph.push((langGraphSteps / (await langGraph.take(langGraphSteps))) * 1000);
  }
  const grown = (now: LogSize, then: LogSize, steps: number): number[] => [
    (now.rows - then.rows) / steps,
    (now.bytes - then.bytes) / steps,
  ];
  const total = stepsPerRound * rounds;
  const [rows = 0, bytes = 0] = grown(sizeOfLog(directory), before.houston, total);
  const [rawRows = 0, rawBytes = 0] = grown(bare.size(), before.bare, total + warmUpSteps);
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
  const bytes = appends[0]?.streams[0]?.events.reduce(
    (sum, { event }) => sum + JSON.stringify(event).length,
    0,
  );
  const figures: Figure[] = [
    medianFigure("durable steps", rates.houston, "/s", {
      note: `3 events of ${bytes} bytes in one commit; the mission's summary in ${(withSummary * 100).toFixed(0)} % of them`,
    }),
    medianFigure("raw transactions of the same rows, no index", rates.bare, "/s"),
    medianFigure("raw transactions of the same rows, indexed alike", rates.indexed, "/s"),
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
  const appends = stepsAmong(recorder.finish()).slice(-1_000);
  const bare = new RawTransactions(join(folder, "bare.db"), "bare", appends);
  const indexed = new RawTransactions(join(folder, "indexed.db"), "indexed", appends);
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
