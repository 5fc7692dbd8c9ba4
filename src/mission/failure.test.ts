// Every row of the failure table: what a worker reports, and what only the supervisor decides about it.
import { describe, expect, test } from "vitest";
import type { CallErrorCode } from "../protocol/call.ts";
import type { VerdictDraft } from "../protocol/verdict.ts";
import {
  Course,
  fails,
  judges,
  oneTask,
  specStart,
  succeeded,
  task,
  missionOf,
  tree,
} from "../testing/specification.ts";
import { backoffMs } from "./failure.ts";

const afterFailure = (code: CallErrorCode, more: Parameters<typeof oneTask>[0] = {}): Course =>
  Course.working(oneTask(more)).settles("attempt", fails(code));

describe("the work itself failed", () => {
  const rows = ["timeout", "stall", "agentFailed", "malformedHandoff"] as const;

  test.each(rows)("%s: another attempt by the same agent, at once, from the head", (code) => {
    const course = afterFailure(code);
    const retried = course.last("task.retried");
    expect(retried).toMatchObject({
      again: "attempt",
      agentId: "worker",
      notBefore: specStart,
      extraAttempts: 0,
    });
    expect(retried).not.toHaveProperty("from");
    expect(course.last("attempt.started")).toMatchObject({ attemptId: "build.2", from: tree("base") });
  });

  test.each(rows)("%s: a human when no attempts are left", (code) => {
    const course = afterFailure(code, { maxAttempts: 1 });
    const { approval } = course.last("approval.requested");
    expect(approval).toMatchObject({ kind: "escalation", taskId: "build" });
    expect(approval.reason).toMatch(/no attempts are left \(1 made\)/);
    expect(course.due()).toEqual([]);
  });
});

describe("the world around the work failed", () => {
  const rows = ["infrastructure", "sandbox", "quota"] as const;

  test.each(rows)("%s: the attempt is given back after a wait that doubles", (code) => {
    const course = afterFailure(code, { maxAttempts: 1 });
    expect(course.last("task.retried")).toMatchObject({ extraAttempts: 1, notBefore: specStart + 4_000 });
    expect(course.due()).toEqual([]);
    expect(course.waits(3_999).due()).toEqual([]);
    expect(course.waits(1).due()).toEqual(["attempt build"]);
    course.settles("attempt", fails(code));
    expect(course.last("task.retried").notBefore).toBe(course.now + 8_000);
  });

  test.each(rows)("%s: a human when it does not pass", (code) => {
    const course = Course.working(oneTask({}, { policy: { maxInfrastructureRetries: 1 } }));
    course.settles("attempt", fails(code)).waits(10_000).settles("attempt", fails(code));
    expect(course.last("approval.requested").approval.reason).toMatch(/2 infrastructure failures in a row/);
  });

  test("a handoff ends the row of setbacks", () => {
    const course = afterFailure("infrastructure").waits(4_000).handsOff("build");
    expect(course.state.work.tasks.get("build")?.setbacks).toBe(0);
  });

  test("rateLimit: fewer at once, and nothing before the reset", () => {
    const course = Course.working(oneTask());
    const resetAt = course.now + 90_000;
    course.settles("attempt", { status: "failed", error: { code: "rateLimit", message: "slow", resetAt } });
    expect(course.last("concurrency.lowered")).toEqual({
      type: "concurrency.lowered",
      to: 2,
      until: resetAt,
    });
    expect(course.waits(89_999).due()).toEqual([]);
    expect(course.waits(1).due()).toEqual(["attempt build"]);
  });

  test.each([
    ["none", undefined],
    ["one that has passed", specStart - 5],
    ["one that is no time", Number.NaN],
  ])("rateLimit with a reset, %s: waits as for any setback, never spins", (_name, resetAt) => {
    const error = {
      code: "rateLimit",
      message: "slow",
      ...(resetAt === undefined ? {} : { resetAt }),
    } as const;
    const course = Course.working(oneTask()).settles("attempt", { status: "failed", error });
    expect(course.last("task.retried").notBefore).toBe(specStart + 4_000);
  });

  test("lowered concurrency bounds how many start, until it is over", () => {
    const tasks = ["a", "b", "c", "d", "e"].map((id) => task(id, { access: "read" }));
    const course = Course.working(missionOf(tasks));
    expect(course.due()).toHaveLength(4);
    const error = { code: "rateLimit", message: "slow", resetAt: course.now + 60_000 } as const;
    course.settles("attempt", { status: "failed", error }, { taskId: "a" });
    expect(course.due()).toHaveLength(3);
    course.settles("attempt", fails("blocked"), { taskId: "b" });
    expect(course.due()).toEqual(["attempt c", "attempt d"]);
    expect(course.waits(59_999).due()).toHaveLength(2);
    expect(course.waits(1).due()).toEqual(["attempt c", "attempt d", "attempt e", "attempt a"]);
  });
});

