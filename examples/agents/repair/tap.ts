/** Reads the TAP that `node --test-reporter=tap` writes, down to the names of nested tests. */

export type TestStatus = "passed" | "failed" | "skipped";

export interface TapResult {
  /** Names from the outermost suite to the test. */
  readonly path: readonly string[];
  readonly status: TestStatus;
}

const INDENT = 4;
const SUBTEST = /^( *)# Subtest: (.*)$/;
const RESULT = /^( *)(ok|not ok) \d+ - (.*?)(?: # (SKIP|TODO)\b.*)?$/;

/** The tests of a report in its order; suites are not tests. Truncated reports give what they contain. */
export function parseTap(text: string): TapResult[] {
  const results: TapResult[] = [];
  const names: string[] = [];
  let deepest = 0; // a result that is less deep than the one before is its suite
  let yamlIndent: string | null = null;
  for (const line of text.split("\n")) {
    if (yamlIndent !== null) {
      if (line === `${yamlIndent}...`) yamlIndent = null;
      continue;
    }
    if (/^ *---$/.test(line)) {
      yamlIndent = line.slice(0, -3);
      continue;
    }
    const subtest = SUBTEST.exec(line);
    if (subtest !== null) {
      names.length = depthOf(subtest[1]);
      names.push(unescape(subtest[2] ?? ""));
      deepest = names.length;
      continue;
    }
    const result = RESULT.exec(line);
    if (result === null) continue;
    const depth = depthOf(result[1]);
    if (depth + 1 < deepest) {
      deepest = depth + 1;
      continue;
    }
    results.push({
      path: [...names.slice(0, depth), unescape(result[3] ?? "")],
      status: result[4] !== undefined ? "skipped" : result[2] === "ok" ? "passed" : "failed",
    });
  }
  return results;
}

function depthOf(indent: string | undefined): number {
  return (indent ?? "").length / INDENT;
}

function unescape(name: string): string {
  return name.replace(/\\([\\#])/g, "$1");
}
