// Questions only a human may answer: silence means denied, an agent never approves.
import { describe, expect, test } from "vitest";
import { Course, fails, oneTask } from "../testing/specification.ts";

const planned = (): Course =>
  Course.of(oneTask({}, { policy: { approvePlan: true, approvalTimeoutMs: 60_000 } }));
const escalated = (): Course =>
  Course.working(oneTask({}, { policy: { approvalTimeoutMs: 60_000 } })).settles(
    "attempt",
    fails("blocked", "no key"),
  );

describe("the plan's approval", () => {
  test("nothing is spent before it", () => {
    const course = planned();
    expect(course.last("approval.requested").approval).toMatchObject({
      kind: "plan",
      action: "work on: make it work",
      deadlineAt: course.now + 60_000,
    });
    expect(course.due()).toEqual([]);
    course.given.when({ type: "plan.ask" }).thenRefused("alreadyDone", /is asked for/);
    expect(course.approves().due()).toEqual(["prepare"]);
    course.given.when({ type: "plan.ask" }).thenRefused("alreadyDone", /is approved/);
  });

  test("rejected, the mission is", () => {
    expect(planned().rejects().last("mission.closed").outcome).toBe("rejected");
  });

  test("silence means denied", () => {
    const course = planned().waits(59_999);
    expect(course.state.work.outcome).toBeUndefined();
    course.waits(1);
    expect(course.last("approval.resolved").resolution).toEqual({ status: "expired" });
    expect(course.last("mission.closed").outcome).toBe("rejected");
  });
});

describe("who may answer, and when", () => {
  test.each(["runner:1", "engine", "agent:worker", "", "humane:x"])("not %j", (by) => {
    escalated()
      .given.when({ type: "approval.approve", approvalId: "a1" }, { by })
      .thenRefused("notAllowed", /only a human approves/);
    escalated()
      .given.when({ type: "approval.reject", approvalId: "a1" }, { by })
      .thenRefused("notAllowed", /only a human rejects/);
  });

  test("not after the deadline, even before anybody noticed it had passed", () => {
    const course = escalated();
    course.given
      .when({ type: "approval.approve", approvalId: "a1" }, { at: course.now + 60_000 })
      .thenRefused("notNow", /silence means denied/);
    course.given
      .when({ type: "approval.approve", approvalId: "a1" }, { at: course.now + 59_999 })
      .thenLike({ type: "approval.resolved" }, { type: "task.retried" });
  });

  test("not twice, and not what nobody asked", () => {
    const course = escalated().does({ type: "approval.approve", approvalId: "a1" });
    for (const type of ["approval.approve", "approval.reject", "approval.expire"] as const) {
      course.given.when({ type, approvalId: "a1" }).thenRefused("notFound", /no open approval "a1"/);
      course.given.when({ type, approvalId: "a9" }).thenRefused("notFound");
    }
  });

  test("an approval expires at its deadline and not before", () => {
    const course = escalated();
    course.given.when({ type: "approval.expire", approvalId: "a1" }).thenRefused("notNow", /open until/);
    course.waits(60_000);
    expect(course.last("task.ended")).toMatchObject({
      status: "failed",
      reason: expect.stringMatching(/a1 was expired/) as string,
    });
    expect(course.last("mission.closed").outcome).toBe("failed");
  });

  test("a raise belongs to a question about the budget", () => {
    escalated()
      .given.when({ type: "approval.approve", approvalId: "a1", raise: { calls: 1 } })
      .thenRefused("invalid", /leave out the raise/);
  });

  test("notes are kept", () => {
    const note = "the key is in the vault";
    escalated()
      .given.when({ type: "approval.approve", approvalId: "a1", note })
      .thenLike(
        { type: "approval.resolved", resolution: { status: "granted", note } },
        { type: "task.retried" },
      );
    escalated()
      .given.when({ type: "approval.reject", approvalId: "a1", note })
      .thenLike(
        { type: "approval.resolved", resolution: { status: "rejected", note } },
        { type: "task.ended" },
      );
  });
});

test("a question about a task goes with the task", () => {
  const course = escalated().does({ type: "mission.cancel", reason: "enough" }).goes();
  expect(course.state.work.approvals.size).toBe(0);
  expect(course.last("mission.closed").outcome).toBe("cancelled");
});

test("a granted question about the mission as a whole starts its setbacks anew", () => {
  const course = Course.of(oneTask()).settles("prepare", fails("blocked")).approves();
  expect(course.state.work.setbacks.count).toBe(0);
  expect(course.due()).toEqual(["prepare"]);
});
