/** Files that are neither JavaScript nor TypeScript: tests of other languages, scripts of shells, data of tests. */
import type { FindingDraft } from "../../protocol/finding.ts";
import { isTestPath } from "../testFiles.ts";
import { added, type Change, finding, quoted } from "./change.ts";

const testName =
  /^\s*(?:async\s+)?(?:def\s+(test\w*)|func\s+(Test\w+)|fn\s+(test\w*)|@test\s+["'](.+?)["']|(?:it|describe|context|test)\s+["'](.+?)["'])/;
const assertion =
  /^\s*(?:assert\w*\b|self\.assert\w+|expect\b|with\s+pytest\.raises|t\.(?:Error|Fatal)\w*|assert\w*!|\[\[?\s|test\s)/;
const trivial =
  /^\s*(?:assert\s*\(?\s*(?:True|true|1)\s*\)?|self\.assertTrue\(\s*True\s*\)|assert!\(\s*true\s*\)|assert\s+(\S+)\s*==\s*\1\s*)\s*;?$/;
const skip =
  /@(?:pytest\.mark\.)?(?:skip\w*|xfail)\b|@unittest\.(?:skip\w*|expectedFailure)|pytest\.skip\(|\bt\.Skip|#\[ignore\]|raise\s+(?:unittest\.)?SkipTest|^\s*skip\b/;
const exits =
  /\b(?:os\._exit|sys\.exit|quit|exit)\s*\(|\bos\.(?:abort|kill|exec\w+)\s*\(|^\s*exit\s+0\b|\bSystemExit\b/;
const swallows = /\|\|\s*(?:true|:|exit\s+0)|^\s*set\s+\+e|^\s*trap\b.*\bexit\b/;
const patches =
  /\b(?:builtins\.|__builtins__|unittest\.TestCase\.\w+\s*=|pytest\.\w+\s*=|sys\.modules\[)|\b__eq__\b.*\breturn\s+True/;
const aware =
  /\bPYTEST_CURRENT_TEST\b|["']pytest["']\s+in\s+sys\.modules|sys\.modules.*pytest|inspect\.stack\(/;
const unimplemented = /\bNotImplementedError\b|\bunimplemented!|\btodo!\(/;

export function reviewPlainText(change: Change): FindingDraft[] {
  const { path, before, after } = change;
  if (isData(path)) return isTestPath(path) ? reviewTestData(change) : [];
  if (after === undefined) {
    const isTest = isTestPath(path) || isShellTest(path);
    return isTest ? [finding("testDeleted", "blocking", "a file of the tests was deleted", path)] : [];
  }
  const fresh = added(linesOf(before), linesOf(after));
  return isTestPath(path) || isShellTest(path)
    ? reviewTests(change, fresh, after)
    : reviewSource(path, fresh, after);
}

const isData = (path: string): boolean => !/\.(?:py|sh|bash|bats|rb|go|rs|pl|php|lua)$/.test(path);
const isShellTest = (path: string): boolean =>
  /(?:^|\/)(?:run[-_]?)?(?:tests?|check|ci)[^/]*\.(?:sh|bash|bats)$/.test(path);

const linesOf = (text: string | undefined): string[] =>
  (text ?? "")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== "" && !/^\s*(?:#(?!\[)|\/\/)/.test(line));

function reviewTests({ path, before }: Change, fresh: readonly string[], after: string): FindingDraft[] {
  const [old, now] = [testsOf(before ?? ""), testsOf(after)];
  const findings: FindingDraft[] = [];
  const existing = before !== undefined;
  const gone = [...old.keys()].filter((name) => !now.has(name));
  if (gone.length > 0)
    findings.push(finding("testDeleted", "blocking", `tests are gone: ${quoted(gone)}`, path));
  const skipping = fresh.filter((line) => skip.test(line));
  if (skipping.length > 0)
    findings.push(
      finding(
        "testSkipped",
        existing ? "blocking" : "nonBlocking",
        `skips tests: ${skipping[0]?.trim() ?? ""}`,
        path,
      ),
    );
  for (const [name, body] of now) {
    const was = old.get(name);
    if (was === undefined) continue;
    const [had, has] = [countOf(was), countOf(body)];
    if (has < had)
      findings.push(
        finding(
          "testWeakened",
          "blocking",
          `${JSON.stringify(name)} makes ${has} assertions that can fail, and made ${had}`,
          path,
        ),
      );
    else {
      const lost = added(valuesOf(body), valuesOf(was));
      const gained = added(valuesOf(was), valuesOf(body));
      if (lost.length > 0 && gained.length > 0)
        findings.push(
          finding(
            "testWeakened",
            "blocking",
            `${JSON.stringify(name)} names other values: ${lost.slice(0, 5).join(" ")} became ${gained.slice(0, 5).join(" ")}`,
            path,
          ),
        );
    }
  }
  const ends = fresh.find((line) => exits.test(line) || swallows.test(line));
  if (ends !== undefined && existing)
    findings.push(
      finding("earlyExit", "blocking", `ends before its tests, or hides their failure: ${ends.trim()}`, path),
    );
  const patch = fresh.find((line) => patches.test(line));
  if (patch !== undefined)
    findings.push(
      finding("patchedGlobal", "blocking", `replaces what tests are judged by: ${patch.trim()}`, path),
    );
  return findings;
}

/** The lines of each test, up to the next; what stands before them all is "". */
function testsOf(text: string): Map<string, string[]> {
  const tests = new Map<string, string[]>([["", []]]);
  let name = "";
  for (const line of linesOf(text)) {
    const found = testName.exec(line);
    if (found !== null) {
      name = found.slice(1).find((part) => part !== undefined) ?? "";
      tests.set(name, []);
    } else tests.get(name)?.push(line);
  }
  return tests;
}

const countOf = (lines: readonly string[]): number =>
  lines.filter((line) => assertion.test(line) && !trivial.test(line)).length;
const valuesOf = (lines: readonly string[]): string[] =>
  lines
    .filter((line) => assertion.test(line))
    .flatMap(
      (line) => line.match(/"[^"]*"|'[^']*'|\b\d[\w.]*|[!=<>]=|\b(?:True|False|None|not|in|is)\b/g) ?? [],
    );

function reviewSource(path: string, fresh: readonly string[], after: string): FindingDraft[] {
  const isTool =
    after.startsWith("#!") || /(?:^|\/)(?:bin|scripts)\/|__main__/.test(path) || after.includes("__main__");
  const rules: [RegExp, FindingDraft["kind"], string][] = [
    [exits, "earlyExit", "ends the process"],
    [patches, "patchedGlobal", "replaces what tests are judged by"],
    [aware, "stub", "looks whether it is tested"],
    [unimplemented, "stub", "says that it is not implemented"],
  ];
  return rules.flatMap(([pattern, kind, text]) => {
    const line = isTool && kind === "earlyExit" ? undefined : fresh.find((item) => pattern.test(item));
    return line === undefined ? [] : [finding(kind, "blocking", `${text}: ${line.trim()}`, path)];
  });
}

/** Expected results that lie beside the tests. */
function reviewTestData({ path, before, after }: Change): FindingDraft[] {
  if (
    before === undefined ||
    before.trim() === after?.trim() ||
    (/\.(?:md|txt\.license)$/i.test(path) && !path.includes("snapshots"))
  )
    return [];
  if (/\.snap$|(?:^|\/)(?:__snapshots__|snapshots)\//.test(path))
    return [finding("testWeakened", "nonBlocking", "snapshots were made anew", path)];
  if (after === undefined) return [finding("testDeleted", "blocking", "data of the tests was deleted", path)];
  if (sameJson(before, after)) return [];
  return [finding("testWeakened", "blocking", "data of the tests was changed", path)];
}

function sameJson(before: string, after: string): boolean {
  try {
    return JSON.stringify(JSON.parse(before)) === JSON.stringify(JSON.parse(after));
  } catch {
    return false;
  }
}
