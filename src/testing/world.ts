/**
 * A seeded world in which a whole mission runs in virtual time: two runners that crash, freeze and come
 * back, people who answer late, twice or not at all, agents that cannot be trusted.
 */
import { createHash } from "node:crypto";
import type { EnginePorts } from "../engine/enginePorts.ts";
import { loadMission } from "../engine/load.ts";
import { Runner } from "../engine/runner.ts";
import { createMission, openSession, submit } from "../engine/submit.ts";
import type { MissionState } from "../mission/state.ts";
import { humanCall } from "../mission/task.ts";
import type { Agent } from "../ports/agent.ts";
import type { CrashPoint } from "../ports/faults.ts";
import type { StepExecutor } from "../ports/stepExecutor.ts";
import type { HumanCommand } from "../protocol/commands.ts";
import type { MissionSpec } from "../protocol/plan.ts";
import type { MissionSummary } from "../protocol/status.ts";
import { createMemoryStore } from "../stores/memory.ts";
import type { Store } from "../stores/store.ts";
import { Incarnation } from "./incarnation.ts";
import { noEnvironments } from "./noEnvironments.ts";
import { Outside } from "./outside.ts";
import { seededRandom, type Random } from "./random.ts";
import { contractFile, scenario } from "./scenario.ts";
import {
  handoffOf,
  scriptedProgram,
  scriptedSteps,
  scriptedVerifier,
  taskAssertion,
  type ScriptedWorld,
} from "./scriptedAgents.ts";
import { VirtualTime } from "./virtualTime.ts";

export interface WorldOptions {
  seed: string;
  /** 0: nothing goes wrong. */
  trouble: number;
  maxTasks: number;
  maxSteps: number;
  /** Runners are killed at crash points with this probability, and frozen now and then. */
  crashes: number;
}

/** What a finished world leaves for the laws to look at. */
export interface WorldEnd {
  options: WorldOptions;
  spec: MissionSpec;
  store: Store;
  outside: Outside;
  /** Every append that was acknowledged: stream, last sequence, when, by whose epoch. */
  acknowledged: Acknowledged[];
  kills: number;
  freezes: number;
  jumps: number;
  /** Commands that were sent twice. */
  repeated: number;
  /** The mission closed before virtual time ran out. */
  closed: boolean;
}

export interface Acknowledged {
  streamId: string;
  seq: number;
  count: number;
  commandId: string;
  at: number;
  epoch?: number;
}

const missionId = "0190a000-0000-7000-8000-000000000001";
const sessionId = "local";
const start = 1_800_000_000_000;
const endOfTimeMs = 9 * 86_400_000;
const humanEveryMs = 20_000;
const ttlMs = 10_000;
/** How many appends are slow. */
const slowAppends = 0.15;
const never = new AbortController().signal;

