// Rolling back restores the work half of an earlier position; what was spent, done and numbered stays.
import { describe, expect, test } from "vitest";
import {
  Course,
  humanTask,
  judges,
  oneTask,
  specMissionId,
  tree,
  twoTasks,
} from "../testing/specification.ts";
import { decide, decideCreate } from "./decide.ts";
import { begin } from "./evolve.ts";
import { encodeState } from "./fold.ts";
import { next } from "./next.ts";

const back = (course: Course, to: number): Course =>
  course.does({ type: "mission.rollBack", to, reason: "wrong way" });
/** Position of the last event so far. */
const here = (course: Course): number => course.state.seq;

/** `build` is done, then `polish`, which needs it, is done too; the position between them. */
function polished(): { course: Course; between: number } {
  const course = Course.working(twoTasks()).finishes("build");
  const between = here(course);
  course.finishes("polish", tree("polished"));
  return { course, between };
}

describe("given a mission that went the wrong way", () => {
  test("the tree and the progress of the earlier position come back", () => {
    const { course, between } = polished();
    back(course, between);
    expect(course.state.work.head).toEqual(tree("build"));
    expect([...course.state.work.tasks.keys()]).toEqual(["polish"]);
    expect(course.state.work.closed.get("build")?.status).toBe("done");
  });

  test("what was spent stays spent", () => {
    const { course, between } = polished();
    const { spent } = structuredClone(course.state.ledger);
    back(course, between);
    for (const dimension of ["calls", "tokens", "timeMs", "costMicroUsd"] as const)
      expect(course.state.ledger.spent[dimension]).toBeGreaterThanOrEqual(spent[dimension]);
    expect(course.state.ledger.rollbackCount).toBe(1);
  });

  test("history stays: the log only grows, and ids are not used again", () => {
    const { course, between } = polished();
    const before = course.events.length;
    back(course, between).goes();
    expect(course.events.length).toBeGreaterThan(before);
    const attempts = course.all("attempt.started").map(({ attemptId }) => attemptId);
    expect(new Set(attempts).size).toBe(attempts.length);
    const calls = course.all("call.wanted").map(({ call }) => call.id);
    expect(new Set(calls).size).toBe(calls.length);
  });

  test("what was under way is ended first, and its end counts for cost only", () => {
    const { course, between } = polished();
    expect(course.due()).toEqual(["verify"]);
    const verify = course.call("verify");
    back(course, between).goes();
    expect(course.last("call.cancelling")).toEqual({
      type: "call.cancelling",
      callId: verify.call.id,
      reason: "rollback",
    });
    // Nothing begins beside it; even a verdict it still brings changes nothing.
    expect(course.due()).toEqual(["verify"]);
    course.settles("verify", judges(verify));
    expect(course.all("verdict.given").filter(({ callId }) => callId === verify.call.id)).toEqual([]);
    expect(course.due()).toEqual(["attempt polish"]);
  });

  test("it goes on from there to the end", () => {
    const { course, between } = polished();
    back(course, between).settles("verify", { status: "interrupted", reason: "rollback" });
    expect(course.call("attempt").call.attemptId).toBe("polish.2");
    course.finishes("polish", tree("better"));
    course.settles("verify", judges(course.call("verify")));
    expect(course.delivers().last("mission.closed").outcome).toBe("verified");
  });
});

