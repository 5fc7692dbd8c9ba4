// Properties of the law over random histories: total, repeatable from any prefix, within budget, never stuck in itself.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dimensions } from "../protocol/budget.ts";
import { callErrorCodes, type CallOutcome, type Effect } from "../protocol/call.ts";
import type { MissionCommand, NextSteps } from "../protocol/commands.ts";
import { missionEventTypes, type EventRecord, type MissionEvent } from "../protocol/events.ts";
import type { MissionSpec, Scrutiny, TaskSpec } from "../protocol/plan.ts";
import {
  Course,
  created,
  fails,
  handoff,
  judges,
  missionOf,
  oneTask,
  specMissionId,
  specStart,
  stepDone,
  stepDraft,
  succeeded,
  task,
  tree,
} from "../testing/specification.ts";
import { decide } from "./decide.ts";
import { evolve } from "./evolve.ts";
import { decodeState, encodeState, fold } from "./fold.ts";
import { due, next, nextDeadline, wakeAt } from "./next.ts";
import type { CallState, MissionState } from "./state.ts";

/** Where a history's choices come from: numbers below a bound, in order, the same every time. */
type Choose = (bound: number) => number;

function choices(numbers: readonly number[]): Choose {
  let index = 0;
  return (bound) => (numbers[index++ % numbers.length] ?? 0) % bound;
}

const pick = <T>(choose: Choose, items: readonly [T, ...T[]]): T => items[choose(items.length)] ?? items[0];

function randomSpec(choose: Choose): MissionSpec {
  const tasks = Array.from({ length: 1 + choose(4) }, (_, index): TaskSpec => {
    const needs = Array.from({ length: index }, (__, before) => `t${before}`).filter(() => choose(3) === 0);
    const onFailure = pick(choose, ["retry", "retry", "fallback", "failFast"] as const);
    const more: Partial<TaskSpec> = {
      needs,
      onFailure,
      maxAttempts: 1 + choose(2),
      access: pick(choose, ["write", "read"]),
      agentId: pick(choose, ["worker", "resumer", "thinker", "person"]),
    };
    return task(`t${index}`, onFailure === "fallback" ? { ...more, fallback: { agentId: "helper" } } : more);
  });
  const budget =
    choose(2) === 0
      ? {}
      : { calls: 3 + choose(30), tokens: 200 + choose(2_000), timeMs: 50_000 + choose(2_000_000) };
  const policy = {
    approvePlan: choose(4) === 0,
    maxConcurrency: 1 + choose(3),
    maxRounds: choose(3),
    approvalTimeoutMs: 600_000,
    maxStepsPerAttempt: 8,
    maxInfrastructureRetries: 1,
    preflightRuns: choose(2),
  };
  const staged = tasks.length > 1 && choose(2) === 0;
  if (staged)
    for (const [index, one] of tasks.entries()) one.stageId = index < tasks.length / 2 ? "early" : "late";
  return missionOf(tasks, {
    budget,
    policy,
    checks: choose(2) === 0 ? [{ id: "lint", behaviour: "lint is quiet", check: lint }] : [],
    ...(staged ? { stages: [{ id: "early" }, { id: "late" }] } : {}),
  });
}

const noBlob = { sha256: "0".repeat(64), sizeBytes: 0 };
const lint: Scrutiny["check"] = { kind: "command", command: ["lint"], exitCode: 0, timeoutMs: 5_000 };

const wild = [Number.NaN, -5, Infinity, 1e12, 0.5, 40, 1e300] as const;

function randomOutcome(choose: Choose, entry: CallState): CallOutcome {
  const bad: CallOutcome[] = [
    fails(pick(choose, callErrorCodes)),
    { status: "interrupted", reason: "x", snapshot: tree("half") },
    { status: "unknown", reason: "x" },
  ];
  if (choose(3) === 0) return bad[choose(bad.length)] ?? fails("timeout");
  switch (entry.call.work.kind) {
    case "prepare":
      return succeeded({ kind: "prepare", snapshot: tree("base") });
    case "preflight":
      return succeeded({
        kind: "preflight",
        baseline: ["lint", "t0-ok"].map((assertionId) => ({
          assertionId,
          value: pick(choose, ["passed", "passed", "failed", "error"]),
          reason: "x",
          evidence: [],
          flaky: choose(4) === 0,
        })),
      });
    case "attempt":
    case "human":
      return succeeded({
        kind: "attempt",
        ...(choose(4) === 0 ? { artifacts: [{ name: "notes", path: "notes.md", content: noBlob }] } : {}),
        snapshot: tree(`t-${choose(5)}`),
        handoff: {
          ...handoff(),
          issues: choose(4) === 0 ? [{ severity: "blocking", text: "this blocks" }] : [],
          facts:
            choose(3) === 0
              ? [{ type: "fact", subject: "s", content: `c${choose(3)}`, ttlMs: 1 + choose(90_000) }]
              : [],
        },
      });
    case "skill":
    case "tool":
      return stepDone(
        choose(4) === 0 ? { done: handoff(), snapshot: tree(`s-${choose(5)}`) } : { digest: `d${choose(2)}` },
      );
    case "verify":
      return judges(entry, pick(choose, ["passed", "passed", "passed", "failed", "error", "impossible"]));
    case "deliver":
      return succeeded({ kind: "deliver", commit: "x" });
  }
}

