/**
 * Given / when / then for the law: what happened, what is asked, what follows. Knows no test runner: it
 * throws an error that says what was expected. With small missions to tell stories about, and a course
 * that lets the law itself write the story.
 */
import { deepStrictEqual } from "node:assert";
import { decide } from "../mission/decide.ts";
import { begin, evolve } from "../mission/evolve.ts";
import { due, next } from "../mission/next.ts";
import type { CallState, Mission, MissionState } from "../mission/state.ts";
import type { Limits, Usage } from "../protocol/budget.ts";
import type { CallOutcome, CallResult, CallWork } from "../protocol/call.ts";
import type { MissionCommand, NextSteps } from "../protocol/commands.ts";
import { eventSchemaVersion, type EventRecord, type MissionEvent } from "../protocol/events.ts";
import type { FindingDraft } from "../protocol/finding.ts";
import type { Handoff } from "../protocol/handoff.ts";
import {
  missionStream,
  type CallId,
  type MissionId,
  type SessionId,
  type Timestamp,
} from "../protocol/ids.ts";
import {
  defaultPolicy,
  type AgentSpec,
  type MissionSpec,
  type Policy,
  type TaskSpec,
} from "../protocol/plan.ts";
import type { Decision, Refusal, RefusalCode } from "../protocol/refusals.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { StepDraft } from "../protocol/step.ts";
import type { VerdictValue } from "../protocol/verdict.ts";
import { handoffOf } from "./scriptedAgents.ts";

export const specMissionId: MissionId = "0190a000-0000-7000-8000-00000000aaaa";
export const specSessionId: SessionId = "0190a000-0000-7000-8000-00000000bbbb";
export const specRunnerId = "0190a000-0000-7000-8000-00000000cccc";
/** When stories begin. */
export const specStart: Timestamp = 1_800_000_000_000;
export const ada = "human:ada";

/** An event of a type with only the members a story cares about. */
export type EventLike = { type: MissionEvent["type"] } & Record<string, unknown>;

export interface Circumstances {
  /** The time of the last event when left out. */
  at?: Timestamp;
  /** A human when left out. */
  by?: string;
}

/** What has happened, in order; all at {@link specStart} unless an event comes with its time. */
export function given(...history: (MissionEvent | { at: Timestamp; event: MissionEvent })[]): Given {
  const records = history.map((item) => ("event" in item ? item : { at: specStart, event: item }));
  return new Given(records);
}

export class Given {
  readonly #records: readonly { at: Timestamp; event: MissionEvent }[];

  constructor(records: readonly { at: Timestamp; event: MissionEvent }[]) {
    this.#records = records;
  }

  /** The state these events fold to; a new one each time. Throws when they do not begin a mission. */
  state(): MissionState {
    const [first, ...rest] = this.#records;
    if (first?.event.type !== "mission.created") throw new Error("a story begins with mission.created");
    const state = begin(first.event, first.at);
    for (const { at, event } of rest) evolve(state, recordOf(state, at, event));
    return state;
  }

  when(body: MissionCommand, { at, by = ada }: Circumstances = {}): Answer {
    const state = this.state();
    const before = at ?? state.at;
    return new Answer(state, decide(state, { id: "command", at: before, by, body }), before);
  }
}

/** What the law answered. Every method throws when it answered something else. */
export class Answer {
  readonly #state: MissionState;
  readonly #decision: Decision<MissionEvent>;
  readonly #at: Timestamp;

  constructor(state: MissionState, decision: Decision<MissionEvent>, at: Timestamp) {
    this.#state = state;
    this.#decision = decision;
    this.#at = at;
  }

  /** Exactly these events. Not a promise: never return an answer from an async function. */
  // oxlint-disable-next-line unicorn/no-thenable -- given, when, then
  then(...expected: MissionEvent[]): this {
    deepStrictEqual(this.events(), expected);
    return this;
  }

  /** These events, with at least these members. */
  thenLike(...expected: EventLike[]): this {
    const events = this.events();
    deepStrictEqual(
      events.map((event, index) => project(event, expected[index] ?? { type: event.type })),
      expected,
      undefined,
    );
    return this;
  }

