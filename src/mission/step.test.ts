// Steps: one at a time, in order, within limits an agent cannot argue with; detectors that end what goes nowhere.
import { describe, expect, test } from "vitest";
import type { NextSteps } from "../protocol/commands.ts";
import {
  Course,
  fails,
  handoff,
  oneTask,
  stepDone,
  stepDraft,
  stepwise,
  tree,
  missionOf,
  task,
} from "../testing/specification.ts";
import { alarmOf, stallsAt } from "./detector.ts";

const add = (names: string[], position: "append" | "next" = "append", cancel?: string[]): NextSteps => ({
  attemptId: "think.1",
  steps: names.map((name) => stepDraft(name)),
  position,
  ...(cancel === undefined ? {} : { cancel }),
});
const planned = (names: string[], outline = {}): Course =>
  Course.working(stepwise(outline)).settles("skill", stepDone(), { steps: add(names) });
const waiting = (course: Course): string[] =>
  course.state.work.attempts.get("think.1")?.queue.map(({ executor }) => executor) ?? [];

describe("one step at a time", () => {
  test("the first step of a stepwise attempt is its agent's program, asked about the task", () => {
    const course = Course.working(stepwise());
    expect(course.last("steps.added").steps).toMatchObject([
      {
        id: "s1",
        type: "skill",
        executor: "plan",
        input: "think",
        effects: ["model"],
        reserve: { tokens: 50 },
      },
    ]);
    expect(course.call("skill").call).toMatchObject({
      stepId: "s1",
      attemptId: "think.1",
      reserve: { calls: 1, tokens: 50 },
    });
  });

  test("a second one waits for the first", () => {
    const course = planned(["a", "b"]);
    expect(course.due()).toEqual(["tool think"]);
    course.given
      .when({ type: "step.start", attemptId: "think.1" })
      .thenRefused("notNow", /step s2 is running: one step per agent/);
    course.given.when({ type: "step.start", attemptId: "think.9" }).thenRefused("notFound");
    Course.working(oneTask())
      .does({ type: "mission.pause", reason: "x" })
      .given.when({ type: "step.start", attemptId: "build.1" })
      .thenRefused("notNow");
  });

  test("tools that edit the workspace know the tree before them", () => {
    const steps = {
      ...add([]),
      steps: [stepDraft("a"), stepDraft("b", { effects: ["workspace"] }), stepDraft("c")],
    };
    const first = Course.working(stepwise()).settles("skill", stepDone(), { steps });
    const course = first.settles("tool", stepDone({ snapshot: tree("edited") }));
    expect(course.call("tool").call.work).toMatchObject({ tool: "b", before: tree("edited") });
    const last = course.settles("tool", stepDone());
    expect(last.call("tool").call.work).toEqual({ kind: "tool", tool: "c", input: "c" });
  });

  test("settling a step, adding, cancelling and wanting the next is at most four events", () => {
    const course = planned(["a", "b", "c"]);
    const before = course.events.length;
    course.settles("tool", stepDone(), { steps: add(["d"], "next", ["s3"]) });
    expect(course.events.slice(before).map(({ type }) => type)).toEqual([
      "call.settled",
      "steps.cancelled",
      "steps.added",
      "call.wanted",
    ]);
  });
});

describe("order", () => {
  test("appended steps come last, inserted ones next, in the order given", () => {
    const course = planned(["a", "b"]);
    expect(waiting(course)).toEqual(["b"]);
    course.settles("tool", stepDone(), { steps: add(["x", "y"], "next") });
    expect(course.call("tool").call.work).toMatchObject({ tool: "x" });
    expect(waiting(course)).toEqual(["y", "b"]);
    course.settles("tool", stepDone(), { steps: add(["z"]) });
    expect(waiting(course)).toEqual(["b", "z"]);
  });

  test("step ids are counted over the mission and never reused", () => {
    const course = planned(["a", "b"]).settles("tool", stepDone(), { steps: add(["c"], "append", ["s3"]) });
    expect(course.all("steps.added").flatMap(({ steps }) => steps.map(({ id }) => id))).toEqual([
      "s1",
      "s2",
      "s3",
      "s4",
    ]);
    expect(course.last("steps.cancelled").stepIds).toEqual(["s3"]);
    expect(waiting(course)).toEqual([]);
  });
});

describe("what a step may not do", () => {
  test("add to another attempt", () => {
    const steps = { ...add(["a"]), attemptId: "other.1" };
    Course.working(stepwise())
      .given.when({ type: "call.settle", callId: "c2", outcome: stepDone(), usage: {}, steps })
      .thenRefused("notAllowed", /only the supervisor changes the graph/);
  });

  test("queue without end: a hundred wait, no more", () => {
    expect(waiting(planned(Array.from({ length: 100 }, () => "x")))).toHaveLength(99);
    const course = planned(Array.from({ length: 101 }, () => "x"));
    expect(course.last("attempt.ended").outcome).toMatchObject({
      status: "failed",
      error: { code: "agentFailed", message: "101 steps would wait, 100 are allowed" },
    });
  });

  test.each([Number.NaN, -1, Infinity, 0.5])("reserve %d of anything", (figure) => {
    for (const more of [
      { timeoutMs: figure },
      { reserve: { calls: 1, tokens: figure, timeMs: 1, costMicroUsd: 0 } },
    ]) {
      const steps = { ...add([]), steps: [stepDraft("odd", more)] };
      const course = Course.working(stepwise()).settles("skill", stepDone(), { steps });
      expect(course.last("attempt.ended").outcome).toMatchObject({
        status: "failed",
        error: { code: "agentFailed" },
      });
    }
  });
});

