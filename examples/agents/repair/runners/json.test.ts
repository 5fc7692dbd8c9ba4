// The JSON reports of Mocha, Jest and Vitest.
import { expect, test } from "vitest";
import { parseJestReport, parseMochaReport } from "./json.ts";

const MOCHA = {
  stats: { tests: 3 },
  tests: [],
  pending: [{ title: "waits", fullTitle: "parse waits" }],
  failures: [
    {
      title: "reads dates",
      fullTitle: "parse dates reads dates",
      err: { stack: "AssertionError: 1 == 2\n    at Context.<anonymous> (test/parse.js:31:12)" },
    },
  ],
  passes: [
    { title: "adds", fullTitle: "adds" },
    { title: "reads dates", fullTitle: "parse dates reads dates" },
  ],
};

test("Mocha: what the code under test prints before the report does not matter; a test that also failed failed", () => {
  const stdout = `{ "noise": true }\n${JSON.stringify(MOCHA, null, 2)}\n`;
  expect(parseMochaReport(stdout, "parse.js")).toEqual([
    { path: ["adds"], status: "passed" },
    { path: ["parse dates", "reads dates"], status: "failed", progress: 31 },
    { path: ["parse", "waits"], status: "skipped" },
  ]);
});

test("Jest and Vitest: tests by their suites, with the line a failing one reached", () => {
  const report = {
    testResults: [
      {
        name: "/w/a.test.ts",
        assertionResults: [
          { ancestorTitles: ["", "merge"], title: "keeps", status: "passed", failureMessages: [] },
          {
            ancestorTitles: [],
            title: "drops",
            status: "failed",
            failureMessages: ["Error: no\n    at /w/a.test.ts:12:3"],
          },
          { ancestorTitles: [], title: "later", status: "pending", failureMessages: [] },
        ],
      },
    ],
  };
  expect(parseJestReport(JSON.stringify(report), "a.test.ts")).toEqual([
    { path: ["merge", "keeps"], status: "passed" },
    { path: ["drops"], status: "failed", progress: 12 },
    { path: ["later"], status: "skipped" },
  ]);
});

test("a report that is none holds no tests", () => {
  expect(parseJestReport("", "a.js")).toEqual([]);
  expect(parseMochaReport("Error: cannot find module", "a.js")).toEqual([]);
});
