// Whether a plan holds: every problem has a path to its line and says what would be right.
import { describe, expect, test } from "vitest";
import { defaultPolicy, type MissionSpec } from "../protocol/plan.ts";
import { missionOf, oneTask, person, task, thinker, twoTasks, worker } from "../testing/specification.ts";
import { planProblems } from "./plan.ts";

const lines = (spec: MissionSpec): string[] =>
  planProblems(spec).map(({ path, message }) => `${path.join(".")}: ${message}`);

test("plans that hold have no problems", () => {
  expect([oneTask(), twoTasks()].flatMap(lines)).toEqual([]);
});

describe("the graph", () => {
  test("a circle is named from where it begins", () => {
    const spec = missionOf([
      task("a"),
      task("b", { needs: ["a", "d"] }),
      task("c", { needs: ["b"] }),
      task("d", { needs: ["c"] }),
    ]);
    expect(lines(spec)).toEqual(["tasks.1.needs: tasks need each other in a circle: b → d → c → b"]);
  });

  test("a task that needs itself, or nobody", () => {
    expect(lines(missionOf([task("a", { needs: ["a"] })]))).toEqual([
      "tasks.0.needs: tasks need each other in a circle: a → a",
    ]);
    expect(lines(missionOf([task("a", { needs: ["ghost"] })]))).toEqual([
      'tasks.0.needs: there is no task "ghost"',
    ]);
  });

  test("a long chain is no problem", () => {
    const chain = Array.from({ length: 5_000 }, (_, index) =>
      task(`t${index}`, { needs: index === 0 ? [] : [`t${index - 1}`] }),
    );
    expect(lines(missionOf(chain))).toEqual([]);
  });

  test("no contract", () => {
    expect(lines(missionOf([]))).toEqual(["contract: a contract needs at least one assertion"]);
  });

  test("no tasks: the mission proves its contract, and nobody need claim anything", () => {
    expect(lines({ ...oneTask(), tasks: [] })).toEqual([]);
  });
});

describe("claims", () => {
  test("an assertion claimed by nobody", () => {
    const spec = missionOf([task("a", { fulfills: ["x"] }), task("b", { fulfills: ["y"] })]);
    const first = spec.tasks[0];
    expect(lines({ ...spec, tasks: first === undefined ? [] : [first] })).toEqual([
      'contract.1.id: no task fulfils "y": add it to one task\'s fulfills',
    ]);
  });

  test("an assertion claimed by two, or twice by one", () => {
    const spec = missionOf([task("a", { fulfills: ["x"] }), task("b", { fulfills: ["y"] })]);
    const [a, b] = spec.tasks;
    if (a === undefined || b === undefined) throw new Error("two tasks");
    expect(lines({ ...spec, tasks: [a, { ...b, fulfills: ["y", "x"] }] })).toEqual([
      'tasks.1.fulfills: "x" is claimed by "a" already: exactly one task claims an assertion',
    ]);
    expect(lines({ ...spec, tasks: [a, { ...b, fulfills: ["y", "y"] }] })[0]).toMatch(
      /claimed by "b" already/,
    );
  });

  test("a task without an assertion, or with one that is not in the contract", () => {
    const spec = missionOf([task("a", { fulfills: ["x"] })]);
    expect(lines({ ...spec, tasks: [...spec.tasks, task("b", { fulfills: [] })] })[0]).toMatch(
      /task "b" fulfils no assertion/,
    );
    expect(lines({ ...spec, tasks: [...spec.tasks, task("b", { fulfills: ["z"] })] })).toEqual([
      'tasks.1.fulfills: the contract has no assertion "z"',
    ]);
  });
});

describe("ids and agents", () => {
  test.each(["", "Build", "a b", "a~1", "-a", "a/b", "x".repeat(65)])("%j is not an id", (id) => {
    expect(lines(missionOf([task(id, { fulfills: ["ok"] })]))[0]).toMatch(/^tasks\.0\.id: .* is not an id/);
    expect(lines(missionOf([task("a", { fulfills: [id] })]))[0]).toMatch(/^contract\.0\.id: .* is not an id/);
    expect(lines(missionOf([task("a", { agentId: id })], { agents: { [id]: worker } }))[0]).toMatch(
      /is not an id/,
    );
  });

  test("ids are unique", () => {
    expect(lines(missionOf([task("a", { fulfills: ["x"] }), task("a", { fulfills: ["y"] })]))[0]).toMatch(
      /"a" is there twice/,
    );
  });

  test("nobody may be called as Houston's own verifier", () => {
    const spec = missionOf([task("a", { agentId: "verifier" })], { agents: { verifier: worker } });
    expect(lines(spec)).toEqual([
      'agents.verifier: "verifier" is Houston\'s own verifier: choose another name',
    ]);
  });

  test("an agent nobody declared", () => {
    expect(lines(missionOf([task("a", { agentId: "x" })], { agents: {} }))).toEqual([
      'tasks.0.agent: there is no agent "x": declare it under agents, or use one of (none)',
    ]);
    expect(lines(oneTask({ onFailure: "fallback", fallback: { agentId: "x" } }))[0]).toMatch(
      /^tasks\.0\.fallback: there is no agent "x"/,
    );
    expect(lines(oneTask({ onFailure: "fallback" }))[0]).toMatch(/fallback needs a fallback agent/);
  });
});

describe("figures that JSON or arithmetic cannot keep", () => {
  const wild = [Number.NaN, -1, Infinity, 1.5, 2 ** 53];

  test.each(wild)("%d", (figure) => {
    expect(lines(oneTask({}, { budget: { tokens: figure } }))[0]).toMatch(
      /^budget\.tokens: .*whole number of at least 0/,
    );
    expect(lines(oneTask({ maxAttempts: figure }))[0]).toMatch(/^tasks\.0\.maxAttempts: .*at least 1/);
    expect(lines(oneTask({ timeoutMs: figure }))[0]).toMatch(/^tasks\.0\.timeoutMs/);
    expect(lines(oneTask({}, { timeoutMs: figure }))[0]).toMatch(/^timeoutMs/);
    expect(
      lines(
        oneTask(
          {},
          { agents: { worker: { ...worker, kind: "stepwise", program: "x", reserve: { tokens: figure } } } },
        ),
      )[0],
    ).toMatch(/^agents\.worker\.reserve\.tokens/);
    expect(lines(oneTask({}, { policy: { snapshotEveryMs: figure } }))[0]).toMatch(
      /^policy\.snapshotEveryMs/,
    );
  });

  test("zero, where zero would stop everything", () => {
    expect(
      lines(oneTask({}, { policy: { ...defaultPolicy, maxConcurrency: 0, backoffMs: 0, maxRounds: 0 } })),
    ).toEqual(["policy.maxConcurrency: 0 is not a whole number of at least 1"]);
    expect(lines(oneTask({}, { agents: { worker, person, thinker } }))).toEqual([]);
  });
});
