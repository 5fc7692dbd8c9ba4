/**
 * Seeded agents of a simulated world: right, wrong, lying, hanging, failing, with usage figures that
 * cannot be believed. A tree proves an assertion when it holds the fact `fixed:<assertion>` and no fact
 * `broken:<assertion>`.
 */
import type { Agent, AttemptReport, AttemptRequest } from "../ports/agent.ts";
import type { Clock } from "../ports/clock.ts";
import type { LookUp, StepExecutor, StepReport, StepRequest } from "../ports/stepExecutor.ts";
import type { Judgement, Verifier } from "../ports/verifier.ts";
import type { Usage } from "../protocol/budget.ts";
import type { CallError, CallErrorCode } from "../protocol/call.ts";
import type { Effect } from "../protocol/call.ts";
import type { Handoff } from "../protocol/handoff.ts";
import type { StepDraft } from "../protocol/step.ts";
import type { Outside, Tree } from "./outside.ts";
import type { Random } from "./random.ts";

export interface ScriptedWorld {
  outside: Outside;
  random: Random;
  clock: Clock;
  /** 0: nothing goes wrong; 1: everything that can. */
  trouble: number;
}

export function handoffOf(status: Handoff["status"], summary: string): Handoff {
  return {
    status,
    summary,
    done: [],
    leftUndone: [],
    commands: [],
    testsAdded: [],
    issues: [],
    deviations: [],
  };
}

const wildFigures = [Number.NaN, -5, Infinity, 5_000, 0.5] as const;

function usageOf({ random, trouble }: ScriptedWorld, spent: number): Usage {
  if (!random.chance(trouble)) return { tokens: spent };
  return { tokens: random.pick(wildFigures), costMicroUsd: random.pick(wildFigures) };
}

async function spend(world: ScriptedWorld, ms: number, signal: AbortSignal): Promise<boolean> {
  await world.clock.wait(world.clock.now() + ms, signal);
  return !signal.aborted;
}

/** A program agent: works in its folder for a while, then says something about it. */
export function scriptedProgram(world: ScriptedWorld): Agent<"program"> {
  return { kind: "program", perform: (request) => performProgram(world, request) };
}

async function performProgram(
  world: ScriptedWorld,
  request: AttemptRequest<"program">,
): Promise<AttemptReport> {
  const { outside, random, trouble } = world;
  const { brief, directory, signal } = request;
  const behaviour = random.weighted({
    right: 1,
    partial: 0.2,
    wrong: trouble,
    nothing: trouble * 0.3,
    breaking: trouble * 0.3,
    tampers: trouble * 0.3,
    fails: trouble * 0.5,
    hangs: trouble * 0.2,
  });
  const spent = random.int(0, brief.limits.tokens ?? 0);
  const folder = (): Set<string> | undefined => outside.folders.get(directory);
  const pieces = random.int(1, 4);
  for (let piece = 1; piece <= pieces; piece += 1) {
    if (!(await spend(world, random.int(100, 20_000), signal)))
      return { status: "interrupted", usage: usageOf(world, spent) };
    folder()?.add(`${brief.attempt.id}:${piece}`);
  }
  if (behaviour === "hangs") {
    await world.clock.wait(Infinity, signal);
    return { status: "interrupted", usage: usageOf(world, spent) };
  }
  if (behaviour === "fails")
    return { status: "failed", error: failure(random, world.clock.now()), usage: usageOf(world, spent) };
  apply(
    brief.assertions.map(({ id }) => id),
    behaviour,
    folder(),
    random,
  );
  return {
    status: "handedOff",
    handoff: talkative(world, handoffOf(behaviour === "partial" ? "partial" : "done", behaviour)),
    usage: usageOf(world, spent),
  };
}