  thenRefused(code: RefusalCode, message: RegExp = /./): Refusal {
    if (this.#decision.ok)
      throw new Error(`expected ${code}, was accepted: ${JSON.stringify(this.#decision.events)}`);
    const { refusal } = this.#decision;
    if (refusal.code !== code) throw new Error(`expected ${code}, was ${refusal.code}: ${refusal.message}`);
    if (!message.test(refusal.message))
      throw new Error(`expected ${code} with ${String(message)}, was: ${refusal.message}`);
    return refusal;
  }

  /** The mission after the events, for the caller to look at. */
  thenState(check: (mission: Mission) => void): this {
    for (const event of this.events()) evolve(this.#state, recordOf(this.#state, this.#at, event));
    check(this.#state);
    return this;
  }

  /** Throws when the command was refused. */
  events(): MissionEvent[] {
    if (this.#decision.ok) return this.#decision.events;
    throw new Error(`refused: ${this.#decision.refusal.code}: ${this.#decision.refusal.message}`);
  }
}

/** Of a value what the expectation names; what it does not name is not compared. */
function project(actual: unknown, expected: unknown): unknown {
  if (typeof actual !== "object" || actual === null || typeof expected !== "object" || expected === null)
    return actual;
  if (Array.isArray(actual)) {
    const wanted: unknown[] = Array.isArray(expected) ? expected : [];
    return actual.length === wanted.length
      ? actual.map((item, index) => project(item, wanted[index]))
      : actual;
  }
  const named = Object.keys(expected).filter((key) => key in actual);
  return Object.fromEntries(
    named.map((key) => [key, project(Reflect.get(actual, key), Reflect.get(expected, key))]),
  );
}

function recordOf(state: MissionState, at: Timestamp, event: MissionEvent): EventRecord<MissionEvent> {
  const streamId = missionStream(state.id);
  return { streamId, seq: state.seq + 1, at, commandId: "command", schemaVersion: eventSchemaVersion, event };
}

// --- Small missions ---------------------------------------------------------------------------------

/** A tree that is called by a name. */
export const tree = (name: string): Snapshot => ({ commit: `commit-${name}`, tree: `tree-${name}` });
/** What the base looks like in every story. */
export const baseTree = tree("base");

/** The one assertion a task of these missions fulfils. */
export const assertionOf = (taskId: string): string => `${taskId.replace(/~\d+$/, "")}-ok`;

export const worker: AgentSpec = {
  kind: "program",
  command: ["worker"],
  readOnly: [],
  inactivityMs: 60_000,
  reserve: { tokens: 100, costMicroUsd: 10 },
};
export const helper: AgentSpec = { ...worker, command: ["helper"] };
export const resumer: AgentSpec = { ...worker, command: ["resumer"], resumable: true };
export const person: AgentSpec = { kind: "human", name: "ada" };
export const thinker: AgentSpec = { kind: "stepwise", program: "plan", reserve: { tokens: 50 } };

export function task(id: string, more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    id,
    goal: `do ${id}`,
    needs: [],
    fulfills: [assertionOf(id)],
    agentId: "worker",
    access: "write",
    timeoutMs: 60_000,
    maxAttempts: 2,
    onFailure: "retry",
    ...more,
  };
}

export type Outline = Partial<Omit<MissionSpec, "policy">> & { policy?: Partial<Policy> };

/** A mission of these tasks, each with an assertion of its own. */
export function missionOf(tasks: TaskSpec[], { policy, ...more }: Outline = {}): MissionSpec {
  return {
    schemaVersion: 1,
    goal: "make it work",
    repository: { path: "/repository", base: "main" },
    contract: tasks
      .flatMap(({ fulfills }) => fulfills)
      .map((id) => ({
        id,
        behaviour: `${id} holds`,
        check: { kind: "command", command: ["check", id], exitCode: 0, timeoutMs: 20_000 },
        onBase: "any",
      })),
    tasks,
    agents: { worker, helper, resumer, person, thinker },
    budget: {},
    // Preflight is a call of its own: stories that are not about it leave it out.
    policy: { ...defaultPolicy, preflightRuns: 0, ...policy },
    branch: "houston/spec",
    timeoutMs: 86_400_000,
    ...more,
  };
}

/** `build`, by a program. */
export const oneTask = (more: Partial<TaskSpec> = {}, outline: Outline = {}): MissionSpec =>
  missionOf([task("build", more)], outline);

/** `build`, then `polish`, which needs it. */
export const twoTasks = (outline: Outline = {}): MissionSpec =>
  missionOf([task("build"), task("polish", { needs: ["build"] })], outline);

/** `sign`, by a person. */
export const humanTask = (outline: Outline = {}): MissionSpec =>
  missionOf([task("sign", { agentId: "person" })], outline);

/** `think`, step by step. */
export const stepwise = (outline: Outline = {}): MissionSpec =>
  missionOf([task("think", { agentId: "thinker" })], outline);

export const created = (spec: MissionSpec): MissionEvent => ({
  type: "mission.created",
  missionId: specMissionId,
  sessionId: specSessionId,
  spec,
  by: ada,
});

// --- What performers answer ---------------------------------------------------------------------------

export const handoff = (status: Handoff["status"] = "done", summary = "did it"): Handoff =>
  handoffOf(status, summary);

export const succeeded = (result: CallResult): CallOutcome => ({ status: "succeeded", result });
export const handsOff = (snapshot: Snapshot): CallOutcome =>
  succeeded({ kind: "attempt", handoff: handoff(), snapshot });
export const fails = (
  code: Extract<CallOutcome, { status: "failed" }>["error"]["code"],
  message: string = code,
): CallOutcome => ({
  status: "failed",
  error: { code, message },
});

/** A step's good end; with `done` the last of its attempt. */
export const stepDone = (more: { digest?: string; snapshot?: Snapshot; done?: Handoff } = {}): CallOutcome =>
  succeeded({ kind: "step", digest: "digest", ...more });

/** The same verdict on every assertion of a verification, with what else was found. */
export function judges(
  call: CallState,
  value: VerdictValue = "passed",
  more: { findings?: FindingDraft[]; judged?: Snapshot } = {},
): CallOutcome {
  const ids = call.call.work.kind === "verify" ? call.call.work.assertionIds : [];
  return succeeded({
    kind: "verify",
    ...more,
    verdicts: ids.map((assertionId) => ({ assertionId, value, reason: value, evidence: [] })),
  });
}

export const stepDraft = (executor: string, more: Partial<StepDraft> = {}): StepDraft => ({
  intention: executor,
  type: "tool",
  executor,
  input: executor,
  effects: ["read"],
  reserve: { calls: 1, tokens: 0, timeMs: 30_000, costMicroUsd: 0 },
  timeoutMs: 30_000,
  ...more,
});

// --- A course: the law writes the story ---------------------------------------------------------------

/**
 * A mission flown by the law itself: commands are decided and their events folded, and `goes` decides all
 * that `next` proposes, as the engine would. Refusals throw.
 */
export class Course {
  readonly records: { at: Timestamp; event: MissionEvent }[] = [];
  readonly state: MissionState;
  now: Timestamp = specStart;
  #epoch = 0;

  constructor(spec: MissionSpec) {
    const event = created(spec);
    if (event.type !== "mission.created") throw new Error("created");
    this.records.push({ at: this.now, event });
    this.state = begin(event, this.now);
  }

  /** Created and taken by a runner; the base is being imported. */
  static of(spec: MissionSpec): Course {
    return new Course(spec).taken();
  }

  /** As far as work: the base is imported and what can start has started. */
  static working(spec: MissionSpec): Course {
    return Course.of(spec).settles("prepare", succeeded({ kind: "prepare", snapshot: baseTree }));
  }

  /** Everything so far, to continue with {@link Given.when}. */
  get given(): Given {
    return new Given([...this.records]);
  }

  get events(): MissionEvent[] {
    return this.records.map(({ event }) => event);
  }

  /** A new runner takes the mission over. */
  taken(): this {
    this.#epoch += 1;
    return this.does({
      type: "run.start",
      runId: `run-${this.#epoch}`,
      runnerId: specRunnerId,
      epoch: this.#epoch,
    }).goes();
  }

  /** Decides a command now. */
  does(body: MissionCommand, by: string = ada): this {
    const past = body.type === "mission.rollBack" ? this.at(body.to) : undefined;
    const decision = decide(this.state, { id: "command", at: this.now, by, body }, past);
    if (!decision.ok)
      throw new Error(`${body.type} was refused: ${decision.refusal.code}: ${decision.refusal.message}`);
    for (const event of decision.events) this.happens(event);
    return this;
  }

  /** The mission as it was after that many events. */
  at(seq: number): MissionState | undefined {
    const records = this.records.slice(0, seq);
    return records.length < seq || seq < 1 ? undefined : new Given(records).state();
  }

  /** Folds an event without asking the law. */
  happens(event: MissionEvent): this {
    this.records.push({ at: this.now, event });
    evolve(this.state, recordOf(this.state, this.now, event));
    return this;
  }

  /** Decides all that follows from the state now. */
  goes(): this {
    for (let count = 0; count < 1_000; count += 1) {
      const proposal = next(this.state, this.now);
      if (proposal === undefined) return this;
      this.does(proposal, "engine");
    }
    throw new Error("the law proposes without end");
  }

  waits(ms: number): this {
    this.now += ms;
    return this.goes();
  }

  /** The open call of a kind (of a task), the oldest first; throws when there is none. */
  call(kind: CallWork["kind"], taskId?: string): CallState {
    for (const entry of this.state.ledger.calls.values())
      if (entry.call.work.kind === kind && (taskId === undefined || entry.call.taskId === taskId))
        return entry;
    throw new Error(`no open ${kind} call${taskId === undefined ? "" : ` of ${taskId}`}`);
  }

  /** Settles the oldest open call of a kind, and goes on. */
  settles(
    kind: CallWork["kind"],
    outcome: CallOutcome,
    more: { usage?: Usage; steps?: NextSteps; taskId?: string } = {},
  ): this {
    const { usage = {}, steps, taskId } = more;
    const callId: CallId = this.call(kind, taskId).call.id;
    const settle = { type: "call.settle", callId, outcome, usage } as const;
    return this.does(steps === undefined ? settle : { ...settle, steps }, `runner:${specRunnerId}`).goes();
  }

  /** A task's attempt hands off a tree. */
  handsOff(taskId: string, snapshot: Snapshot = tree(taskId)): this {
    return this.settles("attempt", handsOff(snapshot), { taskId });
  }

  /** A task's verification ends with the same verdict on everything. */
  judged(taskId: string, value: VerdictValue = "passed"): this {
    return this.settles("verify", judges(this.call("verify", taskId), value), { taskId });
  }

  /** A task is worked on, judged and done. */
  finishes(taskId: string, snapshot: Snapshot = tree(taskId)): this {
    return this.handsOff(taskId, snapshot).judged(taskId);
  }

  /** The branch is delivered. */
  delivers(): this {
    return this.settles("deliver", succeeded({ kind: "deliver", commit: "commit" }));
  }

  /** What a human says to the only open question. */
  approves(raise?: Limits, note = "fine"): this {
    const approvalId = this.question();
    const approve = { type: "approval.approve", approvalId, note } as const;
    return this.does(raise === undefined ? approve : { ...approve, raise }).goes();
  }

  rejects(): this {
    return this.does({ type: "approval.reject", approvalId: this.question() }).goes();
  }

  /** The id of the only open question. */
  question(): string {
    const [id, ...more] = this.state.work.approvals.keys();
    if (id === undefined || more.length > 0)
      throw new Error(`expected one open question, there are ${this.state.work.approvals.size}`);
    return id;
  }

  /** Work that a runner should be performing, as words. */
  due(): string[] {
    return due(this.state).map(({ call, mode }) => {
      const about = call.taskId === undefined ? call.work.kind : `${call.work.kind} ${call.taskId}`;
      return mode === "perform" ? about : `${mode} ${about}`;
    });
  }

  /** The newest events of a type, oldest first. */
  all<T extends MissionEvent["type"]>(type: T): Extract<MissionEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<MissionEvent, { type: T }> => event.type === type);
  }

  last<T extends MissionEvent["type"]>(type: T): Extract<MissionEvent, { type: T }> {
    const event = this.all(type).at(-1);
    if (event === undefined) throw new Error(`there was no ${type}`);
    return event;
  }
}
