/** Reads the JSON that Mocha (`--reporter json`) writes. https://mochajs.org/#json */
import { findReports, isObject, type JsonObject, objectsIn, textIn } from "./json.ts";
import { separator, type TestReport, type TestResult, type UnreadableReport } from "./report.ts";

export function parseMocha(text: string): TestReport | UnreadableReport {
  const [document, ...more] = findReports(
    text,
    (value) => isObject(value["stats"]) && Array.isArray(value["tests"]),
  );
  if (document === undefined) {
    if (text.trim() !== "") return { unreadable: "the output holds no JSON report of Mocha" };
    return { results: [], gaps: ["the command wrote no report"], silentFiles: [] };
  }
  const report: TestReport = { results: [], gaps: [], silentFiles: [] };
  if (more.length > 0) report.gaps.push("there is more than one report");
  const pending = new Set(objectsIn(document["pending"]).map((test) => keyOf(test)));
  for (const test of objectsIn(document["tests"])) report.results.push(resultOf(test, pending));
  readStats(report, document);
  return report;
}

const keyOf = (test: JsonObject): string => `${textIn(test["file"])}\n${textIn(test["fullTitle"])}`;

function resultOf(test: JsonObject, pending: ReadonlySet<string>): TestResult {
  const title = textIn(test["title"]);
  const fullTitle = textIn(test["fullTitle"]);
  const failed = isObject(test["err"]) && Object.keys(test["err"]).length > 0;
  const status = failed ? "failed" : pending.has(keyOf(test)) ? "skipped" : "passed";
  const suites = fullTitle.endsWith(` ${title}`) ? fullTitle.slice(0, -title.length - 1) : "";
  // Mocha joins suites and test with blanks and says no more: the last boundary is known, the others are not.
  if (suites === "") return { name: fullTitle === "" ? title : fullTitle, status };
  return { name: suites + separator + title, otherName: fullTitle, status };
}

function readStats(report: TestReport, document: JsonObject): void {
  const stats = isObject(document["stats"]) ? document["stats"] : {};
  const failed = report.results.filter(({ status }) => status === "failed").length;
  const passed = report.results.filter(({ status }) => status === "passed").length;
  // Failed hooks are failures without a test.
  if (typeof stats["failures"] === "number" && stats["failures"] > failed)
    report.gaps.push(`${stats["failures"] - failed} failures outside the tests`);
  if (typeof stats["passes"] === "number" && stats["passes"] !== passed)
    report.gaps.push(`the report counts ${stats["passes"]} passed tests and lists ${passed}`);
}
