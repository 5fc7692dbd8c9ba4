// The blackboard: who says what, contradictions side by side, nothing surer because others agree, nothing for ever.
import { describe, expect, test } from "vitest";
import type { FactDraft } from "../protocol/fact.ts";
import { briefOf } from "./brief.ts";
import { Course, handoff, missionOf, oneTask, succeeded, task, tree } from "../testing/specification.ts";

const port: FactDraft = {
  type: "fact",
  subject: "port",
  content: "the server listens on 80",
  confidence: 0.4,
};
const other: FactDraft = { ...port, content: "the server listens on 8080" };

const two = (): Course => Course.working(missionOf([task("a"), task("b", { agentId: "helper" })]));
const says = (course: Course, taskId: string, ...facts: FactDraft[]): Course =>
  course.settles(
    "attempt",
    succeeded({ kind: "attempt", handoff: { ...handoff(), facts }, snapshot: tree(taskId) }),
    { taskId },
  );

describe("given an agent that hands off a fact", () => {
  test("it is recorded with who said it, and told to the next", () => {
    const course = says(two(), "a", port).judged("a");
    expect(course.last("fact.recorded").fact).toMatchObject({
      id: "k1",
      source: "agent:worker",
      attemptId: "a.1",
    });
    expect(briefOf(course.state, "b.1")?.facts).toEqual([
      { ...port, source: "agent:worker", disputed: false },
    ]);
  });

  test("when another contradicts it, both stand and both are disputed", () => {
    const course = says(two(), "a", port).judged("a");
    says(course, "b", other);
    expect(course.last("fact.conflicted")).toEqual({
      type: "fact.conflicted",
      subject: "port",
      factIds: ["k1", "k2"],
    });
    expect([...course.state.work.facts.keys()]).toEqual(["k1", "k2"]);
  });

  test("when another agrees, nobody's confidence rises", () => {
    const course = says(two(), "a", port).judged("a");
    says(course, "b", port);
    expect([...course.state.work.facts.values()].map(({ confidence }) => confidence)).toEqual([0.4, 0.4]);
    expect(course.all("fact.conflicted")).toEqual([]);
  });

  test("when the same agent repeats itself, nothing is added", () => {
    const course = says(two(), "a", port, port);
    expect(course.all("fact.recorded")).toHaveLength(1);
  });

  test("when its time to live is over, it expires, and a conflict that is left alone ends", () => {
    const course = says(two(), "a", { ...port, ttlMs: 5_000 }, other);
    expect([...course.state.work.disputed]).toEqual(["port"]);
    course.waits(5_000);
    expect(course.last("fact.expired").factId).toBe("k1");
    expect([...course.state.work.disputed]).toEqual([]);
  });
});

describe("given a human who writes on the blackboard", () => {
  const ask = (fact: FactDraft, by?: string) =>
    Course.working(oneTask()).given.when({ type: "fact.record", fact }, by === undefined ? {} : { by });

  test("it is recorded under their name", () => {
    const course = Course.working(oneTask()).does({ type: "fact.record", fact: port });
    expect(course.last("fact.recorded").fact.source).toBe("human:ada");
  });

  test("an agent cannot do so by command", () => {
    ask(port, "agent:worker").thenRefused("notAllowed");
  });

  test.each([
    [{ ...port, subject: "" }, /subject/],
    [{ ...port, confidence: 2 }, /between 0 and 1/],
    [{ ...port, ttlMs: 0 }, /time to live/],
    [{ ...port, content: "x".repeat(4_001) }, /4000 characters/],
  ])("nonsense is refused: %#", (fact, message) => {
    ask(fact).thenRefused("invalid", message);
  });
});
