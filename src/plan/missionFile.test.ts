/** Mission files: what reads well becomes a mission, what does not is told with its place and what would be right. */
import { describe, expect, test } from "vitest";
import { readMissionFile } from "./missionFile.ts";

const whole = `houston: 1
goal: Make the tests pass
repository: .
agents:
  repair: { program: [node, ./agents/repair.ts] }
contract:
  - id: tests-pass
    behaviour: Every test of the library passes
    tests: { command: [node, --test, --test-reporter=tap] }
tasks:
  - id: fix
    goal: Repair the library
    agent: repair
    fulfills: [tests-pass]
`;

function draft(text: string) {
  const read = readMissionFile(text);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.draft;
}

function problems(text: string): string[] {
  const read = readMissionFile(text);
  return read.ok
    ? []
    : read.problems.map(
        ({ path, line, column, message }) => `${line}:${column} ${path.join(".")}: ${message}`,
      );
}

const replaced = (from: string, to: string): string => {
  expect(whole).toContain(from);
  return whole.replace(from, to);
};

describe("given a file that leaves out what can be left out", () => {
  test("then everything else has its default", () => {
    expect(draft(whole)).toMatchObject({
      schemaVersion: 1,
      repository: { path: ".", base: "HEAD" },
      agents: {
        repair: { kind: "program", command: ["node", "./agents/repair.ts"], readOnly: [], reserve: {} },
      },
      contract: [
        {
          check: { kind: "tests", report: { format: "tap", from: "stdout" }, expect: [], timeoutMs: 600_000 },
          onBase: "any",
        },
      ],
      tasks: [{ needs: [], access: "write", maxAttempts: 3, onFailure: "retry", timeoutMs: 3_600_000 }],
      budget: {},
      policy: { approvePlan: false, sandbox: "bubblewrap" },
    });
    expect(draft(whole)).not.toHaveProperty("branch");
  });

  test("then the same as JSON is the same mission", () => {
    const json = {
      houston: 1,
      goal: "Make the tests pass",
      agents: { repair: { program: ["node", "./agents/repair.ts"] } },
      contract: [
        {
          id: "tests-pass",
          behaviour: "Every test of the library passes",
          tests: { command: ["node", "--test", "--test-reporter=tap"] },
        },
      ],
      tasks: [{ id: "fix", goal: "Repair the library", agent: "repair", fulfills: ["tests-pass"] }],
    };
    expect(draft(JSON.stringify(json, undefined, "\t"))).toEqual(draft(whole));
  });
});

describe("given durations, money and short forms", () => {
  test("then they become the protocol's units", () => {
    const text = `${replaced("repository: .", "repository: { path: lib, base: v1 }\nbranch: houston/mine\nbudget: { calls: 5, tokens: 1000, time: 1h30m, cost: 0.50usd }\ntimeout: 2d\npolicy: { approvePlan: true, backoff: 500ms, stallAfter: 5m }")}`;
    expect(draft(text)).toMatchObject({
      repository: { path: "lib", base: "v1" },
      branch: "houston/mine",
      budget: { calls: 5, tokens: 1_000, timeMs: 5_400_000, costMicroUsd: 500_000 },
      timeoutMs: 172_800_000,
      policy: { approvePlan: true, backoffMs: 500, stallAfterMs: 300_000 },
    });
  });

  test("then a command is a check by exit code, in short and in full", () => {
    const tests = "tests: { command: [node, --test, --test-reporter=tap] }";
    const short = draft(replaced(tests, "command: [npm, run, lint]"));
    expect(short.contract[0]?.check).toEqual({
      kind: "command",
      command: ["npm", "run", "lint"],
      exitCode: 0,
      timeoutMs: 600_000,
    });
    const full = draft(replaced(tests, "command: { command: [x], exitCode: 3, cwd: web, timeout: 5s }"));
    expect(full.contract[0]?.check).toEqual({
      kind: "command",
      command: ["x"],
      exitCode: 3,
      cwd: "web",
      timeoutMs: 5_000,
    });
  });

  test("then a report may be a file, and a person an agent", () => {
    const text = replaced(
      "[node, --test, --test-reporter=tap] }",
      "[t], report: { format: junit, file: out.xml } }",
    ).replace("{ program: [node, ./agents/repair.ts] }", "{ human: Ada }");
    expect(draft(text)).toMatchObject({
      agents: { repair: { kind: "human", name: "Ada" } },
      contract: [{ check: { report: { format: "junit", from: { file: "out.xml" } } } }],
    });
  });
});

