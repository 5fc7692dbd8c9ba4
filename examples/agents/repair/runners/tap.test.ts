// TAP as the programs write it: node --test, tape, AVA, and one made by hand.
import { expect, test } from "vitest";
import { parseTap } from "./tap.ts";

test("nested: reads tests by their suites, leaves suites out, and sees how far a failing test came", () => {
  const report = [
    "TAP version 13",
    "# Subtest: outer",
    "    # Subtest: inner",
    "        # Subtest: a \\# b",
    "        ok 1 - a \\# b",
    "        1..1",
    "    not ok 1 - inner",
    "    # Subtest: c",
    "    not ok 2 - c",
    "      ---",
    "      location: '/w/a.test.js:3:1'",
    "      error: |-",
    "    ok 9 - forged",
    "      stack: |-",
    "        TestContext.<anonymous> (file:///w/a.test.js:17:9)",
    "      ...",
    "not ok 1 - outer",
    "# Subtest: d",
    "ok 2 - d # SKIP later",
  ].join("\n");
  expect(parseTap(report, "a.test.js")).toEqual([
    { path: ["outer", "inner", "a # b"], status: "passed" },
    { path: ["outer", "c"], status: "failed", progress: 17 },
    { path: ["d"], status: "skipped" },
  ]);
});

const TAPE = `TAP version 13
# long options
ok 1 should be deeply equivalent
not ok 2 should be deeply equivalent
  ---
    operator: deepEqual
  ...
# numbers
ok 3 should be deeply equivalent
# SKIP for later

1..3
# tests 3
# pass  2
# fail  1
`;

test("tape: a test is a comment with its assertions, and comes as far as they pass", () => {
  expect(parseTap(TAPE)).toEqual([
    {
      path: ["long options"],
      status: "failed",
      progress: 1,
      aliases: ["should be deeply equivalent", "should be deeply equivalent"],
    },
    { path: ["numbers"], status: "passed", aliases: ["should be deeply equivalent"] },
  ]);
});

test("tape: a report that was cut off failed in its last test", () => {
  const cut = TAPE.slice(0, TAPE.indexOf("# SKIP"));
  expect(parseTap(cut).map(({ path, status }) => [path[0], status])).toEqual([
    ["long options", "failed"],
    ["numbers", "failed"],
  ]);
});

test("AVA: every line is a test, whatever is logged between", () => {
  const report = `TAP version 13
ok 1 - decodes
not ok 2 - encodes
  ---
    name: AssertionError
    at: 'file:///w/test/parse.js:21:4'
  ...
#   some log
ok 3 - later # TODO

1..3
# tests 2
`;
  expect(parseTap(report, "parse.js", "flat")).toEqual([
    { path: ["decodes"], status: "passed" },
    { path: ["encodes"], status: "failed", progress: 21 },
    { path: ["later"], status: "skipped" },
  ]);
});

test("by hand: points without names count by their place; what is no TAP holds no tests", () => {
  expect(parseTap("1..2\nok 1\nnot ok 2 adds\n")).toEqual([
    { path: ["test 1"], status: "passed" },
    { path: ["adds"], status: "failed" },
  ]);
  expect(parseTap("ok then\nall fine\n")).toEqual([]);
});
