// Preflight: the base is tried before anything is spent, and what the contract did not expect is asked.
import { describe, expect, test } from "vitest";
import type { Baseline } from "../protocol/call.ts";
import { baseTree, Course, fails, missionOf, oneTask, succeeded, task } from "../testing/specification.ts";

const policy = { preflightRuns: 2 };
const entry = (value: Baseline["value"], more: Partial<Baseline> = {}): Baseline => ({
  assertionId: "build-ok",
  value,
  reason: value,
  evidence: [],
  flaky: false,
  ...more,
});

function tried(onBase: "fails" | "passes" | "any", ...baseline: Baseline[]): Course {
  const spec = oneTask({}, { policy });
  spec.contract = spec.contract.map((assertion) => ({ ...assertion, onBase }));
  return Course.of(spec)
    .settles("prepare", succeeded({ kind: "prepare", snapshot: baseTree }))
    .settles("preflight", succeeded({ kind: "preflight", baseline }));
}

describe("given a policy that asks for preflight", () => {
  test("when the base is imported, it is tried before any task starts", () => {
    const course = Course.working(oneTask({}, { policy }));
    expect(course.due()).toEqual(["preflight"]);
    expect(course.call("preflight").call.work).toEqual({ kind: "preflight", snapshot: baseTree, runs: 2 });
  });

  test("when the base is as the contract expects, work starts, and nothing is tried twice", () => {
    const course = tried("fails", entry("failed"));
    expect(course.due()).toEqual(["attempt build"]);
    expect(course.all("approval.requested")).toEqual([]);
  });

  test.each([
    ["fails", "passed"],
    ["passes", "failed"],
    ["fails", "inconclusive"],
    ["any", "error"],
  ] as const)(
    "when an assertion that %s on the base is %s there, a human is asked before work",
    (onBase, value) => {
      const course = tried(onBase, entry(value));
      expect(course.due()).toEqual([]);
      expect(course.last("approval.requested").approval).toMatchObject({ kind: "preflight" });
      expect(course.approves().due()).toEqual(["attempt build"]);
    },
  );

  test("when the human says no, the mission ends with nothing spent on work", () => {
    const course = tried("fails", entry("passed")).rejects();
    expect(course.last("mission.closed").outcome).toBe("unverified");
    expect(course.all("attempt.started")).toEqual([]);
  });

  test("when a check does not agree with itself, that is a finding and no surprise", () => {
    const course = tried("fails", entry("inconclusive", { flaky: true }));
    expect(course.last("finding.recorded").finding).toMatchObject({ kind: "flaky", by: "preflight" });
    expect(course.due()).toEqual(["attempt build"]);
  });

  test("when the base does not start, the mission stops there and asks, with the output", () => {
    const course = Course.working(oneTask({}, { policy })).settles(
      "preflight",
      fails("blocked", "npm ci: E404"),
    );
    expect(course.last("approval.requested").approval).toMatchObject({
      kind: "escalation",
      reason: expect.stringContaining("E404") as string,
    });
    expect(course.approves().due()).toEqual(["preflight"]);
  });

  test("when a mission has no tasks, it proves the base and compares with nothing", () => {
    const spec = { ...missionOf([task("build")], { policy }), tasks: [] };
    expect(Course.working(spec).due()).toEqual(["verify"]);
  });
});

describe("given a mission without tasks", () => {
  const proving = (): Course => Course.working({ ...oneTask(), tasks: [] });

  test("when everything passes, it is verified and nothing is delivered", () => {
    const course = proving();
    course.settles("verify", judgesAll(course, "passed"));
    expect(course.last("mission.closed")).toMatchObject({ outcome: "verified" });
    expect(course.all("call.wanted").map(({ call }) => call.work.kind)).toEqual(["prepare", "verify"]);
  });

  test("when something fails, it says so and ends", () => {
    const course = proving();
    course.settles("verify", judgesAll(course, "failed"));
    expect(course.last("mission.closed")).toMatchObject({
      outcome: "unverified",
      reason: "not proven on the base: build-ok",
    });
  });

  test("when nothing can be said, it tries again before it gives up", () => {
    const course = proving();
    course.settles("verify", judgesAll(course, "error"));
    expect(course.all("mission.closed")).toEqual([]);
    expect(course.waits(60_000).due()).toEqual(["verify"]);
  });
});

function judgesAll(course: Course, value: Baseline["value"]): Parameters<Course["settles"]>[1] {
  const { work } = course.call("verify").call;
  const ids = work.kind === "verify" ? work.assertionIds : [];
  return succeeded({
    kind: "verify",
    verdicts: ids.map((assertionId) => ({ assertionId, value, reason: value, evidence: [] })),
  });
}