describe("how an attempt ends with a step", () => {
  test("done: the handoff, with the tree of the step or the latest", () => {
    expect(
      planned(["a"])
        .settles("tool", stepDone({ done: handoff(), snapshot: tree("mine") }))
        .last("attempt.ended").outcome,
    ).toMatchObject({ status: "handedOff", snapshot: tree("mine") });
    expect(
      planned(["a"])
        .settles("tool", stepDone({ done: handoff() }))
        .last("attempt.ended").outcome,
    ).toMatchObject({ snapshot: tree("base") });
  });

  test("no steps left and nothing handed off is a malformed handoff", () => {
    expect(planned(["a"]).settles("tool", stepDone()).last("attempt.ended").outcome).toMatchObject({
      error: { code: "malformedHandoff" },
    });
    const cancelled = planned(["a", "b"]).settles("tool", stepDone(), { steps: add([], "append", ["s3"]) });
    expect(cancelled.last("attempt.ended").outcome).toMatchObject({ error: { code: "malformedHandoff" } });
  });

  test("failed, interrupted, unknown", () => {
    expect(planned(["a"]).settles("tool", fails("agentFailed")).last("attempt.ended").outcome).toMatchObject({
      status: "failed",
      snapshot: tree("base"),
    });
    expect(
      planned(["a"]).settles("tool", { status: "interrupted", reason: "x" }).last("attempt.ended").outcome,
    ).toMatchObject({ status: "interrupted", snapshot: tree("base") });
    expect(
      planned(["a"]).settles("tool", { status: "unknown", reason: "x" }).last("attempt.ended").outcome,
    ).toMatchObject({ status: "failed", error: { code: "unknownEffect" } });
  });

  test("between two steps a cancelled mission ends it itself", () => {
    const course = planned(["a", "b"]).does({ type: "mission.cancel", reason: "enough" }).goes();
    course.settles("tool", stepDone());
    expect(course.last("attempt.ended").outcome).toMatchObject({ status: "interrupted", reason: "enough" });
    expect(course.last("mission.closed").outcome).toBe("cancelled");
  });
});

describe("detectors", () => {
  const repeat = (course: Course, digest: string): Course =>
    course.settles("tool", stepDone({ digest }), { steps: add(["look"]) });

  test("repetition: identical steps with identical results in a row", () => {
    const course = planned(["look"], { policy: { maxRepetitions: 3 } });
    repeat(repeat(course, "same"), "same");
    expect(course.all("detector.tripped")).toEqual([]);
    repeat(course, "same");
    expect(course.last("detector.tripped")).toMatchObject({
      detector: "repetition",
      taskId: "think",
      attemptId: "think.1",
    });
    expect(course.last("attempt.ended").outcome).toMatchObject({
      status: "failed",
      error: { code: "stall" },
    });
    expect(course.last("attempt.started").attemptId).toBe("think.2");
  });

  test("a different result in between is progress", () => {
    const course = planned(["look"], { policy: { maxRepetitions: 3 } });
    for (const digest of ["same", "same", "new", "same", "same"]) repeat(course, digest);
    expect(course.all("detector.tripped")).toEqual([]);
  });

  test("iteration: more steps than an attempt may have", () => {
    const course = planned(["look"], { policy: { maxStepsPerAttempt: 3 } });
    repeat(course, "one");
    expect(course.all("detector.tripped")).toEqual([]);
    repeat(course, "two");
    expect(course.last("detector.tripped")).toMatchObject({
      detector: "iteration",
      detail: "3 steps, 3 are allowed",
    });
  });
});

describe("a stall", () => {
  test("stall: nothing settled and nothing changed; the call is told to end", () => {
    const course = Course.working(
      oneTask({ timeoutMs: 9_000_000 }, { policy: { stallAfterMs: 30_000 } }),
    ).waits(29_999);
    expect(course.all("detector.tripped")).toEqual([]);
    course.waits(1);
    expect(course.events.slice(-2)).toMatchObject([
      { type: "detector.tripped", detector: "stall" },
      { type: "call.cancelling", reason: "detector" },
    ]);
    course.settles("attempt", { status: "interrupted", reason: "killed" });
    expect(course.last("attempt.ended").outcome).toMatchObject({
      status: "failed",
      error: { code: "stall" },
    });
  });

  test("a snapshot is a sign of life; people are bounded by their deadline alone", () => {
    const policy = { stallAfterMs: 30_000 };
    const course = Course.working(oneTask({ timeoutMs: 9_000_000 }, { policy })).waits(20_000);
    course.does({ type: "snapshot.record", callId: "c2", snapshot: tree("half") }).waits(29_999);
    expect(course.all("detector.tripped")).toEqual([]);
    const person = Course.working(
      missionOf([task("sign", { agentId: "person", timeoutMs: 9_000_000 })], { policy }),
    );
    const attempt = person.state.work.attempts.get("sign.1");
    expect(attempt === undefined ? 0 : stallsAt(person.state, attempt)).toBe(Infinity);
    expect(
      attempt === undefined ? "gone" : alarmOf(person.state, attempt, person.now + 8_000_000),
    ).toBeUndefined();
  });

  test("say nothing without a reason", () => {
    const course = Course.working(oneTask());
    course.given.when({ type: "detector.trip", attemptId: "build.1" }).thenRefused("notNow");
    course.given.when({ type: "detector.trip", attemptId: "build.9" }).thenRefused("alreadyDone");
  });
});

test("a stepwise agent's money is reserved too", () => {
  const course = Course.working(
    stepwise({ agents: { thinker: { kind: "stepwise", program: "plan", reserve: { costMicroUsd: 9 } } } }),
  );
  expect(course.call("skill").call.reserve).toMatchObject({ costMicroUsd: 9, tokens: 0 });
});
