// Tests that passed on the base: still there, still run, still passing.
import { expect, test } from "vitest";
import type { TestReport } from "../reports/report.ts";
import { compareWithBaseline } from "./baseline.ts";

const report: TestReport = {
  results: [
    { name: "adds", status: "passed" },
    { name: "bad", status: "failed" },
    { name: "off", status: "skipped" },
    { name: "twice", status: "passed" },
    { name: "twice", status: "failed" },
  ],
  gaps: [],
  silentFiles: [],
};

test("those that pass are no matter", () => {
  expect(compareWithBaseline(report, ["adds"])).toEqual({ complaints: [], findings: [] });
});

test("those that fail are named, namesakes included", () => {
  expect(compareWithBaseline(report, ["bad", "twice"])).toEqual({
    complaints: ['passed on the base and failed: "bad", "twice"'],
    findings: [],
  });
});

test("those that vanished or are skipped are findings", () => {
  expect(compareWithBaseline(report, ["gone", "off"])).toEqual({
    complaints: ['passed on the base and not reported: "gone"', 'passed on the base and skipped: "off"'],
    findings: [
      {
        kind: "testVanished",
        severity: "blocking",
        text: 'tests that passed on the base are no longer reported: "gone"',
      },
      {
        kind: "testSkipped",
        severity: "blocking",
        text: 'tests that passed on the base are now skipped: "off"',
      },
    ],
  });
});
