// The handoff gate: what blocks holds the task until somebody deals with it, and the verifier's findings let nothing pass.
import { describe, expect, test } from "vitest";
import type { FindingDraft } from "../protocol/finding.ts";
import { briefOf } from "./brief.ts";
import { Course, handoff, judges, oneTask, succeeded, tree } from "../testing/specification.ts";

const blocking = { severity: "blocking", text: "the API key is in the repository" } as const;
const deleted: FindingDraft = {
  kind: "testDeleted",
  severity: "blocking",
  text: "a test is gone",
  place: "test/a.js",
};

/** Work that passed, with an issue its agent calls blocking. */
function held(maxRounds = 3): Course {
  const said = { ...handoff(), issues: [blocking], deviations: ["skipped the linter"] };
  return Course.working(oneTask({}, { policy: { maxRounds } }))
    .settles("attempt", succeeded({ kind: "attempt", handoff: said, snapshot: tree("build") }))
    .judged("build");
}

describe("given work that passed and about which its agent says that something blocks", () => {
  test("it is not done: a human is asked, and sees the finding", () => {
    const course = held();
    expect(course.all("task.ended")).toEqual([]);
    expect(course.last("approval.requested").approval).toMatchObject({
      kind: "finding",
      findingIds: ["f1"],
      reason: expect.stringContaining("API key") as string,
    });
    expect(course.all("finding.recorded").map(({ finding }) => finding.severity)).toEqual([
      "blocking",
      "suggestion",
    ]);
  });

  test("when dismissed with a reason, it is done", () => {
    const course = held().approves(undefined, "it is a test key");
    expect(course.last("finding.dismissed")).toMatchObject({ findingId: "f1", reason: "it is a test key" });
    expect(course.last("task.ended")).toMatchObject({ taskId: "build", status: "done" });
  });

  test("when dismissed without a reason, it is refused", () => {
    const { given } = held();
    given
      .when({ type: "approval.approve", approvalId: "a1" })
      .thenRefused("invalid", /say why a1 is dismissed/);
  });

  test("when not dismissed, a fix task tracks it and is told", () => {
    const course = held().rejects();
    expect(course.last("finding.tracked")).toMatchObject({ findingId: "f1", taskId: "build~1" });
    expect(course.due()).toEqual(["attempt build~1"]);
    expect(briefOf(course.state, "build~1.1")?.previous.at(-1)?.findings[0]?.text).toContain("API key");
  });

  test("when nobody answers, silence dismisses nothing", () => {
    const course = held().waits(25 * 3_600_000);
    expect(course.all("finding.dismissed")).toEqual([]);
    expect(course.all("task.added")).toHaveLength(1);
  });

  test("when rounds have run out, the task fails", () => {
    const course = held(0).rejects();
    expect(course.last("task.ended")).toMatchObject({ status: "failed" });
    expect(course.last("mission.closed").outcome).not.toBe("verified");
  });
});

describe("given a verifier that found tampering", () => {
  const caught = (maxRounds = 1): Course => {
    const course = Course.working(oneTask({}, { policy: { maxRounds } })).handsOff("build");
    return course.settles("verify", judges(course.call("verify"), "passed", { findings: [deleted] }));
  };

  test("no verdict passes, whatever the checks said", () => {
    const course = caught();
    expect(course.last("verdict.given").verdict).toMatchObject({
      value: "failed",
      reason: expect.stringContaining("test/a.js: a test is gone") as string,
    });
  });

  test("a fix task tracks the finding", () => {
    const course = caught();
    expect(course.last("finding.tracked")).toMatchObject({ findingId: "f1", taskId: "build~1" });
    expect(course.due()).toEqual(["attempt build~1"]);
  });

  test("when rounds have run out, a human may dismiss it; then the same tree is judged again and passes", () => {
    const course = caught(0);
    expect(course.last("approval.requested").approval).toMatchObject({ kind: "finding", findingIds: ["f1"] });
    course.approves(undefined, "the feature was removed on purpose");
    expect(course.due()).toEqual(["verify build"]);
    course.settles("verify", judges(course.call("verify"), "passed", { findings: [deleted] }));
    expect(course.last("task.ended")).toMatchObject({ status: "done" });
  });

  test("another finding is not dismissed with it", () => {
    const course = caught(0).approves(undefined, "on purpose");
    const other = { ...deleted, place: "test/b.js" };
    course.settles("verify", judges(course.call("verify"), "passed", { findings: [deleted, other] }));
    expect(course.last("verdict.given").verdict.value).toBe("failed");
  });

  test("what does not block is recorded and holds nothing", () => {
    const course = Course.working(oneTask()).handsOff("build");
    const findings: FindingDraft[] = [{ kind: "stub", severity: "nonBlocking", text: "looks hard-coded" }];
    course.settles("verify", judges(course.call("verify"), "passed", { findings }));
    expect(course.all("finding.recorded")).toHaveLength(1);
    expect(course.last("task.ended")).toMatchObject({ status: "done" });
  });
});

describe("given a contract whose files are laid over the tree", () => {
  const judged = { commit: "over", tree: "tree-over" };

  test("what was judged is what is delivered", () => {
    const course = Course.working(oneTask()).handsOff("build");
    course.settles("verify", judges(course.call("verify"), "passed", { judged }));
    expect(course.call("deliver").call.work).toMatchObject({ snapshot: judged });
  });
});
