// What people are shown (FM5): a state with its reason, in every situation; the summary row; PR2's words.
import { describe, expect, test } from "vitest";
import type { NextSteps } from "../protocol/commands.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { MissionStatus } from "../protocol/status.ts";
import {
  Course,
  fails,
  humanTask,
  judges,
  missionOf,
  oneTask,
  specStart,
  stepDone,
  stepDraft,
  stepwise,
  task,
  twoTasks,
} from "../testing/specification.ts";
import { publicTaskStatus, statusOf, summaryOf, withLease } from "./status.ts";

const shown = (course: Course): string => {
  const { state, reason } = statusOf(course.state);
  return `${state}: ${reason}`;
};

describe("every state says why", () => {
  test("Running", () => {
    expect(shown(Course.of(oneTask()))).toBe("Running: importing main of /repository");
    expect(shown(Course.working(oneTask()))).toBe("Running: attempt build.1 by worker");
    expect(shown(Course.working(stepwise()))).toBe("Running: attempt think.1 by thinker");
    const steps = {
      attemptId: "think.1",
      steps: [stepDraft("edit")],
      position: "append",
    } satisfies NextSteps;
    expect(shown(Course.working(stepwise()).settles("skill", stepDone(), { steps }))).toBe(
      "Running: attempt think.1 by thinker",
    );
    expect(shown(Course.working(oneTask()).finishes("build"))).toBe("Running: delivering houston/spec");
    expect(shown(Course.working(oneTask()).does({ type: "mission.cancel", reason: "enough" }))).toBe(
      "Running: cancelling: enough",
    );
  });

  test("Verifying", () => {
    expect(shown(Course.working(oneTask()).handsOff("build"))).toBe("Verifying: 1 assertions of build");
    expect(shown(Course.working(twoTasks()).finishes("build").finishes("polish"))).toBe(
      "Verifying: 1 assertions of the finished tree",
    );
  });

  test("Blocked", () => {
    expect(shown(Course.working(oneTask()).settles("attempt", fails("blocked", "no key")))).toBe(
      "Blocked: approval a1: no key: no key",
    );
    expect(
      shown(Course.working(oneTask()).happens({ type: "message.sent" } as unknown as MissionEvent)),
    ).toMatch(/^Blocked: written by a newer Houston/);
  });

  test("not Blocked while another task is at work", () => {
    const spec = missionOf([task("a", { access: "read" }), task("b", { access: "read" })]);
    expect(shown(Course.working(spec).settles("attempt", fails("blocked"), { taskId: "a" }))).toBe(
      "Running: attempt b.1 by worker",
    );
  });
});

describe("states of a mission that nobody works on", () => {
  test("Waiting", () => {
    expect(shown(Course.working(humanTask()))).toBe(
      "Waiting: task sign waits for person until 2027-01-15T08:01:00Z",
    );
    expect(shown(Course.working(oneTask()).settles("attempt", fails("infrastructure", "no disk")))).toMatch(
      /^Waiting: task build until 2027-01-15T08:00:04Z: /,
    );
    expect(shown(Course.of(oneTask()).settles("prepare", fails("infrastructure", "no disk")))).toBe(
      "Waiting: until 2027-01-15T08:00:04Z: no disk",
    );
    expect(shown(new Course(oneTask()))).toBe("Waiting: for a runner to go on");
  });

  test("Recovering", () => {
    expect(shown(Course.working(oneTask({ agentId: "resumer" })).taken())).toBe(
      "Recovering: attempt call c2 was under way when its runner died",
    );
    const course = Course.working(oneTask()).settles("attempt", { status: "interrupted", reason: "a crash" });
    course.happens({
      type: "call.settled",
      callId: "c3",
      outcome: { status: "interrupted", reason: "x" },
      charged: { calls: 0, tokens: 0, timeMs: 0, costMicroUsd: 0 },
      overrun: { calls: 0, tokens: 0, timeMs: 0, costMicroUsd: 0 },
      by: "x",
    });
    course.happens({
      type: "attempt.ended",
      attemptId: "build.2",
      outcome: { status: "interrupted", reason: "another" },
    });
    course.happens({
      type: "task.retried",
      taskId: "build",
      again: "attempt",
      agentId: "worker",
      notBefore: 0,
      reason: "x",
      extraAttempts: 1,
    });
    expect(shown(course)).toBe("Recovering: attempt build.2 was interrupted: another");
  });

  test("Paused and Closed", () => {
    expect(shown(Course.working(oneTask()).does({ type: "mission.pause", reason: "lunch" }))).toBe(
      "Paused: by human:ada: lunch",
    );
    expect(shown(Course.working(oneTask()).finishes("build").delivers())).toBe(
      "Closed: verified: 1 of 1 assertions passed on the delivered tree",
    );
  });
});

