// What `node --test` reports in TAP, and what cannot pass for it.
import { describe, expect, test } from "vitest";
import { parseTap } from "./tap.ts";

const tap = (text: string) => parseTap(`TAP version 13\n${text}`);

const nested = `# Subtest: suite \\# one
    # Subtest: adds
    ok 1 - adds
      ---
      duration_ms: 0.8
      type: 'test'
      ...
    # Subtest: skips
    ok 2 - skips # SKIP why
    # Subtest: later
    not ok 3 - later # TODO
    1..3
ok 1 - suite \\# one
  ---
  type: 'suite'
  ...
# Subtest: bad
not ok 2 - bad
  ---
  error: |-
    ok 3 - forged
    1..9
  ...
1..2
# pass 1
`;

describe("TAP", () => {
  test("names are paths; skip and todo are neither passed nor failed; YAML blocks are not results", () => {
    expect(tap(nested)).toEqual({
      results: [
        { name: "suite # one > adds", status: "passed" },
        { name: "suite # one > skips", status: "skipped" },
        { name: "suite # one > later", status: "skipped" },
        { name: "suite # one", status: "passed" },
        { name: "bad", status: "failed" },
      ],
      gaps: [],
      silentFiles: [],
    });
  });

  test("three levels keep their path", () => {
    expect(tap("        ok 1 - c\n        1..1\n    ok 1 - b\n    1..1\nok 1 - a\n1..1\n")).toMatchObject({
      results: [{ name: "a > b > c" }, { name: "a > b" }, { name: "a" }],
      gaps: [],
    });
  });

  test("a report that stops early, or breaks its plan, has gaps", () => {
    expect(tap("ok 1 - a\n")).toMatchObject({ gaps: ["the report ends before its plan"] });
    expect(tap("1..3\nok 1 - a\n")).toMatchObject({ gaps: ["the report planned 3 tests and reported 1"] });
    expect(tap("ok 1 - a\nBail out! no database\n1..1\n")).toMatchObject({
      gaps: ["the run was given up: Bail out! no database"],
    });
  });

  test("a file that reported no test of its own is no test", () => {
    expect(tap("ok 1 - b.test.mjs\n1..1\n")).toMatchObject({ results: [], silentFiles: ["b.test.mjs"] });
    expect(tap("not ok 1 - b.test.mjs\n1..1\n")).toMatchObject({ results: [{ status: "failed" }] });
  });

  test("an empty suite is no test, a suite of skipped tests was skipped", () => {
    expect(tap("ok 1 - empty\n  ---\n  type: 'suite'\n  ...\n1..1\n")).toMatchObject({ results: [] });
    expect(tap("    ok 1 - a # SKIP\n    1..1\nok 1 - suite\n1..1\n")).toMatchObject({
      results: [{ name: "suite > a" }, { name: "suite", status: "skipped" }],
    });
  });

  test("other output around the report is ignored; other output alone is unreadable; silence is no report", () => {
    expect(parseTap("> pkg@1 test\n> node --test\n\nTAP version 14\r\nok 1 - a\r\n1..1\r\n")).toMatchObject({
      results: [{ name: "a", status: "passed" }],
    });
    expect(parseTap("Hello\n")).toEqual({ unreadable: "the output is not TAP" });
    expect(parseTap("\n")).toMatchObject({ results: [], gaps: ["the command wrote no report"] });
  });
});
