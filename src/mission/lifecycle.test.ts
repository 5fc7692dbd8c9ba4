// The mission as a whole: created, paused, resumed, cancelled, out of time, closed, read-only.
import { describe, expect, test } from "vitest";
import type { MissionCommand } from "../protocol/commands.ts";
import type { MissionEvent } from "../protocol/events.ts";
import {
  Course,
  ada,
  created,
  fails,
  given,
  humanTask,
  oneTask,
  specMissionId,
  specSessionId,
  specStart,
  succeeded,
  tree,
  twoTasks,
} from "../testing/specification.ts";
import { decideCreate } from "./decide.ts";
import { due, next, wakeAt } from "./next.ts";

const create = (spec: ReturnType<typeof oneTask>) =>
  decideCreate({
    id: "x",
    at: specStart,
    by: ada,
    body: { type: "mission.create", missionId: specMissionId, sessionId: specSessionId, spec },
  });

describe("the whole way", () => {
  test("prepare, work, judge, seal, deliver, close", () => {
    const course = Course.working(oneTask()).finishes("build").delivers();
    expect(course.events.map(({ type }) => type)).toEqual([
      "mission.created",
      "run.started",
      "call.wanted",
      "call.settled",
      "attempt.started",
      "call.wanted",
      "call.settled",
      "attempt.ended",
      "call.wanted",
      "verdict.given",
      "call.settled",
      "task.ended",
      "mission.sealing",
      "call.wanted",
      "call.settled",
      "mission.closed",
    ]);
    expect(course.last("mission.closed")).toMatchObject({
      outcome: "verified",
      reason: "1 of 1 assertions passed on the delivered tree",
    });
    expect(wakeAt(course.state)).toBeNull();
  });

  test("creating says yes to a plan that holds and names all that is wrong with one that does not", () => {
    const spec = oneTask();
    expect(create(spec)).toEqual({ ok: true, events: [created(spec)] });
    const refused = create(oneTask({ needs: ["ghost"], agentId: "nobody" }));
    expect(refused).toMatchObject({ ok: false, refusal: { code: "invalid" } });
    expect(refused.ok ? "" : refused.refusal.message).toMatch(
      /tasks\.0\.agent: there is no agent "nobody".*\ntasks\.0\.needs: there is no task "ghost"/,
    );
  });

  test("a mission is created once", () => {
    const again = {
      type: "mission.create",
      missionId: specMissionId,
      sessionId: specSessionId,
      spec: oneTask(),
    } as const;
    given(created(oneTask()))
      .when(again)
      .thenRefused("alreadyDone", /exists/);
  });
});

describe("proof", () => {
  test("only what is proven is delivered, and nothing twice", () => {
    const course = Course.working(twoTasks()).finishes("build");
    course.given.when({ type: "mission.seal" }).thenRefused("notNow", /1 tasks are open/);
    course.given.when({ type: "mission.verify" }).thenRefused("notNow", /nothing is sealed/);
    course.given.when({ type: "mission.deliver" }).thenRefused("notNow", /nothing is sealed/);
    course.given.when({ type: "mission.close" }).thenRefused("notNow", /calls are open/);
    course.given.when({ type: "mission.prepare" }).thenRefused("alreadyDone");
    const one = Course.working(oneTask()).finishes("build");
    one.given.when({ type: "mission.seal" }).thenRefused("alreadyDone");
    one.given.when({ type: "mission.verify" }).thenRefused("alreadyDone", /every assertion is judged/);
    one.does({
      type: "call.settle",
      callId: "c4",
      outcome: succeeded({ kind: "deliver", commit: "x" }),
      usage: {},
    });
    one.given.when({ type: "mission.deliver" }).thenRefused("alreadyDone");
  });

  test("evidence for another version of the contract proves nothing", () => {
    const course = Course.working(oneTask()).finishes("build");
    course.state.ledger.contractVersion = 2;
    expect(
      next({ ...course.state, ledger: { ...course.state.ledger, calls: new Map() } }, course.now),
    ).toEqual({ type: "mission.verify" });
  });
});

