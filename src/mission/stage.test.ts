// Stages: the next one begins when all of the one before is proven on one tree; and what a failure leads to downstream.
import { describe, expect, test } from "vitest";
import type { Baseline } from "../protocol/call.ts";
import {
  Course,
  fails,
  judges,
  missionOf,
  oneTask,
  succeeded,
  task,
  tree,
} from "../testing/specification.ts";

const stages = [{ id: "first" }, { id: "second" }];
const staged = (): Course =>
  Course.working(
    missionOf(
      [task("a", { stageId: "first" }), task("b", { stageId: "first" }), task("c", { stageId: "second" })],
      {
        stages,
      },
    ),
  );

describe("given two stages", () => {
  test("tasks of the second wait until the first is sealed", () => {
    const course = staged().finishes("a");
    expect(course.due()).toEqual(["attempt b"]);
    course.finishes("b");
    // "a" was proven on a tree that has moved on.
    expect(course.call("verify").call.work).toMatchObject({ assertionIds: ["a-ok"], stageId: "first" });
    course.settles("verify", judges(course.call("verify")));
    expect(course.last("stage.sealed")).toMatchObject({ stageId: "first", snapshot: tree("b") });
    expect(course.due()).toEqual(["attempt c"]);
  });

  test("what broke inside a stage is fixed before it is sealed", () => {
    const course = staged().finishes("a").finishes("b");
    course.settles("verify", judges(course.call("verify"), "failed"));
    expect(course.all("stage.sealed")).toEqual([]);
    expect(course.due()).toEqual(["attempt a~1"]);
  });

  test("the mission's own seal rests on what the stages proved", () => {
    const course = staged().finishes("a").finishes("b");
    course.settles("verify", judges(course.call("verify")));
    course.finishes("c");
    expect(course.call("verify").call.work).toMatchObject({
      assertionIds: ["a-ok", "b-ok"],
      stageId: "second",
    });
    course.settles("verify", judges(course.call("verify")));
    expect(course.delivers().last("mission.closed").outcome).toBe("verified");
  });
});

describe("given a check of the whole tree", () => {
  const lint = { kind: "command", command: ["lint"], exitCode: 0, timeoutMs: 5_000 } as const;
  const checks = [{ id: "lint", behaviour: "lint is quiet", check: { ...lint, command: [...lint.command] } }];
  const entry = (assertionId: string, value: "passed" | "failed"): Baseline => {
    return { assertionId, value, reason: "", evidence: [], flaky: false };
  };
  const checked = (onBase: "passed" | "failed"): Course =>
    Course.working(oneTask({}, { checks, policy: { preflightRuns: 1 } })).settles(
      "preflight",
      succeeded({ kind: "preflight", baseline: [entry("build-ok", "failed"), entry("lint", onBase)] }),
    );

  test("what the base passed must pass in the end, and whoever changed the tree last answers for it", () => {
    const course = checked("passed").finishes("build");
    expect(course.call("verify").call.work).toMatchObject({ assertionIds: ["lint"] });
    course.settles("verify", judges(course.call("verify"), "failed"));
    expect(course.due()).toEqual(["attempt build~1"]);
  });

  test("what the base failed already is not asked of the work", () => {
    expect(checked("failed").finishes("build").due()).toEqual(["deliver"]);
  });
});

describe("given a failure policy", () => {
  test("another branch takes the assertions over when attempts have run out", () => {
    const fallback = { agentId: "helper", goal: "go the long way" };
    const course = Course.working(oneTask({ maxAttempts: 1, onFailure: "fallback", fallback }));
    course.settles("attempt", fails("agentFailed"));
    expect(course.last("task.added").task).toMatchObject({
      id: "build~1",
      goal: "go the long way",
      agentId: "helper",
      onFailure: "retry",
    });
    expect(course.due()).toEqual(["attempt build~1"]);
  });

  test("with retryDownstream, what needed the reopened task is done again after it", () => {
    const plan = missionOf([
      task("a", { onFailure: "retryDownstream" }),
      task("b", { needs: ["a"] }),
      task("c"),
    ]);
    const course = Course.working(plan).finishes("a").finishes("c").finishes("b");
    const verify = course.call("verify");
    course.settles(
      "verify",
      succeeded({
        kind: "verify",
        verdicts: ["a-ok", "c-ok"].map((assertionId) => ({
          assertionId,
          value: assertionId === "a-ok" ? ("failed" as const) : ("passed" as const),
          reason: "x",
          evidence: [],
        })),
      }),
    );
    expect(verify.call.taskId).toBeUndefined();
    expect(course.all("task.added").map(({ task: { id } }) => id)).toEqual(["a~1", "b~1"]);
    expect(course.due()).toEqual(["attempt a~1"]);
    expect(course.finishes("a~1", tree("a2")).due()).toEqual(["attempt b~1"]);
  });

  test("no attempt runs past the task's deadline, and after it a human is asked", () => {
    const course = Course.working(oneTask({ timeoutMs: 60_000, deadlineMs: 90_000, maxAttempts: 9 }));
    course.waits(50_000).settles("attempt", fails("agentFailed"));
    expect(course.call("attempt").call.reserve.timeMs).toBe(40_000);
    course.waits(40_000).settles("attempt", { status: "interrupted", reason: "deadline" });
    expect(course.last("approval.requested").approval.reason).toContain("its deadline is over");
  });
});
