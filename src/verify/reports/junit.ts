/**
 * Reads JUnit XML as node, Vitest, Jest, pytest and Maven write it. The parser (saxes) is strict,
 * reads no external entity and expands none that a document declares.
 */
import { SaxesParser } from "saxes";
import { isFileName, separator, type TestReport, type TestResult, type UnreadableReport } from "./report.ts";

interface Case {
  name: string;
  className: string;
  path: string[];
  status: TestResult["status"];
}

const maxDepth = 100;
/** Terminal colours in messages are common, and not allowed in XML. */
// oxlint-disable-next-line no-control-regex
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

/** `text` may have other output around the document. */
export function parseJunit(text: string): TestReport | UnreadableReport {
  const document = cutOut(text);
  if (document === undefined) {
    if (text.trim() !== "") return { unreadable: "the output holds no JUnit document" };
    return { results: [], gaps: ["the command wrote no report"], silentFiles: [] };
  }
  try {
    return collectCases(document);
  } catch (error) {
    return {
      unreadable: `the JUnit document is not well-formed: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

function cutOut(text: string): string | undefined {
  const start = text.search(/<\?xml\s|<testsuites?[\s>/]/);
  if (start < 0) return undefined;
  const end = Math.max(...["</testsuites>", "</testsuite>", "/>"].map((mark) => endOf(text, mark)));
  return text.slice(start, end < start ? undefined : end).replace(notXml, "");
}

function endOf(text: string, mark: string): number {
  const at = text.lastIndexOf(mark);
  return at < 0 ? -1 : at + mark.length;
}

function collectCases(document: string): TestReport {
  const cases: Case[] = [];
  const suites: string[] = [];
  const open: string[] = [];
  let current: Case | undefined;
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    if (open.length === 0 && name !== "testsuites" && name !== "testsuite")
      throw new Error(`<${name}> is not a JUnit report`);
    open.push(name);
    if (open.length > maxDepth) throw new Error(`more than ${maxDepth} levels`);
    if (name === "testsuite") suites.push(attributes["name"] ?? "");
    else if (name === "testcase") {
      const { name: title = "", classname = "" } = attributes;
      current = {
        name: title,
        className: classname,
        path: suites.filter((suite) => suite !== ""),
        status: "passed",
      };
      cases.push(current);
    } else if (current !== undefined) current.status = worse(current.status, name);
  });
  parser.on("closetag", ({ name }) => {
    open.pop();
    if (name === "testsuite") suites.pop();
    else if (name === "testcase") current = undefined;
  });
  parser.write(document).close();
  return reportOf(cases);
}

function worse(status: TestResult["status"], element: string): TestResult["status"] {
  if (element === "failure" || element === "error") return "failed";
  return element === "skipped" && status === "passed" ? "skipped" : status;
}

function reportOf(cases: readonly Case[]): TestReport {
  const report: TestReport = { results: [], gaps: [], silentFiles: [] };
  for (const { name, className, path, status } of cases) {
    const full = [...path, name].join(separator);
    if (status === "passed" && isFileName(name)) report.silentFiles.push(full);
    else if (className === "") report.results.push({ name: full, status });
    else report.results.push({ name: full, otherName: className + separator + name, status });
  }
  return report;
}