function randomSteps(choose: Choose, attemptId: string): NextSteps {
  const effects: Effect[] = [pick(choose, ["read", "model", "workspace", "external"])];
  const steps = Array.from({ length: choose(3) }, () =>
    stepDraft(`x${choose(2)}`, {
      effects,
      reserve: { calls: 1, tokens: choose(50), timeMs: 1_000, costMicroUsd: 0 },
    }),
  );
  return {
    attemptId,
    steps,
    position: pick(choose, ["append", "next"]),
    ...(choose(3) === 0 ? { cancel: [`s${choose(9)}`] } : {}),
  };
}

/** Something anybody might ask now; often nothing that is allowed. */
function randomCommand(choose: Choose, state: MissionState): MissionCommand {
  const calls = [...state.ledger.calls.values()];
  const entry = calls[choose(calls.length + 1)];
  const question = [...state.work.approvals.values()][0];
  const kind = choose(12);
  if (entry !== undefined && kind < 6) {
    const { id, attemptId, stepId } = entry.call;
    const usage = {
      tokens: pick(choose, wild),
      costMicroUsd: pick(choose, wild),
      timeMs: pick(choose, wild),
    };
    const settle = { type: "call.settle", callId: id, outcome: randomOutcome(choose, entry), usage } as const;
    return attemptId === undefined || stepId === undefined
      ? settle
      : { ...settle, steps: randomSteps(choose, attemptId) };
  }
  if (entry?.call.work.kind === "human" && entry.call.taskId !== undefined && kind < 9)
    return {
      type: "task.answer",
      taskId: entry.call.taskId,
      handoff: handoff(pick(choose, ["done", "failed", "blocked"])),
      snapshot: tree("hand"),
    };
  if (question !== undefined && kind < 9) {
    if (choose(4) === 0) return { type: "approval.reject", approvalId: question.id };
    const approve = { type: "approval.approve", approvalId: question.id, note: "fine" } as const;
    return question.kind === "budget"
      ? { ...approve, raise: { calls: choose(20), tokens: choose(500), timeMs: choose(200_000) } }
      : approve;
  }
  if (kind === 9)
    return { type: "run.start", runId: "r", runnerId: "x", epoch: state.ledger.epoch + choose(2) };
  if (kind === 10 && entry !== undefined)
    return { type: "snapshot.record", callId: entry.call.id, snapshot: tree(`n${choose(9)}`) };
  const rest: [MissionCommand, ...MissionCommand[]] = [
    { type: "mission.pause", reason: "x" },
    { type: "mission.resume" },
    { type: "mission.resume" },
    { type: "call.redo", callId: "c3" },
  ];
  if (choose(12) === 0) return { type: "mission.rollBack", to: 1 + choose(state.seq), reason: "x" };
  return choose(40) === 0 ? { type: "mission.cancel", reason: "x" } : pick(choose, rest);
}

/** A history of up to `length` commands with all that follows from each; `look` sees every state. */
function history(
  numbers: readonly number[],
  length: number,
  look: (course: Course) => void = () => undefined,
): Course {
  const choose = choices(numbers);
  const course = Course.of(randomSpec(choose));
  for (let count = 0; count < length && course.state.work.outcome === undefined; count += 1) {
    const body = randomCommand(choose, course.state);
    const past = body.type === "mission.rollBack" ? course.at(body.to) : undefined;
    const decision = decide(course.state, { id: "x", at: course.now, by: "human:ada", body }, past);
    if (decision.ok) for (const event of decision.events) course.happens(event);
    look(course);
    if (choose(3) === 0) course.waits(choose(120_000));
    else course.goes();
    look(course);
  }
  return course;
}

const seeds = fc.array(fc.nat(1_000_000), { minLength: 40, maxLength: 400 });

function records(course: Course): EventRecord<MissionEvent>[] {
  return course.records.map(({ at, event }, index) => ({
    streamId: `mission:${specMissionId}`,
    seq: index + 1,
    at,
    commandId: "x",
    schemaVersion: 1,
    event,
  }));
}

