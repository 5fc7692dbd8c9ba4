// Reserve before, settle after: what is spent and held back never exceeds a limit, whatever is claimed.
import { describe, expect, test } from "vitest";
import { dimensions, type Limits } from "../protocol/budget.ts";
import { Course, oneTask, stepwise, tree, twoTasks, handsOff } from "../testing/specification.ts";
import { charge, left, subtract } from "./budget.ts";

const none = { calls: 0, tokens: 0, timeMs: 0, costMicroUsd: 0 };

describe("reserving", () => {
  test("a call holds back one call, what its agent may use, and its time", () => {
    const { ledger } = Course.working(oneTask({}, { budget: { calls: 10, tokens: 1_000 } })).state;
    expect(ledger.reserved).toEqual({ calls: 1, tokens: 100, timeMs: 60_000, costMicroUsd: 10 });
    expect(ledger.spent).toEqual({ ...none, calls: 1 });
  });

  test("what is left is what nobody spent, holds back or overran; unlimited is infinite", () => {
    const course = Course.working(oneTask({}, { budget: { tokens: 1_000 } }));
    expect(left(course.state, "tokens")).toBe(900);
    expect(left(course.state, "calls")).toBe(Infinity);
    course.settles("attempt", handsOff(tree("x")), { usage: { tokens: 150 } });
    expect(course.state.ledger).toMatchObject({
      spent: { tokens: 100 },
      overrun: { tokens: 50 },
      reserved: { tokens: 0 },
    });
    expect(left(course.state, "tokens")).toBe(850);
  });

  test("a call's time is cut to what is left of the mission's", () => {
    const course = Course.working(oneTask({}, { budget: { timeMs: 20_000 } }));
    expect(course.call("attempt")).toMatchObject({
      call: { reserve: { timeMs: 20_000 } },
      deadlineAt: course.now + 20_000,
    });
  });

  test("amounts never go below nothing", () => expect(subtract(none, { ...none, tokens: 5 })).toEqual(none));
});

describe("settling", () => {
  const reserve = { calls: 1, tokens: 100, timeMs: 1_000, costMicroUsd: 50 };

  test.each<[string, number | undefined, number, number]>([
    ["nothing said", undefined, 0, 0],
    ["less than reserved", 40, 40, 0],
    ["a fraction", 0.5, 1, 0],
    ["more than reserved", 130, 100, 30],
    ["far more than reserved", 1e12, 100, 1e12 - 100],
    ["more than a number can hold exactly", 1e300, 100, Number.MAX_SAFE_INTEGER - 100],
    ["not a number", Number.NaN, 100, 0],
    ["infinitely much", Infinity, 100, 0],
    ["less than nothing", -5, 100, 0],
  ])("%s", (_name, tokens, charged, overrun) => {
    const usage = tokens === undefined ? {} : { tokens };
    const result = charge(reserve, usage, 10);
    expect(result.charged).toEqual({ calls: 1, tokens: charged, timeMs: 10, costMicroUsd: 0 });
    expect(result.overrun).toEqual({ ...none, tokens: overrun });
  });

  test("time is measured, never claimed, and never beyond the deadline or below nothing", () => {
    expect(charge(reserve, { timeMs: 5_000 }, 700).charged.timeMs).toBe(700);
    expect(charge(reserve, {}, 99_999)).toMatchObject({ charged: { timeMs: 1_000 }, overrun: { timeMs: 0 } });
    expect(charge(reserve, {}, -3).charged.timeMs).toBe(0);
  });
});

describe("no room", () => {
  const short = (): Course => Course.working(oneTask({}, { budget: { tokens: 60 } }));

  test("says what is missing and asks a human; nothing starts", () => {
    const course = short();
    expect(course.last("budget.exceeded")).toEqual({
      type: "budget.exceeded",
      taskId: "build",
      dimension: "tokens",
      wanted: 100,
      left: 60,
    });
    expect(course.last("approval.requested").approval).toMatchObject({
      kind: "budget",
      action: "raise the budget: at least 40 more tokens",
      taskId: "build",
    });
    expect(course.all("attempt.started")).toEqual([]);
    expect(course.due()).toEqual([]);
  });

  test("everything waits for the answer, not only the task that asked", () => {
    const course = Course.working(oneTask({}, { budget: { calls: 2 } })).handsOff("build");
    expect(course.last("budget.exceeded")).toMatchObject({ dimension: "calls", wanted: 1, left: 0 });
    expect(course.due()).toEqual([]);
    course.approves({ calls: 5 });
    expect(course.due()).toEqual(["verify build"]);
  });

  test("raised by enough, it goes on; by too little, it asks again", () => {
    expect(short().approves({ tokens: 40 }).due()).toEqual(["attempt build"]);
    const again = short().approves({ tokens: 39 });
    expect(again.all("approval.requested")).toHaveLength(2);
    expect(again.due()).toEqual([]);
  });

  test("denied, the mission gives up and ends unverified", () => {
    const course = short().rejects();
    expect(course.last("mission.closed").outcome).toBe("unverified");
    expect(course.last("mission.closed").reason).toMatch(/budget a1 rejected/);
  });

  test("in the middle of steps: the attempt stays, and goes on when there is room", () => {
    const course = Course.working(stepwise({ budget: { calls: 1 } }));
    expect(course.last("budget.exceeded").dimension).toBe("calls");
    expect(course.approves({ calls: 3 }).due()).toEqual(["skill think"]);
  });

  test("of a dimension that has no limit a raise changes nothing", () => {
    const course = short().approves({ tokens: 40, calls: 7 });
    expect(course.state.ledger.limits).toEqual({ tokens: 100 });
  });
});

describe("approving a raise", () => {
  const course = Course.working(oneTask({}, { budget: { tokens: 60, calls: 9 } }));
  const approve = (raise?: Limits) =>
    ({ type: "approval.approve", approvalId: "a1", ...(raise === undefined ? {} : { raise }) }) as const;

  test.each([undefined, {}, { tokens: 0 }])("says by how much: %j does not", (raise) => {
    course.given.when(approve(raise)).thenRefused("invalid", /by how much/);
  });

  test.each([
    { tokens: 40, calls: Number.NaN },
    { tokens: 40, calls: -5 },
    { tokens: Infinity },
    { tokens: 0.5 },
  ])("%j is no amount, and would break the limit for good", (raise) => {
    course.given.when(approve(raise)).thenRefused("invalid", /whole number of at least 0/);
  });

  test("is two events: the answer and the raise", () => {
    course.given.when(approve({ tokens: 40 })).then(
      {
        type: "approval.resolved",
        approvalId: "a1",
        resolution: { status: "granted", by: "human:ada", raise: { tokens: 40 } },
      },
      { type: "budget.raised", by: "human:ada", limits: { tokens: 40 } },
    );
  });
});

test("what is spent and held back stays below every limit, call by call", () => {
  const budget = { calls: 20, tokens: 450, timeMs: 500_000, costMicroUsd: 1_000 };
  const course = Course.working(twoTasks({ budget }));
  const usages = [Number.NaN, 1e12, -1, Infinity, 90];
  for (const tokens of usages) {
    if (course.due()[0]?.startsWith("attempt") === true)
      course.settles(
        "attempt",
        { status: "failed", error: { code: "agentFailed", message: "x" } },
        { usage: { tokens, costMicroUsd: tokens } },
      );
    const { limits, spent, reserved } = course.state.ledger;
    for (const dimension of dimensions)
      expect(spent[dimension] + reserved[dimension]).toBeLessThanOrEqual(limits[dimension] ?? Infinity);
  }
});