describe("given what was open then", () => {
  test("an attempt that was under way then begins again from its latest tree", () => {
    const course = Course.working(oneTask());
    course.does({ type: "snapshot.record", callId: course.call("attempt").call.id, snapshot: tree("half") });
    const to = here(course);
    course.handsOff("build");
    back(course, to).settles("verify", { status: "interrupted", reason: "rollback" });
    expect(course.last("attempt.started")).toMatchObject({ attemptId: "build.2", from: tree("half") });
  });

  test("a question that was open then is asked again", () => {
    const course = Course.working(oneTask({ maxAttempts: 1 })).settles("attempt", {
      status: "failed",
      error: { code: "agentFailed", message: "no" },
    });
    const to = here(course);
    course.approves();
    back(course, to).settles("attempt", { status: "interrupted", reason: "rollback" });
    expect(course.all("approval.requested").map(({ approval }) => approval.id)).toEqual(["a1", "a2"]);
  });

  test("a person's task that was open is asked for again", () => {
    const course = Course.working(humanTask());
    back(course, here(course) - 1).goes();
    expect(course.call("human").call.attemptId).toBe("sign.2");
  });

  test("rounds of fixes are not given back", () => {
    const course = Course.working(oneTask({}, { policy: { maxRounds: 1 } }));
    const to = here(course);
    course.handsOff("build").judged("build", "failed");
    expect(course.last("task.added").task.id).toBe("build~1");
    back(course, to).settles("attempt", { status: "interrupted", reason: "rollback" });
    course.handsOff("build", tree("again")).judged("build", "failed");
    expect(course.last("approval.requested").approval.reason).toContain("rounds of fixes");
  });

  test("undoing brings back what was there before, as one more event", () => {
    const { course, between } = polished();
    const before = here(course);
    const work = encodeState({ ...course.at(before), ledger: {} } as never);
    back(course, between).settles("verify", { status: "interrupted", reason: "rollback" });
    const undoes = course.records.findIndex(({ event }) => event.type === "mission.rolledBack") + 1;
    course.does({ type: "mission.rollBack", to: before, reason: "on second thought", undoes });
    course.settles("attempt", { status: "interrupted", reason: "rollback" });
    expect(course.state.work.head).toEqual(tree("polished"));
    expect(course.state.work.doneCount).toBe(2);
    expect(work).toContain("polished");
  });
});

describe("a rollback is refused", () => {
  const { course } = polished();
  const ask = (to: number, by?: string) => {
    const past = course.at(to);
    const command = {
      id: "x",
      at: course.now,
      by: by ?? "human:ada",
      body: { type: "mission.rollBack", to, reason: "x" },
    } as const;
    return decide(course.state, command, past);
  };

  test.each([
    ["to where the log does not reach", 9_999, undefined, "invalid"],
    ["to the present", here(course), undefined, "invalid"],
    ["to before the base was imported", 1, undefined, "invalid"],
    ["by an agent", 8, "agent:worker", "notAllowed"],
  ])("%s", (_what, to, by, code) => {
    const decision = ask(to, by);
    expect(decision.ok ? undefined : decision.refusal.code).toBe(code);
  });

  test("while something outside is being touched", () => {
    const flying = Course.working(oneTask()).finishes("build");
    expect(flying.due()).toEqual(["deliver"]);
    expect(() => back(flying, 5)).toThrow(/touching the outside/);
  });

  test("when the mission is ending", () => {
    const ending = Course.working(oneTask()).does({ type: "mission.cancel", reason: "enough" });
    expect(() => back(ending, 5)).toThrow(/fork it/);
  });
});

describe("given a fork", () => {
  const forked = (seq: number, course: Course) => {
    const spec = twoTasks();
    const fork = { missionId: specMissionId, seq };
    const body = {
      type: "mission.create",
      missionId: "0190a000-0000-7000-8000-00000000ffff",
      sessionId: "s",
      spec,
      fork,
    } as const;
    return decideCreate({ id: "x", at: course.now, by: "human:ada", body }, course.at(seq));
  };

  test("it begins with the work half of its origin, and a ledger of its own", () => {
    const { course, between } = polished();
    const decision = forked(between, course);
    const [event] = decision.ok ? decision.events : [];
    if (event?.type !== "mission.created") throw new Error("nothing was created");
    const state = begin(event, course.now);
    expect(state.work.head).toEqual(tree("build"));
    expect(state.work.closed.get("build")?.status).toBe("done");
    expect([...state.work.tasks.values()].map(({ phase }) => phase)).toEqual(["pending"]);
    expect(state.ledger.spent.calls).toBe(0);
    expect([...state.ledger.calls]).toEqual([]);
    expect(next(state, course.now)).toEqual({ type: "task.start", taskId: "polish" });
  });

  test("of a position without work it is refused", () => {
    const decision = forked(1, polished().course);
    expect(decision.ok ? undefined : decision.refusal.message).toMatch(/no work to fork at 1/);
  });
});