describe("random histories", () => {
  test("proposals are always accepted and always change the state; nothing throws", () => {
    const outcomes = new Map<string, number>();
    const seen = new Set<string>();
    const property = fc.property(seeds, (numbers) => {
      const course = history(numbers, 60, ({ state, now }) => {
        const proposal = next(state, now);
        if (proposal === undefined) return;
        const decision = decide(state, { id: "x", at: now, by: "engine", body: proposal });
        if (!decision.ok)
          throw new Error(`${proposal.type} was proposed and refused: ${decision.refusal.message}`);
        expect(decision.events.length).toBeGreaterThan(0);
      });
      const outcome = course.state.work.outcome?.outcome ?? "open";
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      for (const { type } of course.events) seen.add(type);
    });
    fc.assert(property, { numRuns: 700, seed: 7 });
    // A property that only ever saw one kind of history proves little.
    expect([...outcomes.keys()].sort()).toEqual(
      expect.arrayContaining(["cancelled", "failed", "unverified", "verified"]),
    );
    expect(missionEventTypes.filter((type) => !seen.has(type) && type !== "run.stopped")).toEqual([]);
  });

  test("spent and held back never exceed a limit, whatever is claimed", () => {
    const property = fc.property(seeds, (numbers) => {
      history(numbers, 60, ({ state: { ledger } }) => {
        for (const dimension of dimensions) {
          const total = ledger.spent[dimension] + ledger.reserved[dimension];
          expect(total).toBeLessThanOrEqual(ledger.limits[dimension] ?? Infinity);
          expect(Number.isSafeInteger(total)).toBe(true);
        }
      });
    });
    fc.assert(property, { numRuns: 150, seed: 8 });
  });

  test("folding a prefix and then the rest, through a cache and through JSON, equals folding all", () => {
    const property = fc.property(seeds, fc.nat(), (numbers, cut) => {
      const course = history(numbers, 40);
      const all = records(course);
      const stored = JSON.parse(JSON.stringify(all)) as EventRecord<MissionEvent>[];
      const at = 1 + (cut % all.length);
      const prefix = fold(undefined, all.slice(0, at));
      const cached = prefix === undefined ? undefined : decodeState(encodeState(prefix), specMissionId);
      const whole = encodeState(course.state);
      expect(encodeState(fold(cached, stored.slice(at)) ?? course.state)).toBe(whole);
      expect(encodeState(fold(undefined, stored) ?? course.state)).toBe(whole);
    });
    fc.assert(property, { numRuns: 150, seed: 9 });
  });
});

describe("every state of a random history", () => {
  test("no more work at once than the policy allows, and one writer", () => {
    const property = fc.property(seeds, (numbers) => {
      history(numbers, 60, ({ state }) => {
        const busy = [...state.ledger.calls.values()].filter(({ call }) => call.work.kind !== "human");
        expect(busy.length).toBeLessThanOrEqual(state.spec.policy.maxConcurrency);
        const writers = [...state.work.attempts.values()].filter(
          ({ taskId }) => state.work.tasks.get(taskId)?.spec.access === "write",
        );
        expect(writers.length).toBeLessThanOrEqual(1);
      });
    });
    fc.assert(property, { numRuns: 150, seed: 10 });
  });

  test("the indexes say what the tasks say", () => {
    const property = fc.property(seeds, (numbers) => {
      history(numbers, 60, ({ state: { work } }) => {
        for (const [id, { phase, waitingOn }] of work.tasks) {
          expect(work.active.has(id)).toBe(phase !== "pending");
          expect(work.ready.has(id)).toBe(phase === "pending" && waitingOn === 0);
        }
        expect(work.doneCount + work.failedCount).toBeLessThanOrEqual(work.taskCount);
      });
    });
    fc.assert(property, { numRuns: 150, seed: 11 });
  });
});

