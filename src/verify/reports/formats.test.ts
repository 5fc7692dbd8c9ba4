// Reports as tape, AVA, Jest, Vitest and Mocha write them, and what they cannot hide.
import { describe, expect, test } from "vitest";
import { parseReport } from "./read.ts";
import { fits, judgeReport, type TestReport } from "./report.ts";

async function read(format: "tap" | "jest" | "mocha", text: string): Promise<TestReport> {
  const report = await parseReport(format, text);
  if ("unreadable" in report) throw new Error(report.unreadable);
  return report;
}

describe("tape", () => {
  const report = `TAP version 13
# adds
ok 1 one
ok 2 should be strictly equal
# subtracts
ok 3 one
not ok 4 two
  ---
    operator: equal
    stack: |-
      Error: two

          at Test.<anonymous> (t.cjs:4:18)
  ...
# later
ok 5 # SKIP off

1..5
# tests 5
# pass  4
`;
  test("a test is what its assertions are", async () => {
    expect(await read("tap", report)).toEqual({
      results: [
        { name: "adds", status: "passed" },
        { name: "subtracts", status: "failed" },
        { name: "later", status: "skipped" },
      ],
      gaps: [],
      silentFiles: [],
    });
  });

  test("the beginning of a YAML block hides nothing", async () => {
    const { results, gaps } = await read("tap", "# a\nok 1 x\n  ---\n# b\nnot ok 2 y\n  ...\n1..2\n");
    expect(results).toEqual([
      { name: "a", status: "passed" },
      { name: "b", status: "failed" },
    ]);
    expect(gaps).toEqual(["a YAML block does not end"]);
  });
});

test("AVA: of several files, each test has its file before it", async () => {
  const { results } = await read(
    "tap",
    "TAP version 13\nok 1 - a › adds\nnot ok 2 - b › later # TODO\n1..2\n",
  );
  expect(results).toEqual([
    { name: "a › adds", otherName: "a > adds", status: "passed" },
    { name: "b › later", otherName: "b > later", status: "skipped" },
  ]);
});

test("Vitest's flat TAP: durations are no part of names", async () => {
  const { results } = await read(
    "tap",
    "TAP version 13\n1..1\nok 1 - a.test.ts > maths > adds # time=1.20ms\n",
  );
  expect(results).toEqual([{ name: "a.test.ts > maths > adds", status: "passed" }]);
});

const jestTest = (title: string, status: string, more: object = {}): object => ({
  ancestorTitles: ["maths"],
  title,
  fullName: `maths ${title}`,
  status,
  ...more,
});
const jest = (tests: object[], more: object = {}, file: object = {}): string =>
  JSON.stringify({
    success: true,
    testResults: [{ name: "/w/a.test.js", status: "passed", message: "", assertionResults: tests, ...file }],
    ...more,
  });

describe("Jest and Vitest", () => {
  test("results by suites and title, among other lines", async () => {
    const text = `> jest --json\n{ not json\n${jest([jestTest("adds", "passed"), jestTest("bad", "failed"), jestTest("off", "pending"), jestTest("later", "todo")])}\nDone in 1 s\n`;
    expect((await read("jest", text)).results).toEqual([
      { name: "maths > adds", otherName: "maths adds", status: "passed" },
      { name: "maths > bad", otherName: "maths bad", status: "failed" },
      { name: "maths > off", otherName: "maths off", status: "skipped" },
      { name: "maths > later", otherName: "maths later", status: "skipped" },
    ]);
  });

  test("a test that is expected to fail has not passed", async () => {
    const { results } = await read("jest", jest([jestTest("adds", "passed", { failing: true })]));
    expect(results).toMatchObject([{ status: "skipped" }]);
  });

  test("files that failed as a whole, runs that were given up, and second reports are gaps", async () => {
    const broken = jest([], {}, { status: "failed", message: "Cannot find module" });
    expect((await read("jest", broken)).gaps).toEqual(["/w/a.test.js failed as a whole: Cannot find module"]);
    expect((await read("jest", jest([], { wasInterrupted: true }))).gaps).toContain("the run was given up");
    expect((await read("jest", jest([], { success: false }))).gaps).toContain(
      "the runner says that the run failed",
    );
    const twice = `${jest([jestTest("adds", "passed")])}\n${jest([jestTest("adds", "failed")])}`;
    expect((await read("jest", twice)).gaps).toEqual(["there is more than one report"]);
    expect((await read("jest", jest([]))).silentFiles).toEqual(["/w/a.test.js"]);
  });

  test("other output alone is unreadable, silence is no report", async () => {
    expect(await parseReport("jest", "PASS a.test.js")).toHaveProperty("unreadable");
    expect(await parseReport("jest", '{"a":1}')).toHaveProperty("unreadable");
    expect(await read("jest", "")).toMatchObject({ gaps: ["the command wrote no report"] });
  });
});

describe("Mocha", () => {
  const one = (title: string, err: object = {}): object => ({
    title,
    fullTitle: `maths fast ${title}`,
    file: "/w/a.js",
    err,
  });
  const mocha = (tests: object[], stats: object, pending: object[] = []): string =>
    JSON.stringify({ stats, tests, pending, passes: [], failures: [] }, null, 2);

  test("results by title; pending ones are skipped", async () => {
    const text = mocha([one("adds"), one("bad", { message: "no" }), one("off")], { passes: 1, failures: 1 }, [
      one("off"),
    ]);
    expect(await read("mocha", `\n${text}\n`)).toEqual({
      results: [
        { name: "maths fast > adds", otherName: "maths fast adds", status: "passed" },
        { name: "maths fast > bad", otherName: "maths fast bad", status: "failed" },
        { name: "maths fast > off", otherName: "maths fast off", status: "skipped" },
      ],
      gaps: [],
      silentFiles: [],
    });
  });

  test("failed hooks, and counts that do not fit, are gaps", async () => {
    expect((await read("mocha", mocha([one("adds")], { passes: 1, failures: 1 }))).gaps).toEqual([
      "1 failures outside the tests",
    ]);
    expect((await read("mocha", mocha([one("adds")], { passes: 4, failures: 0 }))).gaps).toHaveLength(1);
  });

  test("expected names are found whichever way they are joined", () => {
    const result = { name: "maths fast > adds", otherName: "maths fast adds", status: "passed" as const };
    for (const name of ["adds", "maths fast > adds", "maths fast adds", "maths > fast > adds", "fast > adds"])
      expect(fits(result, name)).toBe(true);
    for (const name of ["dds", "slow > adds", "maths"]) expect(fits(result, name)).toBe(false);
  });
});

test("a report passes only whole, and only when nobody complains", () => {
  const report: TestReport = { results: [{ name: "adds", status: "passed" }], gaps: [], silentFiles: [] };
  expect(judgeReport(report, ["adds"], 0).value).toBe("passed");
  expect(judgeReport(report, ["adds"], 0, ["something"]).value).toBe("failed");
  expect(judgeReport({ ...report, gaps: ["cut"] }, ["adds"], 0).value).toBe("failed");
});
