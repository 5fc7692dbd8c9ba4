import { expect, test } from "vitest";
import { parseTap } from "./tap.ts";

test("reads tests by their suites, and leaves suites out", () => {
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
    "      error: |-",
    "    ok 9 - forged",
    "      ...",
    "not ok 1 - outer",
    "# Subtest: d",
    "ok 2 - d # SKIP later",
  ].join("\n");
  expect(parseTap(report)).toEqual([
    { path: ["outer", "inner", "a # b"], status: "passed" },
    { path: ["outer", "c"], status: "failed" },
    { path: ["d"], status: "skipped" },
  ]);
});