describe("waking up", () => {
  test("a mission that is not closed always has an instant at which something can happen", () => {
    const property = fc.property(seeds, (numbers) => {
      history(numbers, 60, ({ state }) => {
        const at = wakeAt(state);
        expect(at === null).toBe(state.work.outcome !== undefined);
        if (at !== null) expect(Number.isFinite(at)).toBe(true);
      });
    });
    fc.assert(property, { numRuns: 150, seed: 12 });
  });

  test("left alone from deadline to deadline, every mission closes", () => {
    const property = fc.property(seeds, (numbers) => {
      const course = history(numbers, 30);
      for (let count = 0; count < 500 && course.state.work.outcome === undefined; count += 1) {
        // Performers end what they are told to end, and nothing else happens.
        for (const { call, cancelling } of due(course.state))
          if (cancelling !== undefined)
            course.does({
              type: "call.settle",
              callId: call.id,
              outcome: { status: "interrupted", reason: "told to" },
              usage: {},
            });
        const deadline = nextDeadline(course.state, course.now);
        if (next(course.state, course.now) === undefined && deadline !== Infinity) course.now = deadline;
        course.goes();
      }
      expect(course.state.work.outcome).toBeDefined();
    });
    fc.assert(property, { numRuns: 150, seed: 13 });
  });

  test("before the next deadline time alone changes nothing", () => {
    const property = fc.property(seeds, (numbers) => {
      history(numbers, 40, ({ state, now }) => {
        if (next(state, now) !== undefined) return;
        const deadline = nextDeadline(state, now);
        if (deadline !== Infinity) expect(next(state, deadline - 1)).toBeUndefined();
      });
    });
    fc.assert(property, { numRuns: 150, seed: 14 });
  });
});

/** Events that say something although nothing they could be about exists. */
const needsNothing: readonly string[] = [
  "mission.paused",
  "mission.cancelled",
  "mission.sealing",
  "mission.closed",
  "run.started",
  "task.added",
  "call.wanted",
  "verdict.given",
  "assertion.reopened",
  "approval.requested",
  "concurrency.lowered",
  // Its past is all it needs.
  "mission.rolledBack",
  // What is found and said stands for itself.
  "finding.recorded",
  "fact.recorded",
  "fact.conflicted",
  "artifact.recorded",
];

describe("evolve is total", () => {
  test("events of real histories in any order, repeated and left out, never throw", () => {
    const property = fc.property(seeds, fc.array(fc.nat(), { maxLength: 120 }), (numbers, order) => {
      const all = records(history(numbers, 40));
      const state = fold(undefined, all.slice(0, 1));
      if (state === undefined) throw new Error("no mission");
      for (const index of order) {
        const record = all[index % all.length];
        if (record === undefined) continue;
        evolve(state, { ...record, seq: state.seq + 1 });
        // What reads a state must bear it too.
        next(state, state.at);
        wakeAt(state);
      }
      expect(state.seq).toBe(order.length + 1);
    });
    fc.assert(property, { numRuns: 200, seed: 15 });
  });

  test.each(missionEventTypes.filter((type) => !needsNothing.includes(type)))(
    "%s about nothing that exists changes nothing but the position",
    (type) => {
      const snapshot = tree("x");
      const nothing = {
        type,
        taskId: "ghost",
        callId: "c99",
        attemptId: "ghost.1",
        approvalId: "a99",
        assertionId: "ghost",
        stepIds: [],
        steps: [],
        limits: {},
        findingId: "f99",
        factId: "k99",
        stageId: "ghost",
        outcome: { status: "interrupted", reason: "x" },
        charged: {},
        overrun: {},
        snapshot,
        reason: "x",
      };
      const course = Course.of(oneTask()).does({ type: "run.stop", reason: "x" });
      const before = encodeState({ ...course.state, seq: 0 });
      course.happens(nothing as unknown as MissionEvent);
      expect(encodeState({ ...course.state, seq: 0 })).toBe(before);
    },
  );
});

describe("a state as text", () => {
  test("an author's input comes back as it was, whatever its keys", () => {
    const property = fc.property(
      fc.jsonValue(),
      fc.constantFrom("$map", "$set", "$$map", "$", "plain"),
      (value, key) => {
        const input: unknown = JSON.parse(JSON.stringify({ [key]: value, list: [{ $set: [value] }] }));
        const state = fold(undefined, records(new Course(oneTask({ input }))));
        if (state === undefined) throw new Error("no mission");
        const decoded = decodeState(encodeState(state), specMissionId);
        expect(decoded?.work.tasks.get("build")?.spec.input).toEqual(input);
      },
    );
    fc.assert(property, { numRuns: 200, seed: 16 });
  });

  test("a cache that is not one of this mission is none", () => {
    const { state } = new Course(oneTask());
    expect(decodeState(encodeState(state), "another")).toBeUndefined();
    expect(decodeState("{", specMissionId)).toBeUndefined();
    expect(decodeState('{"$map":5}', specMissionId)).toBeUndefined();
    expect(fold(undefined, [])).toBeUndefined();
    const event: MissionEvent = { type: "mission.resumed", by: "x" };
    expect(
      fold(undefined, [{ streamId: "x", seq: 1, at: specStart, commandId: "x", schemaVersion: 1, event }]),
    ).toBeUndefined();
    expect(created(oneTask()).type).toBe("mission.created");
  });
});
