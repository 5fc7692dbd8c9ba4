// The task graph: what is ready, what supersession hands on, who holds the write lock, how rounds end.
import { describe, expect, test } from "vitest";
import {
  Course,
  ada,
  fails,
  judges,
  missionOf,
  oneTask,
  task,
  tree,
  twoTasks,
} from "../testing/specification.ts";
import { briefOf } from "./brief.ts";
import { summaryOf } from "./status.ts";

const reader = (id: string, more: Parameters<typeof task>[1] = {}) => task(id, { access: "read", ...more });

describe("what is ready", () => {
  test("a task starts when all it needs is done, and not before", () => {
    const course = Course.working(missionOf([task("a"), task("b"), task("c", { needs: ["a", "b"] })]));
    expect(course.due()).toEqual(["attempt a"]);
    course.finishes("a");
    expect(course.due()).toEqual(["attempt b"]);
    course.finishes("b");
    expect(course.due()).toEqual(["attempt c"]);
  });

  test("a task that needs another is refused with the reason", () => {
    const course = Course.working(twoTasks());
    course.given.when({ type: "task.start", taskId: "polish" }).thenRefused("notNow", /"polish" is pending/);
    course.given.when({ type: "task.start", taskId: "build" }).thenRefused("notNow", /"build" is working/);
    course.given.when({ type: "task.start", taskId: "ghost" }).thenRefused("notFound", /no task "ghost"/);
    course
      .finishes("build")
      .given.when({ type: "task.start", taskId: "build" })
      .thenRefused("alreadyDone", /is done/);
  });

  test("nothing starts before the base is imported", () => {
    Course.of(oneTask()).given.when({ type: "task.start", taskId: "build" }).thenRefused("notNow", /base/);
  });

  test("a task starts from what is done so far", () => {
    const course = Course.working(twoTasks()).finishes("build");
    expect(course.last("attempt.started")).toMatchObject({ taskId: "polish", from: tree("build") });
  });

  test("the pool bounds how many work at once, people aside", () => {
    const tasks = [reader("a"), reader("b"), reader("c"), reader("d", { agentId: "person" })];
    const course = Course.working(missionOf(tasks, { policy: { maxConcurrency: 2 } }));
    expect(course.due()).toEqual(["attempt a", "attempt b"]);
    course.finishes("a");
    expect(course.due()).toEqual(["attempt b", "attempt c"]);
  });

  test("a verification that comes back later keeps to the pool too", () => {
    const course = Course.working(missionOf([reader("a"), reader("b")], { policy: { maxConcurrency: 1 } }));
    course.handsOff("a").judged("a", "inconclusive");
    expect(course.due()).toEqual(["attempt b"]);
    course.waits(10_000);
    expect(course.due()).toEqual(["attempt b"]);
    course.handsOff("b");
    expect(course.due()).toHaveLength(1);
  });
});

describe("the write lock", () => {
  test("one writer at a time; readers beside it", () => {
    const course = Course.working(missionOf([task("a"), task("b"), reader("c"), reader("d")]));
    expect(course.due()).toEqual(["attempt a", "attempt c", "attempt d"]);
    expect(course.state.work.writer).toBe("a");
    course.given.when({ type: "task.start", taskId: "b" }).thenRefused("notNow");
  });

  test("the writer holds it until its task ends, also while it is judged", () => {
    const course = Course.working(missionOf([task("a"), task("b")])).handsOff("a");
    expect(course.due()).toEqual(["verify a"]);
    course.judged("a");
    expect(course.state.work.writer).toBe("b");
  });

  test("a fix keeps the place of the task it supersedes", () => {
    const course = Course.working(missionOf([task("a"), task("b")]))
      .handsOff("a")
      .judged("a", "failed");
    expect(course.due()).toEqual(["attempt a~1"]);
    expect(course.state.work.writer).toBe("a~1");
  });

  test("a reader's tree never becomes the head", () => {
    const course = Course.working(missionOf([reader("a"), task("b", { needs: ["a"] })])).finishes(
      "a",
      tree("scribbles"),
    );
    expect(course.last("attempt.started").from).toEqual(tree("base"));
  });
});