describe("interrupted", () => {
  const interrupt = { status: "interrupted", reason: "the runner ended it", snapshot: tree("half") } as const;

  test("goes on from the latest snapshot, and the attempt is given back", () => {
    const course = Course.working(oneTask({ maxAttempts: 1 })).settles("attempt", interrupt);
    expect(course.last("task.retried")).toMatchObject({ from: tree("half"), extraAttempts: 1 });
    expect(course.last("attempt.started")).toMatchObject({ attemptId: "build.2", from: tree("half") });
  });

  test("too often under one task is not bad luck: a human is asked", () => {
    const course = Course.working(oneTask());
    for (let count = 0; count <= 50; count += 1) course.settles("attempt", interrupt);
    expect(course.last("approval.requested").approval.reason).toMatch(/51 interruptions in a row/);
  });
});

const verifying = (policy = {}): Course => Course.working(oneTask({}, { policy })).handsOff("build");

describe("verification", () => {
  test.each(["inconclusive", "error"] as const)(
    "%s: the same tree is judged again after a wait, never failed",
    (value) => {
      const course = verifying().judged("build", value);
      expect(course.last("task.retried")).toMatchObject({
        again: "verification",
        extraAttempts: 0,
        notBefore: specStart + 4_000,
      });
      expect(course.waits(4_000).call("verify").call.work).toMatchObject({ snapshot: tree("build") });
      expect(course.all("attempt.started")).toHaveLength(1);
    },
  );

  test("unclear again and again: a human; granted, it is judged once more", () => {
    const course = verifying({ maxInfrastructureRetries: 0 }).judged("build", "error");
    expect(course.last("approval.requested").approval.reason).toMatch(/unclear 1 times/);
    expect(course.approves().due()).toEqual(["verify build"]);
    course.judged("build");
    expect(course.due()).toEqual(["deliver"]);
  });

  test("a verdict that is missing counts as error, not as passed", () => {
    const course = verifying().settles("verify", succeeded({ kind: "verify", verdicts: [] }), {
      taskId: "build",
    });
    expect(course.last("verdict.given").verdict).toMatchObject({ assertionId: "build-ok", value: "error" });
    expect(course.last("task.retried").again).toBe("verification");
  });

  test("verdicts about other assertions are not listened to", () => {
    const stray = { assertionId: "other", value: "passed", reason: "", evidence: [] } satisfies VerdictDraft;
    const course = verifying().settles("verify", succeeded({ kind: "verify", verdicts: [stray] }), {
      taskId: "build",
    });
    expect(course.all("verdict.given").map(({ verdict }) => verdict.assertionId)).toEqual(["build-ok"]);
  });

  test.each([
    ["failed call", fails("infrastructure")],
    ["unknown end", { status: "unknown", reason: "?" }],
  ] as const)("a %s is unclear, never a verdict", (_name, outcome) => {
    const course = verifying().settles("verify", outcome, { taskId: "build" });
    expect(course.all("verdict.given")).toEqual([]);
    expect(course.last("task.retried").again).toBe("verification");
  });

  test("an interrupted one is simply done again", () => {
    const course = verifying().settles(
      "verify",
      { status: "interrupted", reason: "stop" },
      { taskId: "build" },
    );
    expect(course.due()).toEqual(["verify build"]);
    expect(course.state.work.tasks.get("build")?.setbacks).toBe(0);
  });
});

