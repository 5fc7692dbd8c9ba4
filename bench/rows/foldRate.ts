/** Folding a mission with 1,000 open and 10,000 closed tasks: all of its log, and what comes when it is that large already. */
import { decide } from "../../src/mission/decide.ts";
import { begin, evolve } from "../../src/mission/evolve.ts";
import { decodeState, encodeState, fold } from "../../src/mission/fold.ts";
import type { MissionState } from "../../src/mission/state.ts";
import type { MissionCommand, NextSteps } from "../../src/protocol/commands.ts";
import { eventSchemaVersion, type EventRecord, type MissionEvent } from "../../src/protocol/events.ts";
import { missionStream } from "../../src/protocol/ids.ts";
import type { Handoff } from "../../src/protocol/handoff.ts";
import type { MissionSpec } from "../../src/protocol/plan.ts";
import type { Snapshot } from "../../src/protocol/snapshot.ts";
import { base, stepwiseSpec } from "../fixtures/stepwise.ts";
import type { Figure, Row } from "../row.ts";
import { medianFigure } from "../statistics.ts";

const closedTasks = 10_000;
const openTasks = 1_000;
/** Steps each open task takes when the mission is at its largest. */
const stepsEach = 30;
const repetitions = 9;

const taskId = (index: number): string => `task-${index}`;

function spec(): MissionSpec {
  const plain = stepwiseSpec();
  const [task] = plain.tasks;
  const [assertion] = plain.contract;
  if (task === undefined || assertion === undefined) throw new Error("a spec has a task and an assertion");
  const indexes = Array.from({ length: closedTasks + openTasks }, (_, index) => index);
  return {
    ...plain,
    contract: indexes.map((index) => ({ ...assertion, id: `works-${index}` })),
    tasks: indexes.map((index) => ({
      ...task,
      id: taskId(index),
      fulfills: [`works-${index}`],
      // Chains of ten, like plans have them; what is open is at work, all of it at once.
      needs: index % 10 === 0 || index >= closedTasks ? [] : [taskId(index - 1)],
      access: index < closedTasks ? "write" : "read",
    })),
  };
}

const handoff: Handoff = {
  status: "done",
  summary: "took a few steps",
  done: ["the steps"],
  leftUndone: [],
  commands: [],
  testsAdded: [],
  issues: [],
  deviations: [],
};

/** Writes a log through the law: everything in it was decided, nothing is made up. */
class Scribe {
  readonly records: EventRecord<MissionEvent>[] = [];
  readonly #state: MissionState;

  constructor(created: Extract<MissionEvent, { type: "mission.created" }>) {
    this.#record(created);
    this.#state = begin(created, this.#at());
  }

