// What an attempt starts from: goal, its own assertions, handoffs it depends on, what was tried. Nothing else.
import { expect, test } from "vitest";
import { briefSchema } from "../protocol/brief.ts";
import { Course, fails, missionOf, oneTask, task, tree, twoTasks } from "../testing/specification.ts";
import { briefOf } from "./brief.ts";

test("the first attempt knows its goal, its assertions and its limits", () => {
  const brief = briefOf(Course.working(oneTask({ input: { file: "x" } })).state, "build.1");
  expect(briefSchema.parse(brief)).toEqual(brief);
  expect(brief).toEqual({
    schemaVersion: 1,
    mission: { id: expect.any(String) as string, goal: "make it work" },
    task: { id: "build", goal: "do build", input: { file: "x" } },
    attempt: { id: "build.1", number: 1 },
    assertions: [
      {
        id: "build-ok",
        behaviour: "build-ok holds",
        check: { kind: "command", command: ["check", "build-ok"] },
      },
    ],
    handoffs: [],
    facts: [],
    previous: [],
    limits: { timeoutMs: 60_000, tokens: 100, costMicroUsd: 10 },
  });
});

test("assertions of other tasks are none of its business; those of tests name what must pass", () => {
  const spec = missionOf([task("a"), task("b")]);
  const check = {
    kind: "tests",
    command: ["t"],
    cwd: "lib",
    report: { format: "tap", from: "stdout" },
    expect: ["one"],
    timeoutMs: 5,
  } as const;
  spec.contract = spec.contract.map((assertion) => ({
    ...assertion,
    check: { ...check, expect: [...check.expect], command: [...check.command] },
  }));
  expect(briefOf(Course.working(spec).state, "a.1")?.assertions).toEqual([
    {
      id: "a-ok",
      behaviour: "a-ok holds",
      check: { kind: "tests", command: ["t"], cwd: "lib", expect: ["one"] },
    },
  ]);
});

test("handoffs of what it needs, and of nothing else", () => {
  const course = Course.working(missionOf([task("a"), task("b"), task("c", { needs: ["b"] })]))
    .finishes("a")
    .finishes("b");
  expect(briefOf(course.state, "c.1")?.handoffs.map(({ taskId }) => taskId)).toEqual(["b"]);
});

test("what was tried before, the latest five", () => {
  const course = Course.working(twoTasks());
  course.settles("attempt", fails("agentFailed", "no idea"));
  expect(briefOf(course.state, "build.2")?.previous).toEqual([
    { attemptId: "build.1", outcome: "agentFailed", findings: [{ severity: "blocking", text: "no idea" }] },
  ]);
  const many = Course.working(oneTask({ maxAttempts: 9 }));
  for (let count = 0; count < 7; count += 1) many.settles("attempt", fails("agentFailed"));
  expect(briefOf(many.state, "build.8")?.previous.map(({ attemptId }) => attemptId)).toEqual([
    "build.3",
    "build.4",
    "build.5",
    "build.6",
    "build.7",
  ]);
});

test("after an interruption, where it was; after a resumption, that it goes on", () => {
  const fresh = Course.working(oneTask()).settles("attempt", {
    status: "interrupted",
    reason: "a crash",
    snapshot: tree("half"),
  });
  expect(briefOf(fresh.state, "build.2")?.recovery).toMatchObject({
    interruptedAttemptId: "build.1",
    note: expect.stringContaining("a crash") as string,
  });
  const resumed = Course.working(oneTask({ agentId: "resumer" })).taken();
  expect(briefOf(resumed.state, "build.1")?.recovery).toMatchObject({ interruptedAttemptId: "build.1" });
  expect(briefOf(Course.working(oneTask()).state, "build.1")).not.toHaveProperty("recovery");
});

test("an attempt that is not open has none", () => {
  expect(briefOf(Course.working(oneTask()).handsOff("build").state, "build.1")).toBeUndefined();
});
