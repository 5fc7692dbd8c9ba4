/** Everything a mission file can say about checks, environments and stages, and what is told when it does not fit. */
import { describe, expect, test } from "vitest";
import { readMissionFile } from "./missionFile.ts";
import { missionFileJsonSchema } from "./missionFileSchema.ts";

const whole = `$schema: ./mission.schema.json
houston: 1
goal: Totals are right
agents:
  repair: { program: [node, ./agents/repair.ts] }
  ada: { human: Ada }
setup: npm
services:
  api: { command: [node, server.js], cwd: web, ready: /health }
contract:
  - id: totals
    behaviour: Totals add up
    tests: { command: [npx, vitest], report: vitest, expect: [adds], services: [api] }
    onBase: fails
    heldOut: true
    files:
      test/held.test.js: ./held/held.test.js
      test/fixture.txt: { content: "a\\n", executable: true }
  - id: says
    behaviour: The page says so
    http: { service: api, path: /totals, contains: total }
  - id: notes
    behaviour: The change is noted
    file: { path: NOTES.md, contains: [total], matches: "^## " }
checks:
  - id: lint
    behaviour: Lint stays clean
    command: [npm, run, lint]
stages:
  - { id: first, goal: The numbers }
  - { id: second }
tasks:
  - id: numbers
    goal: Repair the numbers
    agent: repair
    fulfills: [totals]
    deadline: 2h
    onFailure: fallback
    fallback: { agent: ada, goal: Look yourself }
  - id: page
    goal: Show them
    agent: repair
    needs: [numbers]
    stage: second
    fulfills: [says, notes]
    onFailure: retryDownstream
policy: { preflightRuns: 3, mutationSamples: 5, mayChangeTests: ["test/**"] }
`;

function draft(text: string) {
  const read = readMissionFile(text);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.draft;
}

function problems(from: string, to: string): string[] {
  expect(whole).toContain(from);
  const read = readMissionFile(whole.replace(from, to));
  return read.ok
    ? []
    : read.problems.map(
        ({ path, line, column, message }) => `${line}:${column} ${path.join(".")}: ${message}`,
      );
}

describe("given a file that says everything", () => {
  test("then each kind of check becomes the protocol's", () => {
    expect(draft(whole).contract).toEqual([
      {
        id: "totals",
        behaviour: "Totals add up",
        check: {
          kind: "tests",
          command: ["npx", "vitest"],
          report: { format: "jest", from: "stdout" },
          expect: ["adds"],
          services: ["api"],
          timeoutMs: 600_000,
        },
        onBase: "fails",
        heldOut: true,
        files: [
          { path: "test/held.test.js", source: { file: "./held/held.test.js" } },
          { path: "test/fixture.txt", source: { content: "a\n" }, executable: true },
        ],
      },
      {
        id: "says",
        behaviour: "The page says so",
        check: {
          kind: "http",
          service: "api",
          method: "GET",
          path: "/totals",
          status: 200,
          contains: ["total"],
          timeoutMs: 600_000,
        },
        onBase: "any",
      },
      {
        id: "notes",
        behaviour: "The change is noted",
        check: {
          kind: "file",
          path: "NOTES.md",
          exists: true,
          contains: ["total"],
          matches: ["^## "],
          timeoutMs: 30_000,
        },
        onBase: "any",
      },
    ]);
  });
});

describe("given the rest of it", () => {
  test("then so do setup, services, checks, stages and failure policies", () => {
    expect(draft(whole)).toMatchObject({
      setup: [
        {
          command: ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
          outputs: ["node_modules"],
          lockfiles: ["package-lock.json"],
          network: true,
        },
      ],
      services: {
        api: {
          command: ["node", "server.js"],
          cwd: "web",
          portVariable: "PORT",
          readyPath: "/health",
          timeoutMs: 30_000,
        },
      },
      checks: [{ id: "lint", check: { kind: "command", command: ["npm", "run", "lint"], exitCode: 0 } }],
      stages: [{ id: "first", goal: "The numbers" }, { id: "second" }],
      tasks: [
        { deadlineMs: 7_200_000, fallback: { agentId: "ada", goal: "Look yourself" } },
        { stageId: "second", onFailure: "retryDownstream" },
      ],
      policy: { preflightRuns: 3, mutationSamples: 5, mayChangeTests: ["test/**"], setupNetwork: false },
    });
  });

  test("then what was left out stays out, so that a fold sees what was decided", () => {
    const text = JSON.stringify(draft(whole));
    expect(JSON.parse(text)).toEqual(draft(whole));
  });
});

