// What is not known about a call's effects counts as the worst: an effect that nobody knows may be external.
import { describe, expect, test } from "vitest";
import { effects, type Effect } from "../protocol/call.ts";
import { Course, stepDone, stepDraft, stepwise } from "../testing/specification.ts";
import { strictest } from "./recovery.ts";

/** As an agent, or a log of another version, would write it. */
const deploy = JSON.parse('"deploy"') as Effect;

describe("the strictest of effects", () => {
  test("is the one that allows least", () => {
    expect(strictest([])).toBe("read");
    expect(strictest(["workspace", "read"])).toBe("workspace");
    expect(strictest(effects)).toBe("external");
  });

  test("is external as soon as one is unknown", () => {
    expect(strictest([deploy])).toBe("external");
    expect(strictest(["read", deploy])).toBe("external");
  });
});

test("an agent whose step has an effect that nobody knows has failed, and the step is not performed", () => {
  const course = Course.working(stepwise()).settles("skill", stepDone(), {
    steps: { attemptId: "think.1", steps: [stepDraft("ship", { effects: [deploy] })], position: "append" },
  });
  expect(
    course
      .all("steps.added")
      .flatMap(({ steps }) => steps)
      .map(({ executor }) => executor),
  ).not.toContain("ship");
  expect(course.all("attempt.ended")[0]?.outcome).toMatchObject({
    status: "failed",
    error: { code: "agentFailed", message: expect.stringContaining('there is no effect "deploy"') as string },
  });
});