describe("supersession", () => {
  test("a failed verdict makes a fix task from the judged tree, and moves the assertion on record", () => {
    const course = Course.working(oneTask()).handsOff("build", tree("half")).judged("build", "failed");
    expect(course.last("task.added")).toMatchObject({
      supersedes: "build",
      from: tree("half"),
      task: { id: "build~1" },
    });
    expect(course.last("assertion.reopened")).toMatchObject({
      assertionId: "build-ok",
      from: "build",
      to: "build~1",
    });
    expect(course.last("attempt.started")).toMatchObject({ taskId: "build~1", from: tree("half") });
    expect(course.state.work.claims.get("build-ok")).toBe("build~1");
    course.given.when({ type: "task.verify", taskId: "build" }).thenRefused("alreadyDone", /superseded/);
  });

  test("what needed the old task waits for the fix and gets its handoff", () => {
    const course = Course.working(twoTasks()).handsOff("build").judged("build", "failed");
    expect(course.due()).toEqual(["attempt build~1"]);
    course.finishes("build~1");
    expect(course.due()).toEqual(["attempt polish"]);
    expect(briefOf(course.state, "polish.1")?.handoffs).toMatchObject([
      { taskId: "build", handoff: { summary: "did it" } },
    ]);
  });

  test("a fix starts although what it needs was itself superseded", () => {
    const course = Course.working(twoTasks()).handsOff("build").judged("build", "failed").finishes("build~1");
    course.handsOff("polish").judged("polish", "failed");
    expect(course.due()).toEqual(["attempt polish~1"]);
    expect(briefOf(course.state, "polish~1.1")?.handoffs).toMatchObject([{ taskId: "build" }]);
    course.finishes("polish~1");
    course.settles("verify", judges(course.call("verify")));
    expect(course.due()).toEqual(["deliver"]);
  });

  test("handoffs that nobody open needs any more are forgotten", () => {
    const course = Course.working(twoTasks()).handsOff("build").judged("build", "failed").finishes("build~1");
    expect(course.state.work.closed.get("build~1")?.handoff).toBeDefined();
    course.finishes("polish");
    expect(course.state.work.closed.get("build~1")?.handoff).toBeUndefined();
    expect(course.state.work.neededBy.size).toBe(0);
    expect(course.state.work.dependents.size).toBe(0);
  });

  test("rounds are capped; then a human is asked", () => {
    const course = Course.working(oneTask({}, { policy: { maxRounds: 2 } }));
    course.handsOff("build").judged("build", "failed").handsOff("build~1").judged("build~1", "failed");
    course.handsOff("build~2").judged("build~2", "failed");
    expect(course.all("task.added")).toHaveLength(2);
    expect(course.last("approval.requested").approval).toMatchObject({
      kind: "escalation",
      taskId: "build~2",
    });
    course.approves();
    expect(course.due()).toEqual(["attempt build~2"]);
  });

  test("the next round remembers what was found in the last", () => {
    const course = Course.working(oneTask()).handsOff("build").judged("build", "failed");
    const previous = briefOf(course.state, "build~1.1")?.previous;
    expect(previous).toMatchObject([
      { attemptId: "build.1", outcome: "verdictFailed", findings: [{ severity: "blocking" }] },
    ]);
  });
});

describe("failing fast, falling back", () => {
  test("failFast ends the task at once, and the mission as failed", () => {
    const course = Course.working(
      missionOf([task("a", { onFailure: "failFast" }), task("b", { needs: ["a"] })]),
    );
    course.settles("attempt", fails("agentFailed"));
    expect(course.last("mission.closed")).toMatchObject({ outcome: "failed", reason: "1 of 2 tasks failed" });
    expect(course.all("task.ended").map(({ taskId, status }) => `${taskId} ${status}`)).toEqual([
      "a failed",
      "b cancelled",
    ]);
  });

  test("failFast does not apply to failures that say nothing about the work", () => {
    const course = Course.working(oneTask({ onFailure: "failFast" })).settles(
      "attempt",
      fails("infrastructure"),
    );
    expect(course.last("task.retried")).toMatchObject({ taskId: "build", extraAttempts: 1 });
  });

  test("a fallback takes over with attempts of its own, once", () => {
    const course = Course.working(
      oneTask({ maxAttempts: 1, onFailure: "fallback", fallback: { agentId: "helper" } }),
    );
    course.settles("attempt", fails("agentFailed"));
    expect(course.last("attempt.started")).toMatchObject({ attemptId: "build.2", agentId: "helper" });
    course.settles("attempt", fails("agentFailed"));
    expect(course.last("approval.requested").approval).toMatchObject({ kind: "escalation", taskId: "build" });
  });

  test("what is open when a task fails for good ends before the mission closes; what waits never starts", () => {
    const tasks = [reader("a", { onFailure: "failFast" }), reader("b"), reader("c", { needs: ["b"] })];
    const course = Course.working(missionOf(tasks)).settles("attempt", fails("agentFailed"), { taskId: "a" });
    expect(course.state.work.outcome).toBeUndefined();
    course.finishes("b");
    expect(course.state.work.outcome?.outcome).toBe("failed");
    expect(course.all("attempt.started").map(({ taskId }) => taskId)).toEqual(["a", "b"]);
  });
});