class World {
  readonly options: WorldOptions;
  readonly time = new VirtualTime(start);
  readonly outside = new Outside();
  readonly random: Random;
  readonly store: Store;
  readonly spec: MissionSpec;
  readonly acknowledged: Acknowledged[] = [];
  readonly scripted: ScriptedWorld;
  kills = 0;
  freezes = 0;
  jumps = 0;
  repeated = 0;
  closed = false;
  #ids = 0;
  #begun = false;
  /** The machine's clock was set: every runner on it sees that. */
  #offsetMs = 0;
  #done = false;
  readonly #stops: AbortController[] = [];

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = seededRandom(options.seed);
    this.store = createMemoryStore({
      digest: { sha256: (bytes) => createHash("sha256").update(bytes).digest("hex") },
    });
    this.spec = scenario(this.random.fork("scenario"), options.maxTasks);
    this.scripted = {
      outside: this.outside,
      random: this.random.fork("agents"),
      clock: this.time,
      trouble: options.trouble,
    };
  }

  nextId(): string {
    this.#ids += 1;
    return `0190a000-0000-7000-8000-${String(this.#ids).padStart(12, "0")}`;
  }

  ports(): EnginePorts {
    const { log } = this.store;
    return {
      ...this.store,
      log: {
        append: async (append) => {
          // A disk takes its time, and what was asked for meanwhile must wait its turn.
          if (this.#begun && this.random.chance(slowAppends))
            await this.time.pause(this.random.int(1, 2_000), never);
          const result = await log.append(append);
          if (result.status !== "appended") return result;
          this.closed ||= append.streams.some(({ events }) =>
            events.some(({ event }) => event.type === "mission.closed"),
          );
          for (const { streamId, expectedSeq, events } of append.streams)
            this.acknowledged.push({
              streamId,
              seq: expectedSeq + events.length,
              count: events.length,
              commandId: append.commandId,
              at: this.time.now(),
              ...(append.fence === undefined ? {} : { epoch: append.fence.epoch }),
            });
          return result;
        },
        read: (...args) => log.read(...args),
        head: (...args) => log.head(...args),
        receipt: (...args) => log.receipt(...args),
        streams: () => log.streams(),
        summaries: () => log.summaries(),
        summary: (...args) => log.summary(...args),
        wakes: (...args) => log.wakes(...args),
        project: (...args) => log.project(...args),
        dropProjections: () => log.dropProjections(),
      },
      clock: this.time,
      ids: { next: () => this.nextId() },
      workspaces: this.outside.workspaces(),
      environments: noEnvironments,
      verifier: scriptedVerifier(this.scripted),
      programs: this.#witnessProgram(scriptedProgram(this.scripted)),
      steps: this.#witnessSteps(scriptedSteps(this.scripted, this.options.maxSteps)),
      faults: { reach: () => undefined },
    };
  }

  #witnessProgram(agent: Agent<"program">): Agent<"program"> {
    return {
      kind: "program",
      perform: (request) => {
        this.#mustNotSee(request.directory);
        const [, epoch, callId] = /\/e(\d+)-(c\d+)$/.exec(request.directory) ?? [];
        // What a program spends on keys of its own is its claim; law 5 is about what Houston meters.
        this.#begin(callId ?? "?", Number(epoch), "attempt", 0);
        return agent.perform(request);
      },
    };
  }

  #witnessSteps(steps: StepExecutor): StepExecutor {
    return {
      perform: (request) => {
        this.#begin(request.call.id, request.epoch, request.call.work.kind, request.call.reserve.tokens);
        return steps.perform(request);
      },
      lookUp: (request) => steps.lookUp(request),
    };
  }

  /** Law 8: what is held out is in no folder that an agent works in. */
  #mustNotSee(directory: string): void {
    const isHeldOut = this.spec.contract.some(({ heldOut }) => heldOut === true);
    if (isHeldOut && this.outside.folders.get(directory)?.has(`file:${contractFile.path}`) === true)
      this.outside.violations.push(`law 8: an agent in ${directory} can read what is held out`);
  }

  /** A performer never spends more than was reserved for it: at worst all of it. */
  #begin(callId: string, epoch: number, kind: string, tokens: number): void {
    this.outside.performances.push({ missionId, callId, epoch, kind, startedAt: this.time.now(), tokens });
  }

  async begin(): Promise<void> {
    const { log } = this.ports();
    const limits =
      this.spec.budget.calls === undefined || this.random.chance(0.5)
        ? {}
        : { calls: 100_000, tokens: 20_000_000, timeMs: 100_000_000_000, costMicroUsd: 100_000_000 };
    await openSession(log, { sessionId, userId: "somebody", limits, commandId: this.nextId(), at: start });
    const body = { type: "mission.create", missionId, sessionId, spec: this.spec } as const;
    const { inline } = await this.store.blobs.stage(contractFile.bytes);
    const command = { id: this.nextId(), at: start, by: "human:somebody", body };
    const created = await createMission(log, command, inline === undefined ? [] : [inline]);
    if (!created.ok) throw new Error(created.refusal.message);
    this.#begun = true;
  }

  /** Keeps a runner alive for the whole of the world: when one life ends, another begins. */
  live(name: string): void {
    const random = this.random.fork(name);
    const life = new Incarnation();
    const stop = new AbortController();
    this.#stops.push(stop);
    const again = (afterMs: number): void => {
      if (!this.#done) this.time.schedule(this.time.now() + afterMs, () => this.live(`${name}'`));
    };
    const end = (): void => {
      if (life.dead) return;
      life.kill();
      this.kills += 1;
      again(random.int(0, 30_000));
    };
    const reach = (_point: CrashPoint): void => {
      const { crashes } = this.options;
      if (life.dead || this.#done || !random.chance(crashes)) return;
      const fault = random.weighted({ kill: 6, freeze: 1, jump: 1 });
      if (fault === "kill") end();
      else if (fault === "jump") {
        this.jumps += 1;
        this.#offsetMs += random.int(-30_000, 30_000);
      } else this.#freeze(life, random);
    };
    const ports = life.ports(this.ports(), () => this.#offsetMs, reach);
    const runner = new Runner(ports, {
      runnerId: `0190a000-0000-7000-9000-${name}`,
      ttlMs,
      heartbeatMs: 2_000,
      maxMissions: 4,
      parkAfterMs: 30_000,
      graceMs: 15_000,
      stop: stop.signal,
      report: (message) => void this.outside.violations.push(`runner: ${message}`),
    });
    runner.run().catch((error: unknown) => this.outside.violations.push(`runner died: ${String(error)}`));
  }

  #freeze(life: Incarnation, random: Random): void {
    this.freezes += 1;
    const until = this.time.now() + random.int(ttlMs / 2, ttlMs * 4);
    life.freeze(new Promise((resolve) => this.time.schedule(until, resolve)));
  }

  /** People: they answer what waits for them, sometimes twice, sometimes never, and meddle. */
  people(): void {
    const random = this.random.fork("people");
    const tick = (): void => {
      if (this.#done) return;
      this.time.schedule(this.time.now() + random.int(1_000, humanEveryMs), tick);
      void this.#act(random);
    };
    tick();
  }

  async #act(random: Random): Promise<void> {
    const { log, caches } = this.store;
    const summary = await log.summary(missionId);
    const isQuiet = summary?.approvals.length === 0 && summary.humanTasks.length === 0 && !random.chance(0.2);
    if (summary === undefined || summary.outcome !== undefined || isQuiet) return;
    const state = await loadMission({ log, caches }, missionId);
    const commands = state === undefined ? [] : this.#wishes(random, summary, state);
    for (const body of commands) {
      const command = { id: this.nextId(), at: this.time.now(), by: "human:somebody", body };
      await submit({ log: this.ports().log, caches }, missionId, command);
      if (!random.chance(0.2)) continue;
      this.repeated += 1;
      await submit({ log: this.ports().log, caches }, missionId, command);
    }
  }

  #wishes(random: Random, summary: MissionSummary, state: MissionState): HumanCommand[] {
    const wishes: HumanCommand[] = [];
    for (const { id: approvalId, kind } of summary.approvals) {
      const answer = random.weighted({ approve: 5, reject: 0.2, wait: 3 });
      const raise =
        kind === "budget"
          ? { raise: { calls: 40, tokens: 20_000, timeMs: 3_000_000, costMicroUsd: 60_000 } }
          : {};
      if (answer === "approve") wishes.push({ type: "approval.approve", approvalId, note: "seen", ...raise });
      if (answer === "reject") wishes.push({ type: "approval.reject", approvalId });
    }
    for (const taskId of summary.humanTasks) {
      if (!random.chance(0.3)) continue;
      wishes.push(this.#handOff(random, state, taskId));
    }
    const { trouble } = this.options;
    if (random.chance(trouble * 0.03)) wishes.push({ type: "mission.pause", reason: "lunch" });
    if (summary.status.state === "Paused" ? random.chance(0.5) : random.chance(0.02))
      wishes.push({ type: "mission.resume" });
    if (random.chance(trouble * 0.02))
      wishes.push({ type: "mission.rollBack", to: random.int(1, state.seq), reason: "try again" });
    if (random.chance(trouble * 0.0005)) wishes.push({ type: "mission.cancel", reason: "changed my mind" });
    return random.chance(0.2) ? wishes.reverse() : wishes;
  }

  /** A person's work: on top of the tree they were given, most of the time right. */
  #handOff(random: Random, state: MissionState, taskId: string): HumanCommand {
    const work = humanCall(state, taskId)?.call.work;
    const facts = work?.kind === "human" ? this.outside.treeOf(work.from.commit) : [];
    const fact = random.chance(0.8) ? "fixed" : "tried";
    const snapshot = this.outside.commit(new Set([...facts, `${fact}:${taskAssertion(taskId)}`]));
    const handoff = handoffOf(random.chance(0.9) ? "done" : "blocked", "by hand");
    return { type: "task.answer", taskId, handoff, snapshot };
  }

  async run(): Promise<void> {
    while (!this.closed && (await this.time.step(start + endOfTimeMs))) continue;
    this.#done = true;
    for (const stop of this.#stops) stop.abort();
    // Zombies and survivors get their chance to do harm after the end.
    const until = this.time.now() + 120_000;
    while (await this.time.step(until)) continue;
  }
}

/** Runs one seeded mission to its end. */
export async function runWorld(options: WorldOptions): Promise<WorldEnd> {
  const world = new World(options);
  await world.begin();
  world.live("one");
  world.live("two");
  world.people();
  await world.run();
  const { spec, store, outside, acknowledged, kills, freezes, jumps, repeated, closed } = world;
  return { options, spec, store, outside, acknowledged, kills, freezes, jumps, repeated, closed };
}
