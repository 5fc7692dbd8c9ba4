// Calls: every row of the recovery table, what is charged for what was lost, deadlines, snapshots, refusals.
import { describe, expect, test } from "vitest";
import type { Call, Effect } from "../protocol/call.ts";
import type { Verdict } from "../protocol/verdict.ts";
import {
  Course,
  ada,
  baseTree,
  fails,
  humanTask,
  judges,
  oneTask,
  person,
  stepDraft,
  stepDone,
  stepwise,
  task,
  missionOf,
  tree,
} from "../testing/specification.ts";
import { idempotencyKey, recoveryAction, strictest } from "./recovery.ts";

/** A stepwise mission whose open call is a tool with these effects. */
function toolCall(effects: Effect[], outline: Parameters<typeof stepwise>[0] = {}): Course {
  const steps = [
    stepDraft("push", { effects, reserve: { calls: 1, tokens: 30, timeMs: 30_000, costMicroUsd: 5 } }),
  ];
  return Course.working(stepwise(outline)).settles("skill", stepDone(), {
    steps: { attemptId: "think.1", steps, position: "append" },
  });
}

describe("the strictest effect decides", () => {
  test.each<[Effect[], Effect]>([
    [[], "read"],
    [["read"], "read"],
    [["read", "model"], "model"],
    [["workspace", "model"], "workspace"],
    [["attempt", "workspace"], "attempt"],
    [["external", "read"], "external"],
  ])("%j counts as %s", (set, effect) => expect(strictest(set)).toBe(effect));

  test.each<[Effect, string]>([
    ["read", "redo"],
    ["model", "askAgain"],
    ["workspace", "restore"],
    ["attempt", "interrupt"],
    ["external", "lookUp"],
  ])("%s: %s", (effect, action) => {
    const call: Call = {
      id: "c1",
      work: { kind: "prepare" },
      effects: [effect],
      reserve: { calls: 1, tokens: 0, timeMs: 0, costMicroUsd: 0 },
    };
    expect(recoveryAction(call)).toBe(action);
  });

  test("an attempt that can be resumed is", () => {
    const course = Course.working(oneTask({ agentId: "resumer" })).taken();
    expect(course.last("call.recovered")).toMatchObject({ callId: "c2", epoch: 2, action: "resume" });
    expect(course.due()).toEqual(["resume attempt build"]);
  });

  test("the outside knows a call by mission and number", () =>
    expect(idempotencyKey("m", "c1")).toBe("m:c1"));
});

describe("a new runner finds a call wanted and not settled", () => {
  test.each<[Effect, string, string]>([
    ["read", "redo", "tool think"],
    ["model", "askAgain", "tool think"],
    ["workspace", "restore", "restore tool think"],
  ])(
    "%s: %s, with all that was reserved charged and the time it is known to have run",
    (effect, action, due) => {
      const course = toolCall([effect]);
      course.now += 2_000;
      course.happens({ type: "snapshot.taken", callId: "nobody", snapshot: baseTree });
      course.now += 5_000;
      course.taken();
      expect(course.last("call.recovered")).toMatchObject({
        action,
        epoch: 2,
        charged: { calls: 1, tokens: 30, timeMs: 2_000, costMicroUsd: 5 },
      });
      expect(course.due()).toEqual([due]);
      expect(course.call("tool").deadlineAt).toBe(course.now + 30_000);
    },
  );

  test("external: looked up, charged nothing, and only redone when it never happened", () => {
    const course = toolCall(["external"]).taken();
    expect(course.last("call.recovered")).toMatchObject({
      action: "lookUp",
      charged: {},
    });
    expect(course.due()).toEqual(["lookUp tool think"]);
    course.does({ type: "call.redo", callId: "c3" });
    expect(course.due()).toEqual(["tool think"]);
  });

  test("external and being ended: still looked up, because the world may have changed", () => {
    const course = toolCall(["external"])
      .does({ type: "call.cancel", callId: "c3", reason: "deadline" })
      .taken();
    expect(course.last("call.recovered").action).toBe("lookUp");
  });
});

