// What is broken on a whole tree is done again once, in the plan's order, and only as long as the tree is still there.
import { describe, expect, test } from "vitest";
import type { FindingDraft } from "../protocol/finding.ts";
import type { VerdictValue } from "../protocol/verdict.ts";
import { briefOf } from "./brief.ts";
import {
  Course,
  handoff,
  judges,
  missionOf,
  oneTask,
  succeeded,
  task,
  tree,
} from "../testing/specification.ts";

const stages = [{ id: "first" }, { id: "second" }];
const gone: FindingDraft = { kind: "testVanished", severity: "blocking", text: "a test is gone" };

/** Settles the open verification of a whole tree, assertion by assertion. */
function says(course: Course, values: Record<string, VerdictValue>): Course {
  const verdicts = Object.entries(values).map(([assertionId, value]) => ({
    assertionId,
    value,
    reason: value,
    evidence: [],
  }));
  return course.settles("verify", succeeded({ kind: "verify", verdicts }));
}
const added = (course: Course): string[] => course.all("task.added").map(({ task: { id } }) => id);

/** Attempts are handed off and judged well until none is due. */
function works(course: Course): Course {
  for (let due = course.due(); due.some((one) => one.startsWith("attempt")); due = course.due()) {
    const taskId = due.find((one) => one.startsWith("attempt"))?.slice("attempt ".length) ?? "";
    course.finishes(taskId, tree(`${taskId}-${course.state.seq}`));
  }
  return course;
}

describe("given a stage that was sealed and is reopened later", () => {
  const reopened = (): Course => {
    const plan = missionOf([task("a", { stageId: "first" }), task("c", { stageId: "second" })], { stages });
    return says(Course.working(plan).finishes("a").finishes("c"), { "a-ok": "failed" });
  };

  test("the later stage is not judged again before the fix is done", () => {
    const course = reopened();
    expect(course.due()).toEqual(["attempt a~1"]);
    expect(course.all("stage.sealed").map(({ stageId }) => stageId)).toEqual(["first"]);
  });

  test("then it goes on to the end, and seals in order", () => {
    const course = works(reopened());
    course.settles("verify", judges(course.call("verify"))).delivers();
    expect(course.last("mission.closed").outcome).toBe("verified");
    const order = course.events
      .map(({ type }) => type)
      .filter((type) => type === "stage.sealed" || type === "mission.sealing");
    expect(order).toEqual(["stage.sealed", "stage.sealed", "mission.sealing"]);
  });
});

describe("given broken tasks that others need", () => {
  const more = { onFailure: "retryDownstream" } as const;
  const plan = (staged: boolean) =>
    missionOf(
      [task("a", more), task("b", more), task("d", { needs: ["a", "b"] }), task("e")],
      staged ? { stages: [{ id: "first" }] } : {},
    );

  test.each([false, true])(
    "each is done again once, what is needed before what needs it (stages: %s)",
    (staged) => {
      const course = works(Course.working(plan(staged)));
      const verify = course.call("verify").call.work;
      const ids = verify.kind === "verify" ? verify.assertionIds : [];
      says(
        course,
        Object.fromEntries(ids.map((id) => [id, id === "a-ok" || id === "b-ok" ? "failed" : "passed"])),
      );
      expect(added(course)).toEqual(["a~1", "b~1", "d~1"]);
      expect(course.state.work.tasks.get("d~1")?.waitingOn).toBe(2);
      expect(works(course).state.work.tasks.size).toBe(0);
    },
  );
});