describe("runs", () => {
  const start = (epoch: number) => ({ type: "run.start", runId: "r", runnerId: "x", epoch }) as const;

  test("an epoch that is not newer than all before is stale", () => {
    const course = Course.working(oneTask()).taken();
    course.given.when(start(2)).thenRefused("stale", /epoch 2 is not newer than 2/);
    course.given.when(start(1)).thenRefused("stale");
    course.given.when(start(7)).thenLike({ type: "run.started", epoch: 7 });
  });

  test("a run stops once", () => {
    const course = Course.working(oneTask());
    course.given
      .when({ type: "run.stop", reason: "parked" })
      .then({ type: "run.stopped", runId: "run-1", reason: "parked" });
    course
      .does({ type: "run.stop", reason: "parked" })
      .given.when({ type: "run.stop", reason: "parked" })
      .thenRefused("alreadyDone");
  });
});

describe("pause and resume", () => {
  test("pausing interrupts what is under way; resuming goes on from there", () => {
    const course = Course.working(oneTask({ maxAttempts: 1 }))
      .does({ type: "mission.pause", reason: "lunch" })
      .goes();
    expect(course.last("call.cancelling")).toMatchObject({ callId: "c2", reason: "pause" });
    course.settles("attempt", { status: "interrupted", reason: "signal", snapshot: tree("half") });
    expect(course.last("attempt.ended").outcome).toMatchObject({ status: "interrupted", reason: "pause" });
    expect(next(course.state, course.now)).toBeUndefined();
    expect(due(course.state)).toEqual([]);
    course.does({ type: "mission.resume" }).goes();
    expect(course.last("attempt.started")).toMatchObject({ attemptId: "build.2", from: tree("half") });
  });

  test("what is delivered while the mission is paused is not torn in two, and people keep their time", () => {
    const delivering = Course.working(oneTask())
      .finishes("build")
      .does({ type: "mission.pause", reason: "lunch" })
      .goes();
    expect(delivering.all("call.cancelling")).toEqual([]);
    const waiting = Course.working(humanTask()).does({ type: "mission.pause", reason: "lunch" }).goes();
    expect(waiting.all("call.cancelling")).toEqual([]);
    expect(waiting.call("human")).toBeDefined();
  });

  test("once is enough", () => {
    const course = Course.working(oneTask());
    course.given.when({ type: "mission.resume" }).thenRefused("alreadyDone");
    course.does({ type: "mission.pause", reason: "lunch" });
    course.given
      .when({ type: "mission.pause", reason: "again" })
      .thenRefused("alreadyDone", /paused by human:ada/);
    course.does({ type: "mission.cancel", reason: "enough" });
    course.given.when({ type: "mission.pause", reason: "again" }).thenRefused("notNow", /being cancelled/);
    course.given.when({ type: "mission.cancel", reason: "again" }).thenRefused("alreadyDone", /human:ada/);
  });
});

describe("cancel", () => {
  test("ends calls, then tasks, then the mission, and says who and why", () => {
    const course = Course.working(twoTasks()).does({ type: "mission.cancel", reason: "enough" }).goes();
    expect(course.last("call.cancelling").reason).toBe("cancel");
    course.settles("attempt", { status: "interrupted", reason: "signal" });
    expect(course.all("task.ended").map(({ taskId, status }) => `${taskId} ${status}`)).toEqual([
      "build cancelled",
      "polish cancelled",
    ]);
    expect(course.last("mission.closed")).toMatchObject({
      outcome: "cancelled",
      reason: "enough (human:ada)",
    });
  });

  test("what ends well while it is cancelled still counts for cost, and closes nothing as verified", () => {
    const course = Course.working(oneTask()).does({ type: "mission.cancel", reason: "enough" }).goes();
    course.settles(
      "attempt",
      succeeded({
        kind: "attempt",
        handoff: {
          status: "done",
          summary: "",
          done: [],
          leftUndone: [],
          commands: [],
          testsAdded: [],
          issues: [],
          deviations: [],
        },
        snapshot: tree("late"),
      }),
      { usage: { tokens: 7 } },
    );
    expect(course.state.ledger.spent.tokens).toBe(7);
    expect(course.state.work.outcome?.outcome).toBe("cancelled");
  });

  test("ends a person's task by itself, and an attempt between two steps", () => {
    const course = Course.working(humanTask()).does({ type: "mission.cancel", reason: "enough" }).goes();
    expect(course.last("call.settled").outcome).toEqual({ status: "interrupted", reason: "cancel" });
    expect(course.state.work.outcome?.outcome).toBe("cancelled");
  });

  test("a mission's time is over: it is cancelled by itself", () => {
    const course = Course.working(
      oneTask({ timeoutMs: 10 * 86_400_000 }, { policy: { stallAfterMs: 10 * 86_400_000 } }),
    ).waits(86_399_999);
    expect(course.all("mission.cancelled")).toEqual([]);
    course.waits(1);
    expect(course.last("mission.cancelled")).toMatchObject({
      by: "engine",
      reason: "the mission's time of 86400000 ms is over",
    });
  });
});