describe("what is not done again", () => {
  test("attempt: closed as interrupted, and a fresh one starts from the latest snapshot inside it", () => {
    const course = Course.working(oneTask())
      .does({ type: "snapshot.record", callId: "c2", snapshot: tree("half") })
      .taken();
    expect(course.last("call.settled")).toMatchObject({
      callId: "c2",
      outcome: { status: "interrupted", snapshot: tree("half") },
      charged: { tokens: 100 },
    });
    expect(course.last("attempt.started")).toMatchObject({ attemptId: "build.2", from: tree("half") });
  });

  test("a call that was being ended is ended", () => {
    const course = toolCall(["model"])
      .does({ type: "call.cancel", callId: "c3", reason: "deadline" })
      .taken();
    expect(course.last("call.settled").outcome).toMatchObject({
      status: "failed",
      error: { code: "timeout" },
    });
  });

  test("where the budget cannot hold both the loss and another try, the attempt is interrupted", () => {
    const course = toolCall(["model"], { budget: { tokens: 50 } }).taken();
    expect(course.last("attempt.ended").outcome.status).toBe("interrupted");
    expect(course.state.ledger.spent.tokens).toBe(30);
  });

  test("a person's task goes on as if nothing had happened", () => {
    const course = Course.working(humanTask()).taken();
    expect(course.all("call.recovered")).toEqual([]);
    expect(course.call("human").call.id).toBe("c2");
    course.given.when({ type: "call.recover", callId: "c2" }).thenRefused("alreadyDone", /no recovery/);
  });

  test("the mission's own calls too: base again, verification restored, delivery looked up", () => {
    expect(Course.of(oneTask()).taken().due()).toEqual(["prepare"]);
    expect(Course.working(oneTask()).handsOff("build").taken().due()).toEqual(["restore verify build"]);
    expect(Course.working(oneTask()).finishes("build").taken().due()).toEqual(["lookUp deliver"]);
  });

  test("only calls of an earlier epoch are recovered, only look-ups are redone", () => {
    const course = Course.working(oneTask());
    course.given.when({ type: "call.recover", callId: "c2" }).thenRefused("alreadyDone");
    course.given.when({ type: "call.recover", callId: "c9" }).thenRefused("alreadyDone", /not open/);
    course.given.when({ type: "call.redo", callId: "c2" }).thenRefused("notNow", /not being looked up/);
    course.given.when({ type: "call.redo", callId: "c9" }).thenRefused("alreadyDone");
  });
});

describe("settling", () => {
  test("a call is settled once", () => {
    const course = Course.working(oneTask());
    const settle = { type: "call.settle", callId: "c2", outcome: fails("agentFailed"), usage: {} } as const;
    course
      .does(settle)
      .given.when(settle)
      .thenRefused("alreadyDone", /c2 is not open/);
  });

  test("its result must be of its kind", () => {
    const settle = { type: "call.settle", callId: "c2", outcome: stepDone(), usage: {} } as const;
    Course.working(oneTask())
      .given.when(settle)
      .thenRefused("invalid", /c2 is attempt, its result cannot be step/);
  });

  test("nobody but a person ends a person's task", () => {
    const settle = { type: "call.settle", callId: "c2", outcome: fails("agentFailed"), usage: {} } as const;
    Course.working(humanTask())
      .given.when(settle)
      .thenRefused("notAllowed", /person/);
  });

  test("settling one call and wanting the next follow from one another", () => {
    const course = Course.working(oneTask());
    const before = course.events.length;
    course.handsOff("build");
    expect(course.events.slice(before).map(({ type }) => type)).toEqual([
      "call.settled",
      "attempt.ended",
      "call.wanted",
    ]);
  });
});

describe("verdicts", () => {
  test("verdicts are bound to tree, contract version and verifier", () => {
    const course = Course.working(oneTask()).handsOff("build", tree("mine")).judged("build");
    expect(course.last("verdict.given").verdict).toMatchObject({
      by: "verifier",
      tree: "tree-mine",
      contractVersion: 1,
      value: "passed",
    });
  });

  test("verdicts of a tree that is no longer the one judged prove nothing", () => {
    const course = Course.working(oneTask()).handsOff("build");
    const verdict = {
      assertionId: "build-ok",
      value: "passed",
      reason: "",
      evidence: [],
      by: "verifier",
      tree: "tree-old",
      judged: { commit: "old", tree: "tree-old" },
      contractVersion: 1,
    } satisfies Verdict;
    course.happens({ type: "verdict.given", verdict, callId: "c3" });
    course.happens({
      type: "call.settled",
      callId: "c3",
      outcome: judges(course.call("verify")),
      charged: { calls: 1, tokens: 0, timeMs: 0, costMicroUsd: 0 },
      overrun: { calls: 0, tokens: 0, timeMs: 0, costMicroUsd: 0 },
      by: "x",
    });
    expect(course.state.work.tasks.get("build")).toMatchObject({
      phase: "failing",
      failure: { code: "verdictUnclear" },
    });
  });

  test("a task whose verdicts are of another tree is not finished", () => {
    const course = Course.working(oneTask()).handsOff("build");
    course.given.when({ type: "task.finish", taskId: "build" }).thenRefused("notNow", /is verifying/);
    course.given.when({ type: "task.verify", taskId: "build" }).thenRefused("notNow", /is verifying/);
  });
});