describe("given a setup", () => {
  const setup = (text: string) => draft(whole.replace("setup: npm", `setup: ${text}`)).setup;

  test("of a known package manager: then what it leaves behind is known, in every form", () => {
    expect(setup("[npm, ci, --omit=dev]")).toMatchObject([
      { command: ["npm", "ci", "--omit=dev"], outputs: ["node_modules"], lockfiles: ["package-lock.json"] },
    ]);
    expect(setup("pnpm")).toMatchObject([
      { command: ["pnpm", "install", "--frozen-lockfile", "--ignore-scripts"] },
    ]);
    expect(setup("[{ preset: yarn, cwd: web }, { preset: npm, cwd: api, network: false }]")).toMatchObject([
      { cwd: "web", lockfiles: ["yarn.lock"], network: true },
      { cwd: "api", network: false },
    ]);
  });

  test("of another program: then it says itself what is sealed, and what decides it", () => {
    expect(
      setup("{ command: [make, deps], outputs: [vendor], lockfiles: [vendor.lock], timeout: 1m }"),
    ).toEqual([
      {
        command: ["make", "deps"],
        outputs: ["vendor"],
        lockfiles: ["vendor.lock"],
        network: false,
        timeoutMs: 60_000,
      },
    ]);
    expect(problems("setup: npm", "setup: [make, deps]")).toEqual([
      expect.stringMatching(
        /^7:8 setup: of this command nobody knows what it leaves behind: write \{ command/,
      ),
    ]);
    expect(problems("setup: npm", "setup: { command: [make], outputs: [vendor] }")).toEqual([
      "7:8 setup: name the files that decide what is installed: `lockfiles: [vendor.lock]`",
    ]);
    expect(problems("setup: npm", "setup: { command: [npm, ci], preset: npm }")).toEqual([
      "7:8 setup: a setup has either `preset` or `command`",
    ]);
  });
});

const slips: [string, string, string, string | RegExp][] = [
  [
    "a service that is not there",
    "service: api, path",
    "service: apu, path",
    /^21:11 contract\.1\.http: .*"apu"/,
  ],
  [
    "a service of tests that is not there",
    "services: [api] }",
    "services: [db] }",
    /^13:12 contract\.0\.tests: .*"db"/,
  ],
  ["a stage that is not there", "deadline: 2h", "stage: thrd", /^37:12 tasks\.0\.stage: .*"thrd"/],
  ["a stage without tasks", "    stage: second\n", "", /^31:11 stages\.1\.id: .*"second"/],
  [
    "a path out of the tree",
    "path: NOTES.md",
    "path: ../NOTES.md",
    '24:19 contract.2.file.path: "../NOTES.md" lies outside the tree: write a path below the repository\'s root, such as test/total.test.js',
  ],
  [
    "a file laid over git's own",
    "test/fixture.txt:",
    ".git/hooks/x:",
    "18:7 contract.0.files..git/hooks/x: \".git/hooks/x\" is git's own: write a path below the repository's root, such as test/total.test.js",
  ],
  [
    "a file with no source",
    '{ content: "a\\n", executable: true }',
    "{ executable: true }",
    "18:25 contract.0.files.test/fixture.txt: a file of the contract has either `file` or `content`",
  ],
  ["a broken expression", '"^## "', '"(("', '24:57 contract.2.file.matches: "((" is no regular expression'],
  ["a check with the id of an assertion", "- id: lint", "- id: totals", /^26:9 checks\.0\.id: .*"totals"/],
  [
    "an unknown report",
    "report: vitest",
    "report: vitst",
    '13:46 contract.0.tests.report: "vitst" should be one of tap, junit, jest, vitest, mocha; did you mean "vitest"?',
  ],
];

describe("given a slip", () => {
  test.each(slips)("%s: then it is told where, and what would be right", (_name, from, to, expected) => {
    const found = problems(from, to);
    expect(found).toHaveLength(1);
    if (typeof expected === "string") expect(found[0]).toBe(expected);
    else expect(found[0]).toMatch(expected);
  });

  test("a task that needs one of a later stage: then it is told where", () => {
    const swapped = whole.replace("needs: [numbers]", "needs: []").replace("deadline: 2h", "needs: [page]");
    const read = readMissionFile(swapped);
    expect(read.ok ? [] : read.problems).toMatchObject([{ path: ["tasks", 0, "needs"], line: 37 }]);
  });
});

test("the published schema knows every field, and names what it is for", () => {
  const schema = JSON.stringify(missionFileJsonSchema());
  for (const field of [
    "$schema",
    "setup",
    "services",
    "checks",
    "stages",
    "heldOut",
    "mayChangeTests",
    "fallback",
  ])
    expect(schema).toContain(`"${field}"`);
});