/** What agents say beside their claim: now and then that something blocks, and what they hold true. */
function talkative({ random, trouble }: ScriptedWorld, handoff: Handoff): Handoff {
  const text = "something is not right";
  if (random.chance(trouble * 0.1)) handoff.issues = [{ severity: "blocking", text }];
  if (random.chance(0.3)) {
    const content = `it is ${random.int(1, 3)}`;
    handoff.facts = [{ type: "fact", subject: "it", content, ttlMs: random.int(1_000, 600_000) }];
  }
  if (random.chance(0.2)) handoff.artifacts = [{ name: "base", path: "base" }];
  return handoff;
}

function apply(
  assertions: string[],
  behaviour: string,
  folder: Set<string> | undefined,
  random: Random,
): void {
  if (behaviour === "tampers") folder?.add("tampered:test");
  if (behaviour === "right") folder?.delete("tampered:test");
  for (const id of assertions) {
    if (behaviour === "right" || behaviour === "tampers" || (behaviour === "partial" && random.chance(0.5))) {
      folder?.add(`fixed:${id}`);
      folder?.delete(`broken:${id}`);
    }
    if (behaviour === "breaking") folder?.add(`broken:${id}`);
  }
}

const failureCodes: readonly CallErrorCode[] = [
  "rateLimit",
  "quota",
  "infrastructure",
  "agentFailed",
  "malformedHandoff",
  "blocked",
  "impossible",
  "sandbox",
  "stall",
  "timeout",
];

function failure(random: Random, now: number): CallError {
  const code = random.pick(failureCodes);
  return code === "rateLimit"
    ? { code, message: code, resetAt: now + random.int(1_000, 60_000) }
    : { code, message: code };
}

/** A verifier that looks at the tree, and sometimes cannot. */
export function scriptedVerifier(world: ScriptedWorld): Verifier {
  return {
    async judge({ assertion, directory, signal }): Promise<Judgement> {
      const tree = new Set(world.outside.folders.get(directory));
      await spend(world, world.random.int(50, 5_000), signal);
      const observations: Judgement["observations"] = [];
      if (signal.aborted) return { value: "error", reason: "interrupted", observations };
      if (world.random.chance(world.trouble * 0.1))
        return { value: "inconclusive", reason: "flaky", observations };
      const passed = holds(tree, assertion.id);
      return { value: passed ? "passed" : "failed", reason: passed ? "there" : "missing", observations };
    },
    review: async ({ changes }) =>
      changes
        .filter(({ path }) => path.startsWith("tampered:"))
        .map(({ path }) => ({ kind: "testDeleted", severity: "blocking", text: path })),
    mayVanish: async () => [],
    mutants: async () => [],
  };
}

/** Whether a tree proves an assertion; what readers promise holds of every tree, and a check wants nothing broken. */
export function holds(tree: Tree, id: string): boolean {
  if (id.startsWith("r-")) return true;
  if (id === "lint") return ![...tree].some((fact) => fact.startsWith("broken:"));
  return tree.has(`fixed:${id}`) && !tree.has(`broken:${id}`);
}

const stepKinds: readonly { type: StepDraft["type"]; executor: string; effects: Effect[] }[] = [
  { type: "skill", executor: "think", effects: ["model"] },
  { type: "tool", executor: "read", effects: ["read"] },
  { type: "tool", executor: "edit", effects: ["workspace"] },
  { type: "tool", executor: "push", effects: ["read", "external"] },
];

/** Executes the steps of agents that go step by step, and keeps the outside's record of external effects. */
export function scriptedSteps(world: ScriptedWorld, maxSteps: number): StepExecutor {
  return {
    perform: (request) => performStep(world, request, maxSteps),
    async lookUp(request): Promise<LookUp> {
      if (world.random.chance(world.trouble * 0.2))
        return { found: "unknown", reason: "the outside does not answer" };
      if (!world.outside.look(request.idempotencyKey, request.epoch, world.clock.now()))
        return { found: "absent" };
      return { found: "done", report: reportOf(world, request, maxSteps) };
    },
  };
}