describe("deadlines", () => {
  test("a call past its time is told to end, and that is a timeout", () => {
    const course = Course.working(oneTask()).waits(60_000);
    expect(course.last("call.cancelling")).toEqual({
      type: "call.cancelling",
      callId: "c2",
      reason: "deadline",
    });
    course.settles("attempt", { status: "interrupted", reason: "killed", snapshot: tree("late") });
    expect(course.last("attempt.ended").outcome).toMatchObject({
      status: "failed",
      error: { code: "timeout" },
      snapshot: tree("late"),
    });
  });

  test("not a moment sooner, and not twice", () => {
    const course = Course.working(oneTask()).waits(59_999);
    expect(course.all("call.cancelling")).toEqual([]);
    course
      .waits(1)
      .given.when({ type: "call.cancel", callId: "c2", reason: "pause" })
      .thenRefused("alreadyDone");
    course.given.when({ type: "call.cancel", callId: "c9", reason: "pause" }).thenRefused("alreadyDone");
  });

  test("what succeeds although it was told to end has succeeded", () => {
    const course = Course.working(oneTask()).waits(60_000).handsOff("build");
    expect(course.due()).toEqual(["verify build"]);
  });

  test("a person's time ends without a performer", () => {
    const course = Course.working(missionOf([task("sign", { agentId: "person", maxAttempts: 1 })]));
    course.given.when({ type: "call.expire", callId: "c2" }).thenRefused("notNow", /has time/);
    course.waits(60_000);
    expect(course.last("call.settled")).toMatchObject({
      outcome: { status: "failed", error: { code: "timeout" } },
      charged: { timeMs: 60_000 },
    });
    expect(course.last("approval.requested").approval.kind).toBe("escalation");
  });

  test("nobody else's does", () => {
    Course.working(oneTask()).given.when({ type: "call.expire", callId: "c2" }).thenRefused("notAllowed");
    Course.working(oneTask()).given.when({ type: "call.expire", callId: "c9" }).thenRefused("alreadyDone");
  });
});

describe("snapshots inside an attempt", () => {
  test("become what a crash goes on from", () => {
    const course = Course.working(oneTask());
    course.given
      .when({ type: "snapshot.record", callId: "c2", snapshot: tree("half") })
      .then({ type: "snapshot.taken", callId: "c2", snapshot: tree("half") });
  });

  test("only when something changed, and only inside an attempt", () => {
    const course = Course.working(oneTask());
    course.given
      .when({ type: "snapshot.record", callId: "c2", snapshot: baseTree })
      .thenRefused("alreadyDone", /nothing changed/);
    course.given
      .when({ type: "snapshot.record", callId: "c9", snapshot: baseTree })
      .thenRefused("alreadyDone");
    Course.of(oneTask())
      .given.when({ type: "snapshot.record", callId: "c1", snapshot: baseTree })
      .thenRefused("invalid", /no attempt/);
  });
});

describe("a person hands off", () => {
  const handoff = (status: "done" | "partial" | "failed" | "blocked" | "impossible") => ({
    status,
    summary: "by hand",
    done: [],
    leftUndone: [],
    commands: [],
    testsAdded: [],
    issues: [],
    deviations: [],
  });
  const answer = (status: Parameters<typeof handoff>[0]) =>
    ({ type: "task.answer", taskId: "sign", handoff: handoff(status), snapshot: tree("mine") }) as const;

  test.each(["done", "partial"] as const)("%s is a claim like any other, and is judged", (status) => {
    const course = Course.working(humanTask()).does(answer(status)).goes();
    expect(course.due()).toEqual(["verify sign"]);
    expect(course.last("call.settled").by).toBe(ada);
  });

  test("without a tree of their own the one they were given counts", () => {
    const course = Course.working(humanTask()).does({
      type: "task.answer",
      taskId: "sign",
      handoff: handoff("done"),
    });
    expect(course.last("attempt.ended").outcome).toMatchObject({ snapshot: baseTree });
  });

  test.each([
    ["failed", "agentFailed"],
    ["blocked", "blocked"],
    ["impossible", "impossible"],
  ] as const)("%s is a failure: %s", (status, code) => {
    const course = Course.working(humanTask()).does(answer(status));
    expect(course.last("attempt.ended").outcome).toMatchObject({
      status: "failed",
      error: { code, message: "by hand" },
    });
  });

  test("only a human answers, only where one is asked", () => {
    const course = Course.working(
      missionOf([task("sign", { agentId: "person" }), task("build")], {
        agents: { person, worker: { kind: "human", name: "x" } },
      }),
    );
    course.given.when(answer("done"), { by: "runner:1" }).thenRefused("notAllowed");
    course.given.when({ ...answer("done"), taskId: "ghost" }).thenRefused("notFound");
    Course.working(oneTask())
      .given.when({ ...answer("done"), taskId: "build" })
      .thenRefused("notNow", /does not wait for a person/);
  });
});