const slips: [string, string, string, (string | RegExp)[]][] = [
  [
    "an unknown key",
    "agent: repair",
    "agnt: repair",
    [
      `11:5 tasks.0.agent: "agent" is missing: Who does it: a name under \`agents\`.`,
      `13:5 tasks.0.agnt: "agnt" is not known here; did you mean "agent"?`,
    ],
  ],
  [
    "a key nobody could have meant",
    "goal: Make the tests pass",
    "goal: x\nzzzzzzzz: 1",
    [/^3:1 zzzzzzzz: "zzzzzzzz" is not known here; known here: houston, goal, /],
  ],
  [
    "a command as one text",
    "[node, --test, --test-reporter=tap]",
    "node --test",
    [`9:23 contract.0.tests.command: "node --test" should be a list: write [node, --test]`],
  ],
  [
    "a number for a duration",
    "repository: .",
    "timeout: 10",
    ["3:10 timeout: 10: write a duration such as 30s, 10m, 2h or 1h30m"],
  ],
  [
    "money without a currency",
    "repository: .",
    "budget: { cost: '20' }",
    ["3:17 budget.cost: write an amount such as 20usd or 0.50usd"],
  ],
  ["another version", "houston: 1", "houston: 2", ["1:10 houston: 2 should be 1"]],
  [
    "a word that is nearly right",
    "agent: repair",
    "agent: repair\n    onFailure: retri",
    [
      `14:16 tasks.0.onFailure: "retri" should be one of failFast, retry, retryDownstream, fallback; did you mean "retry"?`,
    ],
  ],
  [
    "no check",
    "    tests: { command: [node, --test, --test-reporter=tap] }\n",
    "",
    ["7:5 contract.0: an assertion has exactly one check: `tests`, `command`, `file` or `http`"],
  ],
  [
    "an agent of no kind",
    "{ program: [node, ./agents/repair.ts] }",
    "{ humna: Ada }",
    [/^5:11 agents\.repair\.(program|human): /, /^5:13 agents\.repair\.humna: .*did you mean "human"/],
  ],
];

describe("given a slip", () => {
  test.each(slips)("%s: then it is told where, and what would be right", (_name, from, to, expected) => {
    const found = problems(replaced(from, to));
    expect(found).toHaveLength(expected.length);
    for (const [index, one] of expected.entries())
      if (typeof one === "string") expect(found[index]).toBe(one);
      else expect(found[index]).toMatch(one);
  });

  test("of the syntax: then its place is told", () => {
    expect(problems("houston: 1\ngoal: [a")).toEqual([expect.stringMatching(/^2:\d+ : /)]);
    expect(problems("houston: 1\nhouston: 1")).toEqual([expect.stringMatching(/^2:1 : .*unique/)]);
  });

  test("of the file as a whole: then it is told without a stack", () => {
    expect(problems("")).toEqual(["1:1 : null should be a map"]);
    expect(problems("- 1")).toEqual(["1:1 : a list should be a map"]);
  });

  test("of aliases that would unfold without end: then it is refused", () => {
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x]",
      ...["b", "c", "d", "e"].map((name, i) => `${name}: &${name} [${`*${"abcd"[i]},`.repeat(9)}]`),
    ];
    expect(problems(bomb.join("\n"))).toEqual([expect.stringMatching(/alias/i)]);
  });
});

describe("given a plan that does not hold", () => {
  test("then the law's problems stand at their lines", () => {
    expect(
      problems(replaced("fulfills: [tests-pass]", "fulfills: [tests-pass, other]\n    needs: [fix]")),
    ).toEqual([
      '14:15 tasks.0.fulfills: the contract has no assertion "other"',
      "15:12 tasks.0.needs: tasks need each other in a circle: fix → fix",
    ]);
    expect(problems(replaced("agent: repair", "agent: ghost"))).toEqual([
      '13:12 tasks.0.agent: there is no agent "ghost": declare it under agents, or use one of repair',
    ]);
    expect(problems(replaced("- id: fix", "- id: Fix It"))).toEqual([
      expect.stringMatching(/^11:9 tasks\.0\.id: "Fix It" is not an id/),
    ]);
  });
});
