/** Reads the JSON reports of Mocha, and of Jest and Vitest, which write the same. */

import { member } from "../commandLine.ts";
import { lineReached, type NamedResult, type TestStatus } from "./runner.ts";

/** Jest's `--json` and Vitest's `--reporter=json`: files, each with its assertions. */
export function parseJestReport(text: string, fileName: string): NamedResult[] {
  const report = parseJson(text);
  return list(member(report, "testResults")).flatMap((file) =>
    list(member(file, "assertionResults")).flatMap((test) => {
      const title = member(test, "title");
      if (typeof title !== "string") return [];
      const suites = list(member(test, "ancestorTitles")).filter((each) => typeof each === "string");
      const trace = list(member(test, "failureMessages")).join("\n");
      const path = [...suites.filter((each) => each !== ""), title];
      return [result(path, jestStatus(member(test, "status")), trace, fileName)];
    }),
  );
}

/** Mocha's `--reporter json` on standard output, where the code under test may have printed before it. */
export function parseMochaReport(stdout: string, fileName: string): NamedResult[] {
  const start = Math.max(stdout.lastIndexOf('\n{\n  "stats"') + 1, 0);
  const report = parseJson(stdout.slice(start));
  const statusOf = (name: string, status: TestStatus): NamedResult[] =>
    list(member(report, name)).flatMap((test) => {
      const [title, fullTitle] = [member(test, "title"), member(test, "fullTitle")];
      if (typeof title !== "string" || typeof fullTitle !== "string") return [];
      const suite = fullTitle.endsWith(title) ? fullTitle.slice(0, -title.length).trim() : "";
      const stack = member(member(test, "err"), "stack");
      return [result(suite === "" ? [title] : [suite, title], status, text(stack), fileName)];
    });
  const failed = statusOf("failures", "failed");
  // A test whose hook fails afterwards is in both lists.
  const names = new Set(failed.map((each) => each.path.join(" ")));
  const passed = statusOf("passes", "passed").filter((each) => !names.has(each.path.join(" ")));
  return [...passed, ...failed, ...statusOf("pending", "skipped")];
}

function result(path: readonly string[], status: TestStatus, trace: string, fileName: string): NamedResult {
  const progress = status === "failed" ? lineReached(trace, fileName) : undefined;
  return { path, status, ...(progress === undefined ? {} : { progress }) };
}

function jestStatus(status: unknown): TestStatus {
  if (status === "passed") return "passed";
  return status === "failed" ? "failed" : "skipped";
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
