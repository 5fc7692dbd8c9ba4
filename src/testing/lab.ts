/** A laboratory for the engine in virtual time: one store, one outside, one clock; runners come and go. */
import { createHash } from "node:crypto";
import type { AttemptReport, AttemptRequest } from "../ports/agent.ts";
import type { Append, AppendResult } from "../ports/log.ts";
import type { StepExecutor } from "../ports/stepExecutor.ts";
import type { HumanCommand } from "../protocol/commands.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { MissionSpec } from "../protocol/plan.ts";
import { createMemoryStore } from "../stores/memory.ts";
import { Incarnation } from "./incarnation.ts";
import { noEnvironments } from "./noEnvironments.ts";
import { Outside } from "./outside.ts";
import { ada, handoff, specMissionId, specSessionId, specStart } from "./specification.ts";
import { VirtualTime } from "./virtualTime.ts";
import type { EnginePorts } from "../engine/enginePorts.ts";
import { Runner, type RunnerSettings } from "../engine/runner.ts";
import { createMission, submit } from "../engine/submit.ts";

type Program = (request: AttemptRequest<"program">) => Promise<AttemptReport>;

/** One store, one outside, one clock; runners come and go. */
export class Lab {
  readonly time = new VirtualTime(specStart);
  readonly outside = new Outside();
  readonly store = createMemoryStore({
    digest: { sha256: (bytes) => createHash("sha256").update(bytes).digest("hex") },
  });
  readonly appends: Append[] = [];
  readonly reports: string[] = [];
  /** When each attempt began, and in which folder. */
  readonly begun: { at: number; directory: string }[] = [];
  program: Program = (request) => this.works(request);
  steps: Partial<StepExecutor> = {};
  /** Stands before every append. */
  gate: (append: Append) => Promise<void> = () => Promise.resolve();
  #ids = 0;

  readonly id = (): string => `0190a000-0000-7000-8000-${String((this.#ids += 1)).padStart(12, "0")}`;

  /** Ten seconds of work that proves every assertion. */
  async works({ brief, directory, signal }: AttemptRequest<"program">): Promise<AttemptReport> {
    await this.time.wait(this.time.now() + 10_000, signal);
    if (signal.aborted) return { status: "interrupted", usage: {} };
    for (const { id } of brief.assertions) this.outside.folders.get(directory)?.add(`fixed:${id}`);
    return { status: "handedOff", handoff: handoff(), usage: { tokens: 1 } };
  }

  ports(): EnginePorts {
    const { log } = this.store;
    const append = async (request: Append): Promise<AppendResult> => {
      await this.gate(request);
      const result = await log.append(request);
      if (result.status === "appended") this.appends.push(request);
      return result;
    };
    const nothing: StepExecutor = {
      perform: () => Promise.reject(new Error("no steps here")),
      lookUp: () => Promise.reject(new Error("no steps here")),
    };
    return {
      ...this.store,
      log: new Proxy(log, {
        get: (target, name) =>
          name === "append" ? append : (Reflect.get(target, name) as () => unknown).bind(target),
      }),
      clock: this.time,
      ids: { next: this.id },
      workspaces: this.outside.workspaces(),
      environments: noEnvironments,
      verifier: {
        judge: async ({ assertion, directory }) => {
          const passed = this.outside.folders.get(directory)?.has(`fixed:${assertion.id}`) ?? false;
          return { value: passed ? "passed" : "failed", reason: "looked", observations: [] };
        },
        review: async () => [],
        mayVanish: async () => [],
        mutants: async () => [],
      },
      programs: {
        kind: "program",
        perform: (request) => {
          this.begun.push({ at: this.time.now(), directory: request.directory });
          return this.program(request);
        },
      },
      steps: { ...nothing, ...this.steps },
      faults: { reach: () => undefined },
    };
  }

  /** Starts one; `shape` changes what its life reaches the outside through. */
  runner(
    name = "one",
    more: Partial<RunnerSettings> = {},
    shape: (ports: EnginePorts, life: Incarnation) => EnginePorts = (ports) => ports,
  ): { life: Incarnation; stop: AbortController; ended: Promise<string> } {
    const life = new Incarnation();
    const stop = new AbortController();
    const settings: RunnerSettings = {
      runnerId: name,
      ttlMs: 10_000,
      heartbeatMs: 2_000,
      maxMissions: 8,
      parkAfterMs: 30_000,
      graceMs: 15_000,
      stop: stop.signal,
      report: (message) => this.reports.push(message),
      ...more,
    };
    const runner = new Runner(
      life.ports(
        shape(this.ports(), life),
        () => 0,
        () => undefined,
      ),
      settings,
    );
    const ended = runner.run().then(
      () => "ended",
      (error: unknown) => `died: ${String(error)}`,
    );
    return { life, stop, ended };
  }

  async create(spec: MissionSpec, missionId: string = specMissionId): Promise<void> {
    const body = { type: "mission.create", missionId, sessionId: specSessionId, spec } as const;
    const created = await createMission(this.ports().log, {
      id: this.id(),
      at: this.time.now(),
      by: ada,
      body,
    });
    if (!created.ok) throw new Error(created.refusal.message);
  }

  async ask(body: HumanCommand, missionId: string = specMissionId): Promise<void> {
    const result = await submit({ log: this.ports().log, caches: this.store.caches }, missionId, {
      id: this.id(),
      at: this.time.now(),
      by: ada,
      body,
    });
    if (!result.ok) throw new Error(result.refusal.message);
  }

  async passes(ms: number): Promise<void> {
    const until = this.time.now() + ms;
    this.time.schedule(until, () => undefined);
    while (await this.time.step(until)) continue;
  }

  async events(missionId: string = specMissionId): Promise<MissionEvent[]> {
    const records = await this.store.log.read(`mission:${missionId}`, 0, 1_000_000);
    return records.map(({ event }) => event as MissionEvent);
  }

  async all<T extends MissionEvent["type"]>(
    type: T,
    missionId?: string,
  ): Promise<Extract<MissionEvent, { type: T }>[]> {
    const events = await this.events(missionId);
    return events.filter((event): event is Extract<MissionEvent, { type: T }> => event.type === type);
  }

  async outcome(missionId?: string): Promise<string | undefined> {
    return (await this.all("mission.closed", missionId))[0]?.outcome;
  }
}

export async function lab(spec: MissionSpec, shape: (lab: Lab) => void = () => undefined): Promise<Lab> {
  const made = new Lab();
  shape(made);
  await made.create(spec);
  return made;
}

export const hangs: Program = () => new Promise(() => undefined);
export const patient = { stallAfterMs: 20 * 86_400_000 };