async function performStep(
  world: ScriptedWorld,
  request: StepRequest,
  maxSteps: number,
): Promise<StepReport> {
  const { random, outside, trouble } = world;
  const since = world.clock.now();
  const isExternal = request.call.effects.includes("external");
  if (!(await spend(world, random.int(10, 3_000), request.signal)))
    return { outcome: { status: "interrupted", reason: "ended" }, usage: {}, blobs: [] };
  if (isExternal) {
    outside.affect(request.idempotencyKey, request.epoch, since, world.clock.now());
    // The effect has happened; the answer takes its time, and a crash may lose it.
    if (!(await spend(world, random.int(10, 500), request.signal))) return reportOf(world, request, maxSteps);
  }
  if (!isExternal && random.chance(trouble * 0.05))
    return {
      outcome: { status: "failed", error: failure(random, world.clock.now()) },
      usage: usageOf(world, 1),
      blobs: [],
    };
  return reportOf(world, request, maxSteps);
}

/** What a step comes to: the next ones, or the end of the attempt. */
function reportOf(world: ScriptedWorld, { call }: StepRequest, maxSteps: number): StepReport {
  const { random, outside, trouble } = world;
  const attemptId = call.attemptId ?? "";
  const isStuck = random.chance(trouble * 0.05);
  const result = { kind: "step" as const, digest: isStuck ? "same" : `${call.id}` };
  const before = call.work.kind === "tool" ? call.work.before : undefined;
  const usage = usageOf(world, random.int(0, call.reserve.tokens));
  const tree = new Set(outside.treeOf(before?.commit ?? ""));
  const isEdit = call.work.kind === "tool" && call.work.tool === "edit" && before !== undefined;
  if (isEdit) {
    tree.add(`edit:${call.id}`);
    if (!random.chance(trouble * 0.3)) tree.add(`fixed:${taskAssertion(call.taskId)}`);
  }
  const snapshot = isEdit ? { snapshot: outside.commit(tree) } : {};
  const number = Number(call.stepId?.slice(1) ?? 0);
  if (isEdit && random.chance(2 / maxSteps))
    return {
      outcome: { status: "succeeded", result: { ...result, ...snapshot, done: handoffOf("done", "edited") } },
      usage,
      blobs: [],
    };
  const count = random.chance(0.2) ? 2 : 1;
  const steps = Array.from({ length: number % 7 === 6 ? count : 1 }, () => draft(random, isStuck));
  const next = { attemptId, steps, position: random.chance(0.5) ? ("append" as const) : ("next" as const) };
  // Now and then an agent drops the step it planned last, if it is still waiting.
  const cancel = random.chance(0.05) ? { cancel: [`s${number + 1}`] } : {};
  return {
    outcome: { status: "succeeded", result: { ...result, ...snapshot } },
    usage,
    blobs: [],
    next: { ...next, ...cancel },
  };
}

/** Who only reads changes nothing: their assertion holds anyway. */
export const readAssertion = (taskId: string): string => `r-${taskId}`;

/** Stepwise tasks of a simulated mission fulfil one assertion, named after them. */
export function taskAssertion(taskId: string | undefined): string {
  return `a-${(taskId ?? "").replace(/~\d+$/, "")}`;
}

function draft(random: Random, isStuck: boolean): StepDraft {
  const kind = isStuck ? stepKinds[1] : random.pick(stepKinds);
  const { type, executor, effects } = kind ?? {
    type: "tool" as const,
    executor: "read",
    effects: ["read" as const],
  };
  const tokens = type === "skill" ? random.int(10, 500) : 0;
  return {
    intention: executor,
    type,
    executor,
    input: isStuck ? "again" : `input-${random.int(1, 1_000_000)}`,
    effects: [...effects],
    reserve: { calls: 1, tokens, timeMs: 30_000, costMicroUsd: tokens * 3 },
    timeoutMs: 30_000,
  };
}