describe("reopened by the final verification", () => {
  const reopened = (policy = {}): Course => {
    const course = Course.working(twoTasks({ policy })).finishes("build").finishes("polish");
    return course.settles("verify", judges(course.call("verify"), "failed"));
  };

  test("the evidence of an earlier tree is not proof on the sealed one", () => {
    const course = Course.working(twoTasks()).finishes("build").finishes("polish");
    expect(course.call("verify").call.work).toMatchObject({
      assertionIds: ["build-ok"],
      snapshot: tree("polish"),
    });
    course.given.when({ type: "mission.deliver" }).thenRefused("notNow", /not proven: build-ok/);
    course.given.when({ type: "mission.close" }).thenRefused("notNow");
  });

  test("what had passed before and is broken now is done again, from the head, and told why", () => {
    const course = reopened();
    expect(course.last("task.added")).toMatchObject({ supersedes: "build", task: { id: "build~1" } });
    expect(course.last("attempt.started")).toMatchObject({ taskId: "build~1", from: tree("polish") });
    expect(course.state.work.sealed).toBeUndefined();
    expect(briefOf(course.state, "build~1.1")?.previous).toMatchObject([
      {
        attemptId: "build.1",
        outcome: "verdictFailed",
        findings: [{ severity: "blocking", text: "build-ok: failed" }],
      },
    ]);
  });

  test("a plan's tasks stay as many as they are", () => {
    const course = reopened();
    expect(summaryOf(course.state).tasks).toEqual({ total: 2, done: 1, failed: 0 });
    course.finishes("build~1", tree("mended")).settles("verify", judges(course.call("verify")));
    course.delivers();
    expect(summaryOf(course.state)).toMatchObject({
      outcome: "verified",
      tasks: { total: 2, done: 2, failed: 0 },
    });
  });

  test("without rounds left a human decides whether there is one more", () => {
    const course = reopened({ maxRounds: 0 });
    expect(course.last("approval.requested").approval).toMatchObject({ kind: "escalation" });
    expect(course.due()).toEqual([]);
    course.approves();
    expect(course.due()).toEqual(["attempt build~1"]);
  });

  test("denied, the mission ends unverified and nothing was delivered", () => {
    const course = reopened({ maxRounds: 0 }).rejects();
    expect(course.last("mission.closed").outcome).toBe("unverified");
    expect(course.all("call.wanted").map(({ call }) => call.work.kind)).not.toContain("deliver");
  });
});

describe("ending tasks", () => {
  test("only a mission that goes no further ends tasks, and never under an open call", () => {
    const course = Course.working(oneTask());
    course.given.when({ type: "task.cancel", taskId: "build" }).thenRefused("notNow");
    course.does({ type: "mission.cancel", reason: "enough" }, ada);
    course.given.when({ type: "task.cancel", taskId: "build" }).thenRefused("notNow", /call c2 is open/);
    course.given.when({ type: "task.cancel", taskId: "ghost" }).thenRefused("notFound");
  });

  test("nor under a verification", () => {
    const course = Course.working(oneTask())
      .handsOff("build")
      .does({ type: "mission.cancel", reason: "enough" });
    course.given.when({ type: "task.cancel", taskId: "build" }).thenRefused("notNow", /call c3 is open/);
  });
});
