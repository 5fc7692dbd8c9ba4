/** Changed test files of JavaScript and TypeScript, each by itself; what left a file is for the whole change to say. */
import type { FindingDraft } from "../../protocol/finding.ts";
import { dirname, join } from "node:path/posix";
import { chainOf, importsOf, parseScript, type Program, walk } from "../syntax.ts";
import { bareName, type ChangedTree } from "./changedTree.ts";
import { keepsAll } from "./shape.ts";
import { totalOf } from "./strength.ts";
import { added, type Change, finding, quoted } from "./change.ts";
import { compareTestFiles, type Group, groupsOf } from "./compareTests.ts";
import { readTestFile, type TestFile } from "./testCases.ts";

export interface TestFileReview {
  findings: FindingDraft[];
  /** Tests that this file had and has no more. */
  removed: Group[];
  /** Tests that this file has and had not. */
  added: Group[];
}

/** `tree` tells what became of other files. */
export function reviewTestFile(change: Change, tree: ChangedTree): TestFileReview {
  const { path, from = path, before, after } = change;
  const was = before === undefined ? undefined : parseScript(from, before);
  const now = after === undefined ? undefined : parseScript(path, after);
  if (after !== undefined && now === undefined && (was !== undefined || before === undefined)) {
    const severity = before === undefined ? "nonBlocking" : "blocking";
    return {
      findings: [finding("testWeakened", severity, "the test file cannot be parsed", path)],
      removed: [],
      added: [],
    };
  }
  const newFile = now === undefined ? undefined : readTestFile(now);
  if (was === undefined)
    return {
      findings: newFile === undefined ? [] : skippedIn(newFile, path),
      removed: [],
      added: groups(newFile),
    };
  const oldFile = readTestFile(was);
  if (now === undefined || newFile === undefined)
    return { findings: [], removed: groups(oldFile), added: [] };
  const { findings, removed, addedNames } = compareTestFiles(oldFile, newFile, path);
  findings.push(
    ...shadowed(was, now, path),
    ...mocked(was, now, path),
    ...redirected(was, now, { path, from }, tree),
  );
  if (oldFile.cases.length === 0 && totalOf(oldFile.outer) === 0 && !keepsAll(was, now))
    findings.push(finding("runnerChanged", "blocking", "what tests are built on works differently", path));
  return { findings, removed, added: groups(newFile).filter(({ name }) => addedNames.includes(name)) };
}

const groups = (file: TestFile | undefined): Group[] =>
  file === undefined ? [] : [...groupsOf(file).values()];

function skippedIn(file: TestFile, path: string): FindingDraft[] {
  const skipped = file.cases.filter((test) => test.skipped !== undefined).map(({ name }) => name);
  return skipped.length === 0
    ? []
    : [finding("testSkipped", "nonBlocking", `new tests do not run: ${quoted(skipped)}`, path)];
}

const judges = new Set("assert expect test it describe suite t should".split(" "));

/** Names that tests are written with and that mean something of the tree now. */
function shadowed(was: Program, now: Program, path: string): FindingDraft[] {
  const names = added(ownJudges(was), ownJudges(now));
  return names.length === 0
    ? []
    : [finding("testWeakened", "blocking", `${names.join(", ")} no longer what the test runner gives`, path)];
}

function ownJudges(program: Program): string[] {
  const found: string[] = [];
  for (const [local, { from }] of importsOf(program.root))
    if (judges.has(local) && /^[.#/]|^file:|^data:/.test(from)) found.push(local);
  const imported = importsOf(program.root);
  walk(program.root, (node) => {
    if (!/^(?:VariableDeclarator|FunctionDeclaration|ClassDeclaration)$/.test(node.type)) return;
    const name = chainOf(node["id"])?.[0] ?? "";
    const source = chainOf(node["init"])?.[0];
    // `const { expect } = chai` and the like are what they are called after.
    if (judges.has(name) && !imported.has(name) && !(source !== undefined && imported.has(source)))
      found.push(name);
  });
  return found;
}

/** Names that a test took from the tree and now takes from elsewhere, or makes itself, though they are still there. */
function redirected(
  was: Program,
  now: Program,
  at: { path: string; from: string },
  tree: ChangedTree,
): FindingDraft[] {
  const [old, current] = [importsOf(was.root), importsOf(now.root)];
  const declared = declaredIn(now, current);
  const names: string[] = [];
  for (const [local, { from, name }] of old) {
    if (!from.startsWith(".")) continue;
    const source = bareName(join(dirname(at.from), from));
    const next = [...current.values()].find((item) => item.name === name) ?? current.get(local);
    const goesElsewhere =
      next === undefined ? declared.has(local) : bareName(join(dirname(at.path), next.from)) !== source;
    const isNew = next === undefined || [...old.values()].every((item) => item.from !== next.from);
    if (goesElsewhere && isNew && tree.stillHas(source, name)) names.push(local);
  }
  return names.length === 0
    ? []
    : [finding("testWeakened", "blocking", `no longer tests ${names.join(", ")} of the tree`, at.path)];
}

/** Names that the file itself gives a meaning, but for those it takes out of what it imports. */
function declaredIn(program: Program, imported: ReadonlyMap<string, unknown>): Set<string> {
  const found = new Set<string>();
  walk(program.root, (node) => {
    if (!/^(?:VariableDeclarator|FunctionDeclaration|ClassDeclaration)$/.test(node.type)) return;
    const source = chainOf(node["init"])?.[0];
    const name = chainOf(node["id"])?.[0];
    if (name !== undefined && !imported.has(name) && !(source !== undefined && imported.has(source)))
      found.add(name);
  });
  return found;
}

const mocks =
  /^(?:jest|vi|vitest|mock|t\.mock|td)\.(?:mock|doMock|unstable_mockModule|module|replace|replaceEsm|setMock)$|^(?:proxyquire|rewire|mockRequire|mock)$/;

/** Modules of the tree that a test now has replaced, though it was about them. */
function mocked(was: Program, now: Program, path: string): FindingDraft[] {
  const subjects = new Set(
    [...importsOf(was.root).values()].map(({ from }) => from).filter((from) => from.startsWith(".")),
  );
  const names = added(mockedIn(was), mockedIn(now)).filter((name) => subjects.has(name));
  return names.length === 0
    ? []
    : [finding("testWeakened", "blocking", `replaces what it tests: ${quoted(names)}`, path)];
}

function mockedIn(program: Program): string[] {
  const found: string[] = [];
  walk(program.root, (node) => {
    if (node.type !== "CallExpression" || !mocks.test((chainOf(node["callee"]) ?? []).join("."))) return;
    const match = /^[^(]*\(\s*(?:import\()?["'`]([^"'`]+)/.exec(program.text.slice(node.start, node.end));
    if (match?.[1] !== undefined) found.push(match[1]);
  });
  return found;
}