describe("given a finding that a fix task tracks", () => {
  test("the fix task is told, though the checks failed for another reason", () => {
    const issue = { severity: "blocking", text: "the API key is in the repository" } as const;
    const course = Course.working(oneTask())
      .settles(
        "attempt",
        succeeded({ kind: "attempt", handoff: { ...handoff(), issues: [issue] }, snapshot: tree("x") }),
      )
      .judged("build", "failed");
    expect(JSON.stringify(briefOf(course.state, "build~1.1")?.previous)).toContain("API key");
  });

  test("of the verifier, about a held-out check, it is told as the verifier tells it", () => {
    const spec = oneTask();
    spec.contract = spec.contract.map((one) => ({ ...one, heldOut: true }));
    const course = Course.working(spec).handsOff("build");
    course.settles("verify", judges(course.call("verify"), "failed", { findings: [gone] }));
    expect(JSON.stringify(briefOf(course.state, "build~1.1")?.previous)).toContain("a test is gone");
  });

  test("one beyond the first fifty still blocks", () => {
    const suggestion = { severity: "suggestion", text: "rename" } as const;
    const issues = [
      ...Array.from({ length: 50 }, () => suggestion),
      { severity: "blocking", text: "the last one" } as const,
    ];
    const course = Course.working(oneTask())
      .settles(
        "attempt",
        succeeded({ kind: "attempt", handoff: { ...handoff(), issues }, snapshot: tree("x") }),
      )
      .judged("build");
    expect(course.last("approval.requested").approval.reason).toContain("the last one");
  });

  test("dismissed for one task, it blocks another all the same", () => {
    const issues = [{ severity: "blocking", text: "tests do not run" } as const];
    const course = Course.working(missionOf([task("a"), task("b")]));
    const handsOffBlocked = (taskId: string): Course =>
      course
        .settles(
          "attempt",
          succeeded({ kind: "attempt", handoff: { ...handoff(), issues }, snapshot: tree(taskId) }),
          { taskId },
        )
        .judged(taskId);
    handsOffBlocked("a").approves(undefined, "known");
    expect(handsOffBlocked("b").all("approval.requested")).toHaveLength(2);
  });
});

describe("given a check of the whole tree in which tests vanish on purpose", () => {
  const check = {
    kind: "tests",
    command: ["t"],
    report: { format: "tap", from: "stdout" },
    expect: [],
    timeoutMs: 5_000,
  } as const;
  const checks = [
    { id: "all", behaviour: "all tests pass", check: { ...check, command: ["t"], expect: [] } },
  ];

  test("when rounds have run out, a human may dismiss that, and the same tree is judged again", () => {
    const course = Course.working(oneTask({}, { checks, policy: { maxRounds: 1 } })).finishes("build");
    const vanishes = (): Course =>
      course.settles("verify", judges(course.call("verify"), "passed", { findings: [gone] }));
    vanishes();
    expect(added(course)).toEqual(["build~1"]);
    course.finishes("build~1", tree("again"));
    vanishes();
    expect(course.last("approval.requested").approval).toMatchObject({ kind: "finding", findingIds: ["f2"] });
    course.approves(undefined, "the feature is gone on purpose");
    vanishes();
    expect(course.due()).toEqual(["deliver"]);
  });

  test("who only reads is not blamed for it", () => {
    const plan = missionOf([task("w"), task("r", { access: "read", needs: ["w"] })], { checks });
    const course = Course.working(plan).finishes("w").finishes("r", tree("scratch"));
    says(course, { all: "failed" });
    expect(added(course)).toEqual(["w~1"]);
  });
});

test("who only reads is judged on what was read, whatever they left in their folder", () => {
  const course = Course.working(oneTask({ access: "read" })).handsOff("build", tree("scratch"));
  expect(course.call("verify").call.work).toMatchObject({ snapshot: tree("base") });
});

test("a verdict about a tree that was left behind reopens nothing", () => {
  const course = Course.working(missionOf([task("a"), task("b")]))
    .finishes("a")
    .finishes("b");
  const late = course.call("verify");
  course.does({ type: "mission.rollBack", to: course.state.seq - 1, reason: "x" }).goes();
  course.settles("verify", judges(late, "failed"));
  expect(added(course)).toEqual([]);
});

test("a human who grants another attempt after the deadline grants time for it", () => {
  const course = Course.working(oneTask({ timeoutMs: 60_000, deadlineMs: 70_000 }));
  course.waits(60_000).settles("attempt", { status: "interrupted", reason: "deadline" });
  course.waits(10_000).settles("attempt", { status: "interrupted", reason: "deadline" });
  course.approves();
  expect(course.call("attempt").call.reserve.timeMs).toBe(60_000);
});
