/** What a change did to the tests of a file that was there before: removed, skipped, emptied, weakened. */
import type { FindingDraft } from "../../protocol/finding.ts";
import { added, finding, quoted } from "./change.ts";
import { nothing, type Strength, sum, totalOf } from "./strength.ts";
import type { TestCase, TestFile } from "./testCases.ts";

/** Of one name; a file may give it to several tests. */
export interface Group {
  name: string;
  cases: TestCase[];
  strength: Strength;
}

export interface FileComparison {
  findings: FindingDraft[];
  /** Tests that are gone from here and were not merely renamed. */
  removed: Group[];
  /** Names that are new here. */
  addedNames: string[];
}

/** `place` is where the tests are now. */
export function compareTestFiles(before: TestFile, after: TestFile, place: string): FileComparison {
  const [old, now] = [groupsOf(before), groupsOf(after)];
  const findings: FindingDraft[] = [];
  const moved = {
    outer: added(before.outer.tokens, after.outer.tokens),
    tests: added(
      before.cases.flatMap(({ strength }) => strength.tokens),
      after.cases.flatMap(({ strength }) => strength.tokens),
    ),
  };
  for (const group of old.values()) {
    const current = now.get(group.name);
    if (current !== undefined) findings.push(...compareGroups(group, current, moved.outer, place));
  }
  const fresh = [...now.values()].filter(({ name }) => !old.has(name));
  findings.push(...outerFindings(before, after, fresh, moved.tests, place));
  if (after.hasOnly && !before.hasOnly) {
    const silenced = [...old.keys()].filter((name) => now.get(name)?.cases.some(({ only }) => only) !== true);
    if (silenced.length > 0)
      findings.push(
        finding("testSkipped", "blocking", `.only silences the other tests: ${quoted(silenced)}`, place),
      );
  }
  for (const { cases, name } of fresh) {
    const [first] = cases.filter(({ skipped }) => skipped !== undefined);
    if (first !== undefined)
      findings.push(
        finding(
          "testSkipped",
          "nonBlocking",
          `the new test ${quoted([name])} ${first.skipped ?? ""}`,
          place,
          first.line,
        ),
      );
  }
  const gone = [...old.values()].filter(({ name }) => !now.has(name));
  const { renamed, removed } = pairRenamed(gone, fresh);
  if (renamed.length > 0)
    findings.push(finding("testDeleted", "nonBlocking", `tests were renamed: ${quoted(renamed)}`, place));
  return { findings, removed, addedNames: fresh.map(({ name }) => name) };
}

export function groupsOf(file: TestFile): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const test of file.cases) {
    const group = groups.get(test.name) ?? { name: test.name, cases: [], strength: nothing() };
    group.cases.push(test);
    group.strength = sum([group.strength, test.strength]);
    groups.set(test.name, group);
  }
  return groups;
}

/** Of tests with the same name, wherever the later ones lie. */
export function compareGroups(
  before: Group,
  after: Group,
  outer: readonly string[],
  path: string,
): FindingDraft[] {
  const [first] = after.cases;
  const name = quoted([before.name]);
  const line = first?.line;
  const counts = (group: Group, is: (test: TestCase) => boolean): number =>
    group.cases.filter((test) => is(test)).length;
  if (after.cases.length < before.cases.length)
    return [
      finding(
        "testDeleted",
        "blocking",
        `of ${before.cases.length} tests named ${name} only ${after.cases.length} are left`,
        path,
        line,
      ),
    ];
  const runs = ({ skipped }: TestCase): boolean => skipped === undefined;
  if (counts(after, runs) < counts(before, runs)) {
    const why = after.cases.find((test) => !runs(test))?.skipped ?? "";
    return [finding("testSkipped", "blocking", `the test ${name} ${why}`, path, line)];
  }
  if (counts(after, ({ empty }) => empty) > counts(before, ({ empty }) => empty))
    return [finding("testEmptied", "blocking", `the test ${name} has no body any more`, path, line)];
  if (counts(after, ({ conditional }) => conditional) > counts(before, ({ conditional }) => conditional))
    return [finding("testSkipped", "blocking", `the test ${name} runs only under a condition`, path, line)];
  const complaint = weakened(before.strength, after.strength, outer);
  return complaint === undefined
    ? []
    : [finding("testWeakened", "blocking", `the test ${name} ${complaint}`, path, line)];
}

/** `elsewhere`: values that are new in the file outside of this. */
export function weakened(
  before: Strength,
  after: Strength,
  elsewhere: readonly string[],
): string | undefined {
  if (totalOf(after) < totalOf(before))
    return `makes ${totalOf(after)} assertions that can fail, and made ${totalOf(before)}`;
  if (after.strong + after.weak < before.strong + before.weak)
    return "asserts only under a condition what it asserted always";
  if (after.strong < before.strong) return "asserts less than the value it asserted";
  const gone = added(after.tokens, before.tokens);
  const lost = added(elsewhere, gone);
  const gained = added(before.tokens, after.tokens);
  // Saying a thing once that was said twice changes nothing; saying another thing in its place does.
  const vanished = lost.filter((token) => !after.tokens.includes(token));
  if (vanished.length > 0) return `names other values: ${changeText(vanished, gained)}`;
  if (lost.length > 0 && gained.length > 0) return `names other values: ${changeText(lost, gained)}`;
  return undefined;
}

const changeText = (lost: readonly string[], gained: readonly string[]): string => {
  const show = (tokens: readonly string[]): string =>
    tokens
      .slice(0, 5)
      .map((token) => token.slice(0, 60))
      .join(" ");
  return gained.length === 0 ? `${show(lost)} is gone` : `${show(lost)} became ${show(gained)}`;
};

/** Files that assert without defining tests, helpers that others use, tables of values. */
function outerFindings(
  before: TestFile,
  after: TestFile,
  fresh: readonly Group[],
  inTests: readonly string[],
  path: string,
): FindingDraft[] {
  const findings: FindingDraft[] = [];
  if (after.outer.skips > before.outer.skips)
    findings.push(finding("testSkipped", "blocking", "something outside the tests skips them", path));
  const outer = sum([after.outer, ...fresh.map(({ strength }) => strength)]);
  const complaint = weakened(before.outer, outer, inTests);
  if (complaint !== undefined)
    findings.push(finding("testWeakened", "blocking", `what stands outside the tests ${complaint}`, path));
  for (const [name, strength] of before.helpers) {
    const now = after.helpers.get(name);
    if (now !== undefined && now.strong + now.weak < strength.strong + strength.weak)
      findings.push(finding("testWeakened", "blocking", `the helper ${name} asserts less than it did`, path));
  }
  return findings;
}

/** A test that went while one came that asserts at least the same has a new name. */
function pairRenamed(
  gone: readonly Group[],
  fresh: readonly Group[],
): { renamed: string[]; removed: Group[] } {
  const free = new Set(fresh);
  const renamed: string[] = [];
  const removed = gone.filter((group) => {
    const successor = [...free].find((candidate) => isSuccessor(group, candidate));
    if (successor === undefined) return true;
    free.delete(successor);
    renamed.push(`${group.name} → ${successor.name}`);
    return false;
  });
  return { renamed, removed };
}

const isSuccessor = (group: Group, candidate: Group): boolean =>
  totalOf(group.strength) > 0 &&
  candidate.cases.every(({ skipped, conditional }) => skipped === undefined && !conditional) &&
  weakened(group.strength, candidate.strength, []) === undefined;