describe("verdicts that leave no doubt, and the finished tree", () => {
  test.each(["impossible", "blocked"] as const)("%s: a human is asked at once", (value) => {
    const course = verifying().judged("build", value);
    expect(course.last("approval.requested").approval).toMatchObject({ kind: "escalation", taskId: "build" });
  });

  test("failed beats unclear: one failed assertion makes a fix", () => {
    const spec = missionOf([task("build", { fulfills: ["x", "y"] })]);
    const course = Course.working(spec).handsOff("build");
    const verdict = (assertionId: string, value: "failed" | "error") => ({
      assertionId,
      value,
      reason: value,
      evidence: [],
    });
    course.settles(
      "verify",
      succeeded({ kind: "verify", verdicts: [verdict("x", "failed"), verdict("y", "error")] }),
    );
    expect(course.last("task.added").task.id).toBe("build~1");
    expect(course.all("assertion.reopened").map(({ assertionId }) => assertionId)).toEqual(["x", "y"]);
  });

  test("on the finished tree unclear waits and is done again; too often asks a human", () => {
    const spec = missionOf([task("a"), task("b", { needs: ["a"] })], {
      policy: { maxInfrastructureRetries: 1 },
    });
    const course = Course.working(spec).finishes("a").finishes("b");
    course.settles("verify", judges(course.call("verify"), "inconclusive"));
    expect(course.due()).toEqual([]);
    expect(course.waits(4_000).due()).toEqual(["verify"]);
    course.settles("verify", fails("infrastructure"));
    expect(course.last("approval.requested").approval).toMatchObject({
      kind: "escalation",
      action: "try again",
    });
    expect(course.approves().due()).toEqual(["verify"]);
  });
});

describe("only a human can go on", () => {
  test.each(["blocked", "impossible"] as const)(
    "%s: asked at once; granted, there is another attempt",
    (code) => {
      const course = afterFailure(code, { maxAttempts: 1 });
      expect(course.last("approval.requested").approval).toMatchObject({
        kind: "escalation",
        taskId: "build",
      });
      course.approves();
      expect(course.last("task.retried")).toMatchObject({ extraAttempts: 1, reason: "a human granted it" });
      expect(course.due()).toEqual(["attempt build"]);
    },
  );

  test("an effect nobody knows about is a question of its own kind", () => {
    const course = Course.working(oneTask()).settles("attempt", {
      status: "unknown",
      reason: "did it push?",
    });
    expect(course.last("approval.requested").approval).toMatchObject({
      kind: "unknownEffect",
      taskId: "build",
    });
  });

  test("rejected, the task has failed and the mission with it", () => {
    const course = afterFailure("blocked").rejects();
    expect(course.last("task.ended")).toMatchObject({ status: "failed" });
    expect(course.last("mission.closed").outcome).toBe("failed");
  });
});

describe("the mission's own calls", () => {
  test("a base that cannot be imported is tried again after a wait, then a human is asked", () => {
    const course = Course.of(oneTask({}, { policy: { maxInfrastructureRetries: 1 } })).settles(
      "prepare",
      fails("infrastructure"),
    );
    expect(course.due()).toEqual([]);
    course.waits(4_000).settles("prepare", fails("infrastructure"));
    expect(course.last("approval.requested").approval.reason).toBe("infrastructure");
    expect(course.rejects().last("mission.closed").outcome).toBe("unverified");
  });

  test("blocked is not waited for: a human is asked at once", () => {
    const course = Course.of(oneTask()).settles("prepare", fails("blocked", "not a repository"));
    expect(course.last("approval.requested").approval).toMatchObject({
      kind: "escalation",
      reason: "not a repository",
    });
    course.given.when({ type: "mission.close" }).thenRefused("notNow");
  });

  test("a delivery of which nobody knows whether it happened is a human's question", () => {
    const course = Course.working(oneTask())
      .finishes("build")
      .settles("deliver", { status: "unknown", reason: "?" });
    expect(course.last("approval.requested").approval.kind).toBe("unknownEffect");
    expect(course.approves().due()).toEqual(["deliver"]);
  });

  test("what needs no human is not asked", () => {
    Course.of(oneTask()).given.when({ type: "mission.escalate" }).thenRefused("alreadyDone");
  });
});

test("waits double and are bounded", () => {
  expect([0, 1, 2, 3].map((setbacks) => backoffMs(2_000, setbacks))).toEqual([2_000, 4_000, 8_000, 16_000]);
  expect(backoffMs(2_000, 1_000_000)).toBe(600_000);
});

test("there is nothing to decide about a task that has not failed", () => {
  const course = Course.working(oneTask());
  course.given.when({ type: "task.handleFailure", taskId: "build" }).thenRefused("notNow", /is working/);
  course.given.when({ type: "task.handleFailure", taskId: "ghost" }).thenRefused("notFound");
});