  #at(): number {
    return 1_800_000_000_000 + this.records.length;
  }

  #record(event: MissionEvent): EventRecord<MissionEvent> {
    const seq = this.records.length + 1;
    const commandId = `0190a000-0000-7000-8000-${String(seq).padStart(12, "0")}`;
    const streamId = missionStream("bench");
    const record = { streamId, seq, at: this.#at(), commandId, schemaVersion: eventSchemaVersion, event };
    this.records.push(record);
    return record;
  }

  command(body: MissionCommand): void {
    const decision = decide(this.#state, { id: "", at: this.#at(), by: "runner:bench", body });
    if (!decision.ok) throw new Error(`${body.type}: ${decision.refusal.message}`);
    for (const event of decision.events) evolve(this.#state, this.#record(event));
  }

  #callOf(task: string): string {
    const attemptId = this.#state.work.tasks.get(task)?.attemptId;
    const working = attemptId === undefined ? undefined : this.#state.work.attempts.get(attemptId)?.callId;
    if (working !== undefined) return working;
    const wanted = task === "" ? undefined : task;
    for (const { call } of this.#state.ledger.calls.values()) if (call.taskId === wanted) return call.id;
    throw new Error(`${task} has no open call`);
  }

  prepare(): void {
    this.command({ type: "run.start", runId: "run", runnerId: "bench", epoch: 1 });
    this.command({ type: "mission.prepare" });
    const outcome = { status: "succeeded", result: { kind: "prepare", snapshot: base } } as const;
    this.command({ type: "call.settle", callId: this.#callOf(""), outcome, usage: {} });
  }

  start(task: string): void {
    this.command({ type: "task.start", taskId: task });
    this.command({ type: "step.start", attemptId: `${task}.1` });
  }

  /** A step that adds the next one, or hands off. */
  step(task: string, number: number, done?: { handoff: Handoff; snapshot: Snapshot }): void {
    const attemptId = `${task}.1`;
    const result = { kind: "step", digest: `d${number}` } as const;
    const finished = done === undefined ? result : { ...result, done: done.handoff, snapshot: done.snapshot };
    const reserve = { calls: 1, tokens: 0, timeMs: 0, costMicroUsd: 0 };
    const input = `src/part-${number}.ts`;
    const draft = {
      intention: "look",
      type: "tool",
      executor: "read",
      input,
      effects: ["read"],
      reserve,
    } as const;
    const next: NextSteps = {
      attemptId,
      steps: [{ ...draft, effects: ["read"], timeoutMs: 60_000 }],
      position: "append",
    };
    const settle = { type: "call.settle", callId: this.#callOf(task), usage: {} } as const;
    const outcome = { status: "succeeded", result: finished } as const;
    this.command(done === undefined ? { ...settle, outcome, steps: next } : { ...settle, outcome });
    if (done === undefined) this.command({ type: "step.start", attemptId });
  }

  verify(task: string, index: number): void {
    this.command({ type: "task.verify", taskId: task });
    const evidence = [{ command: ["true"], exitCode: 0, durationMs: 12 }];
    const verdict = {
      assertionId: `works-${index}`,
      value: "passed",
      reason: "exit code 0",
      evidence,
    } as const;
    const outcome = { status: "succeeded", result: { kind: "verify", verdicts: [verdict] } } as const;
    const settle = { type: "call.settle", callId: this.#callOf(task), usage: {} } as const;
    this.command({
      ...settle,
      outcome: {
        ...outcome,
        result: { kind: "verify", verdicts: [{ ...verdict, evidence: [...evidence] }] },
      },
    });
    this.command({ type: "task.finish", taskId: task });
  }
}

/** The whole log, and from where on it is at its largest. */
function writeLog(): { records: EventRecord<MissionEvent>[]; largeFrom: number } {
  const scribe = new Scribe({
    type: "mission.created",
    missionId: "bench",
    sessionId: "s",
    spec: spec(),
    by: "human:bench",
  });
  scribe.prepare();
  for (let index = 0; index < closedTasks; index += 1) {
    const task = taskId(index);
    scribe.start(task);
    scribe.step(task, 1);
    scribe.step(task, 2, { handoff, snapshot: { commit: `c${index}`, tree: `t${index}` } });
    scribe.verify(task, index);
  }
  const working = Array.from({ length: openTasks }, (_, index) => taskId(closedTasks + index));
  for (const task of working) scribe.start(task);
  const largeFrom = scribe.records.length;
  for (let number = 1; number <= stepsEach; number += 1)
    for (const task of working) scribe.step(task, number);
  return { records: scribe.records, largeFrom };
}

/** By processor time, garbage collection in all threads included: other work on the machine must not count. */
function rateOf(events: number, work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (events / (user + system)) * 1e6;
}

function measure(): Promise<Figure[]> {
  const { records, largeFrom } = writeLog();
  const large = fold(undefined, records.slice(0, largeFrom));
  const open = large?.work.tasks.size;
  const closed = large?.work.closed.size;
  if (large === undefined || open !== openTasks || closed !== closedTasks)
    throw new Error(`the mission has ${open} open and ${closed} closed tasks`);
  const cached = encodeState(large);
  const tail = records.slice(largeFrom);
  const rates = { all: [] as number[], tail: [] as number[] };
  for (let index = 0; index < repetitions; index += 1) {
    rates.all.push(rateOf(records.length, () => fold(undefined, records)));
    const state = decodeState(cached, "bench");
    rates.tail.push(rateOf(tail.length, () => fold(state, tail)));
  }
  const limit = { at: "least", value: 500_000 } as const;
  return Promise.resolve([
    medianFigure("events a second, the whole log", rates.all, "/s", {
      limit,
      note: `${records.length} events`,
    }),
    medianFigure("events a second, onto the mission at its largest", rates.tail, "/s", {
      limit,
      note: `${tail.length} events`,
    }),
  ]);
}

export const foldRate: Row = {
  name: "fold",
  title: `Folding a mission with ${openTasks.toLocaleString("en-US")} open and ${closedTasks.toLocaleString("en-US")} closed tasks`,
  measure,
};