describe("a log cannot know who died", () => {
  const running: MissionStatus = { state: "Running", reason: "at work" };
  const lease = (expiresAt: number, released = false) => ({ expiresAt, heartbeatAt: specStart, released });

  test("a missing heartbeat is Stale, never Running", () => {
    expect(withLease(running, lease(specStart + 10), specStart + 9)).toEqual(running);
    expect(withLease(running, lease(specStart + 10), specStart + 10)).toEqual({
      state: "Stale",
      reason: "no heartbeat since 2027-01-15T08:00:00Z; was Running: at work",
    });
    for (const state of ["Verifying", "Recovering"] as const)
      expect(withLease({ state, reason: "x" }, lease(0), 1).state).toBe("Stale");
  });

  test("without a runner it waits for one", () => {
    expect(withLease(running, undefined, 0)).toEqual({
      state: "Waiting",
      reason: "for a runner; then at work",
    });
    expect(withLease(running, lease(specStart, true), 0).state).toBe("Waiting");
  });

  test("what needs no runner is shown as it is", () => {
    for (const state of ["Blocked", "Waiting", "Paused", "Closed"] as const)
      expect(withLease({ state, reason: "x" }, undefined, 0)).toEqual({ state, reason: "x" });
  });
});

describe("the summary", () => {
  test("counts tasks and proven assertions, on the judged tree, then only on the sealed one", () => {
    const course = Course.working(twoTasks());
    expect(summaryOf(course.state)).toMatchObject({
      tasks: { total: 2, done: 0, failed: 0 },
      assertions: { total: 2, passed: 0 },
      epoch: 1,
    });
    course.finishes("build");
    expect(summaryOf(course.state)).toMatchObject({ tasks: { done: 1 }, assertions: { passed: 1 } });
    course.finishes("polish");
    expect(summaryOf(course.state)).toMatchObject({ tasks: { done: 2 }, assertions: { passed: 1 } });
    course.settles("verify", judges(course.call("verify"))).delivers();
    expect(summaryOf(course.state)).toMatchObject({
      assertions: { passed: 2 },
      outcome: "verified",
      spent: { calls: 7 },
    });
  });

  test("lists what waits for people", () => {
    expect(summaryOf(Course.working(humanTask()).state)).toMatchObject({
      humanTasks: ["sign"],
      approvals: [],
    });
    expect(
      summaryOf(Course.working(oneTask()).settles("attempt", fails("blocked")).state).approvals,
    ).toMatchObject([{ id: "a1" }]);
  });
});

test("dates are right across leap years and centuries", () => {
  const dates = [
    "1970-01-01T00:00:00Z",
    "2000-02-29T23:59:59Z",
    "2024-12-31T12:00:00Z",
    "2100-03-01T00:00:01Z",
  ];
  for (const date of dates) {
    const lease = { expiresAt: 0, heartbeatAt: Date.parse(date), released: false };
    expect(withLease({ state: "Running", reason: "x" }, lease, 1).reason).toContain(date);
  }
});

test("PR2 knows a task as pending, running or blocked while it is open", () => {
  const course = Course.working(twoTasks());
  const statuses = (): string[] => [...course.state.work.tasks.values()].map(publicTaskStatus);
  expect(statuses()).toEqual(["running", "pending"]);
  course.settles("attempt", fails("blocked"));
  expect(statuses()).toEqual(["blocked", "pending"]);
});