const closed = Course.working(oneTask()).finishes("build").delivers();
/** One of every command but those of a run. */
const commands: MissionCommand[] = [
  { type: "mission.create", missionId: "m", sessionId: "s", spec: oneTask() },
  { type: "mission.pause", reason: "x" },
  { type: "mission.resume" },
  { type: "mission.cancel", reason: "x" },
  { type: "approval.approve", approvalId: "a1" },
  { type: "approval.reject", approvalId: "a1" },
  { type: "approval.expire", approvalId: "a1" },
  {
    type: "task.answer",
    taskId: "build",
    handoff: {
      status: "done",
      summary: "",
      done: [],
      leftUndone: [],
      commands: [],
      testsAdded: [],
      issues: [],
      deviations: [],
    },
  },
  { type: "call.settle", callId: "c1", outcome: fails("timeout"), usage: {} },
  { type: "call.redo", callId: "c1" },
  { type: "call.recover", callId: "c1" },
  { type: "call.cancel", callId: "c1", reason: "pause" },
  { type: "call.expire", callId: "c1" },
  { type: "snapshot.record", callId: "c1", snapshot: tree("x") },
  { type: "plan.ask" },
  { type: "mission.prepare" },
  { type: "mission.seal" },
  { type: "mission.verify" },
  { type: "mission.deliver" },
  { type: "mission.escalate" },
  { type: "mission.close" },
  { type: "task.start", taskId: "build" },
  { type: "task.verify", taskId: "build" },
  { type: "task.finish", taskId: "build" },
  { type: "task.handleFailure", taskId: "build" },
  { type: "task.cancel", taskId: "build" },
  { type: "step.start", attemptId: "build.1" },
  { type: "detector.trip", attemptId: "build.1" },
];

describe("a closed mission", () => {
  test.each(commands)("refuses $type", (body) => {
    closed.given.when(body).thenRefused("closed", /closed \(verified\)/);
  });

  test("lets its run end, and a runner see for itself", () => {
    closed.given.when({ type: "run.stop", reason: "closed" }).thenLike({ type: "run.stopped" });
    closed.given
      .when({ type: "run.start", runId: "r", runnerId: "x", epoch: 9 })
      .thenLike({ type: "run.started" });
  });
});

describe("a mission of a newer Houston", () => {
  test.each(commands)("$type is refused in a mission that a newer Houston wrote", (body) => {
    const course = Course.working(oneTask()).happens({ type: "message.sent" } as unknown as MissionEvent);
    course.given.when(body).thenRefused("readOnly", /"message.sent".*upgrade/);
  });

  test("what a newer Houston wrote is read, and neither changed nor performed", () => {
    const course = Course.working(oneTask());
    const before = course.state.ledger.calls.size;
    course
      .happens({ type: "message.sent" } as unknown as MissionEvent)
      .happens({ type: "mission.closed", outcome: "failed", reason: "x" });
    expect(course.state).toMatchObject({ unknownEvent: "message.sent", seq: course.records.length });
    expect(course.state.ledger.calls.size).toBe(before);
    expect(course.state.work.outcome).toBeUndefined();
    expect(next(course.state, course.now)).toBeUndefined();
    expect(due(course.state)).toEqual([]);
    expect(wakeAt(course.state)).toBeNull();
    course.given.when({ type: "run.start", runId: "r", runnerId: "x", epoch: 9 }).thenRefused("readOnly");
  });
});

test("mission time never goes back, whatever a command's clock says", () => {
  const course = Course.working(oneTask());
  course.now -= 5_000;
  course.does({ type: "snapshot.record", callId: "c2", snapshot: tree("half") });
  expect(course.state.at).toBe(specStart);
});
