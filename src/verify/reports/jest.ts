/**
 * Reads the JSON that Jest (`--json`) and Vitest (`--reporter=json`) write, on standard output among other lines
 * or in a file. https://jestjs.io/docs/cli#--json
 */
import { findReports, type JsonObject, objectsIn, textIn } from "./json.ts";
import { separator, type TestReport, type TestResult, type UnreadableReport } from "./report.ts";

export function parseJest(text: string): TestReport | UnreadableReport {
  const [document, ...more] = findReports(text, (value) => Array.isArray(value["testResults"]));
  if (document === undefined) {
    if (text.trim() !== "") return { unreadable: "the output holds no JSON report of Jest or Vitest" };
    return { results: [], gaps: ["the command wrote no report"], silentFiles: [] };
  }
  const report: TestReport = { results: [], gaps: [], silentFiles: [] };
  if (more.length > 0) report.gaps.push("there is more than one report");
  if (document["wasInterrupted"] === true) report.gaps.push("the run was given up");
  for (const file of objectsIn(document["testResults"])) readFileResult(report, file);
  readTotals(report, document);
  return report;
}

function readFileResult(report: TestReport, file: JsonObject): void {
  const name = textIn(file["name"]);
  const tests = objectsIn(file["assertionResults"]);
  for (const test of tests) report.results.push(resultOf(test));
  // A file that could not be loaded, or whose hooks failed, has no failed test to show for it.
  if (file["status"] === "failed" && !tests.some((test) => test["status"] === "failed")) {
    const said = textIn(file["message"]).trim().slice(0, 300);
    report.gaps.push(`${name} failed as a whole${said === "" ? "" : `: ${said}`}`);
  } else if (tests.length === 0 && file["status"] === "passed") report.silentFiles.push(name);
}

function resultOf(test: JsonObject): TestResult {
  const ancestors = Array.isArray(test["ancestorTitles"]) ? test["ancestorTitles"] : [];
  const path = [...ancestors.map((title) => textIn(title)), textIn(test["title"])];
  const name = path.filter((part) => part !== "").join(separator);
  const fullName = textIn(test["fullName"]);
  const status = statusOf(test);
  return fullName === "" || fullName === name ? { name, status } : { name, otherName: fullName, status };
}

/** `test.failing` counts as a pass for Jest; what it proves is that the test fails. */
function statusOf(test: JsonObject): TestResult["status"] {
  if (test["failing"] === true) return "skipped";
  const status = test["status"];
  return status === "passed" || status === "failed" ? status : "skipped";
}

function readTotals(report: TestReport, document: JsonObject): void {
  for (const [key, status] of [
    ["numPassedTests", "passed"],
    ["numFailedTests", "failed"],
  ] as const) {
    const total = document[key];
    const listed = report.results.filter((result) => result.status === status).length;
    // Tests marked as failing are passed in the totals and skipped here.
    if (typeof total === "number" && total < listed)
      report.gaps.push(`the report counts ${total} ${status} tests and lists ${listed}`);
  }
  if (document["success"] === false && !report.results.some(({ status }) => status === "failed"))
    report.gaps.push("the runner says that the run failed");
}
