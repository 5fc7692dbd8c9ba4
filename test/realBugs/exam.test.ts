// A small library of our own with a defect and a tape of our own: how tests are split, and who is believed.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prepareChanges } from "./behaviours.ts";
import { accepts, besidePath, judgeChange, setExam, Untestable, type Exam } from "./exam.ts";
import { Lab } from "./lab.ts";
import type { Library } from "./library.ts";
import { git } from "./processes.ts";
import { runnerOf } from "./runners.ts";
import type { BugTask } from "./tasks.ts";

const tape = `const points = [];
module.exports = (title, body) => {
  const check = (ok) => points.push({ title, ok });
  body({ equal: (a, b) => check(a === b), pass: () => check(true) });
};
process.on("exit", () => {
  console.log("TAP version 13");
  for (const [index, { title, ok }] of points.entries())
    console.log("# " + title + "\\n" + (ok ? "ok " : "not ok ") + (index + 1) + " should be equal");
  console.log("1.." + points.length);
  if (points.some(({ ok }) => !ok)) process.exitCode = 1;
});
`;
const broken = "module.exports = (a, b) => {\n  if (a > b) return a;\n  return a;\n};\n";
const repaired = broken.replace("  return a;\n}", "  if (b === null) return a;\n  return b;\n}");
const testOf = (title: string, a: string, b: string, most: string): string =>
  `test("${title}", (t) => {\n  t.equal(most(${a}, ${b}), ${most});\n});\n`;
const head = 'const test = require("tape");\nconst most = require("../index.js");\n';
const oldTests = head + testOf("first is most", "2", "1", "2") + testOf("same", "1", "1", "1");
const newTests =
  oldTests +
  testOf("null is least", "-1", "null", "-1") +
  testOf("second is most", "1", "2", "2") +
  testOf("zero", "-1", "0", "0");

const bug: BugTask = {
  id: "most-1",
  repo: "houston/most",
  base: "",
  fix: "",
  sourceFiles: ["index.js"],
  hiddenTests: ["test/most.js"],
  supportFiles: [],
  oldTests: ["test/most.js", "test/other.js"],
  testCommand: "node_modules/.bin/tape 'test/most.js'",
  goal: "Repair most.",
};
const other = head + testOf("many", "9", "3", "9");
const atBase: Record<string, string> = {
  "index.js": broken,
  "test/most.js": oldTests,
  "test/other.js": other,
};
const atFix: Record<string, string> = { ...atBase, "index.js": repaired, "test/most.js": newTests };

let folder: string;
let lab: Lab;
let library: Library;
let exam: Exam;

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "houston-exam-"));
  const modules = join(folder, "modules");
  const program =
    '#!/usr/bin/env node\nfor (const file of process.argv.slice(2)) require(require("node:path").resolve(file));\n';
  write(modules, { ".bin/tape": program, "tape/index.js": tape });
  chmodSync(join(modules, ".bin/tape"), 0o755);
  const repository = join(folder, "library");
  write(repository, atBase);
  await git(repository, "init", "--quiet", "--initial-branch=main", "--template=");
  await git(repository, "add", "--all");
  await git(repository, "commit", "--quiet", "--message", "base");
  write(repository, { "index.js": repaired });
  const sourceDiff = await git(repository, "diff", "--unified=0");
  await git(repository, "checkout", "--quiet", "--force", "main");
  library = {
    repository,
    base: (await git(repository, "rev-parse", "HEAD")).trim(),
    modules,
    atFix: async (path) => atFix[path],
    atBase: async (path) => atBase[path],
    sourceDiff,
  };
  const runner = runnerOf(bug.testCommand);
  lab = await Lab.open(library, runner, join(folder, "lab"));
  exam = await setExam(bug, library, lab);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("an exam", () => {
  test("asks for half of upstream's tests, with half of those that show the defect among them", () => {
    expect(exam.oracle.names).toEqual(["first is most", "null is least", "same", "second is most", "zero"]);
    expect(exam.asked.names.toSorted()).toEqual(["first is most", "same", "second is most"]);
    expect(exam.oracle.unseen).toEqual(["null is least", "zero"]);
    expect(exam.asked.path).toBe("test/most.asked.js");
    expect(exam.asked.content).not.toMatch(/null is least|zero/);
  });

  test("leaves to the other half what does not pass without it", async () => {
    const counting = head.replace("const", "let calls = 0;\nconst");
    const build = (title: string, a: number, expected: string): string =>
      `test("${title}", (t) => { calls += 1; t.equal(most(${a}, 2), ${expected}); });\n`;
    const content = counting + build("a", 1, "2") + build("b", 0, "2") + build("c", 2, "calls - 1");
    const building = async (path: string) => (path === "test/most.js" ? content : atFix[path]);
    const { asked, oracle } = await setExam(bug, { ...library, atFix: building }, lab);
    expect(asked.names).toEqual(["a"]);
    expect(oracle.unseen).toEqual(["b", "c"]);
  });

  test("keeps the old tests that pass before and after the fix", () => {
    expect(exam.regression.files).toEqual(["test/most.js", "test/other.js"]);
    expect(exam.regression.names.toSorted()).toEqual(["first is most", "many", "same"]);
  });

  test("is not set where upstream's tests show no defect", async () => {
    const unbroken = { ...library, atFix: async (path: string) => atBase[path] };
    await expect(setExam(bug, unbroken, lab)).rejects.toThrow(Untestable);
  });
});

describe("the oracle", () => {
  test("accepts upstream's change, and not one that only the contract's half accepts", async () => {
    const overfit = broken.replace("  return a;\n}", "  return b;\n}");
    expect(await judgeChange(exam, lab, new Map([["index.js", repaired]]))).toEqual({
      byOldTests: true,
      byOracle: true,
    });
    expect(await judgeChange(exam, lab, new Map([["index.js", overfit]]))).toEqual({
      byOldTests: true,
      byOracle: false,
    });
    const asked = await lab.test(
      ["test/most.asked.js"],
      new Map([
        ["test/most.asked.js", exam.asked.content],
        ["index.js", overfit],
      ]),
    );
    expect(accepts(exam.asked.names, asked)).toBe(true);
  });

  test("believes neither an exit code without names nor names without an exit code", () => {
    const passed = new Map([["suite > a", "passed" as const]]);
    expect(accepts(["suite a"], { exitCode: 0, results: passed })).toBe(true);
    expect(accepts(["a"], { exitCode: 1, results: passed })).toBe(false);
    expect(accepts(["a", "b"], { exitCode: 0, results: passed })).toBe(false);
    expect(accepts(["a"], { exitCode: 0, results: new Map([["a", "skipped" as const]]) })).toBe(false);
  });

  test("judges a patch and a branch, and says what is gone there", async () => {
    const repository = join(folder, "delivered");
    await git(folder, "clone", "--quiet", "--template=", library.repository, repository);
    write(repository, { "index.js": repaired });
    rmSync(join(repository, "test/other.js"));
    const patch = await git(repository, "diff");
    const byPatch = await lab.testTree(exam.oracle.run, { patch }, exam.oracle.files);
    expect(byPatch).toMatchObject({ exitCode: 0, deleted: ["test/other.js"] });
    await git(repository, "checkout", "--quiet", "-b", "houston/done");
    await git(repository, "commit", "--quiet", "--all", "--message", "done");
    const tree = { repository, branch: "houston/done" };
    expect(await lab.testTree(exam.oracle.run, tree, exam.oracle.files)).toEqual(byPatch);
    const unchanged = await lab.testTree(exam.oracle.run, { patch: "" }, exam.oracle.files);
    expect(unchanged).toMatchObject({ exitCode: 1, deleted: [] });
  });
});

test("the scripted agent's wrong change is one that the old tests accept and upstream's tests do not", async () => {
  const changes = await prepareChanges(bug, library, exam, lab);
  expect(await judgeChange(exam, lab, changes.wrong.files)).toEqual({ byOldTests: true, byOracle: false });
  expect(changes.wrong.files.get("index.js")).not.toBe(broken);
  expect(changes.right.files.get("index.js")).toBe(repaired);
  expect([...changes.deletedTests.files]).toEqual([
    ["index.js", repaired],
    ["test/most.js", null],
  ]);
  expect(changes.weakenedTests.files.get("test/most.js")).toContain("t.pass()");
  expect(changes.nothing.files.size + changes.lie.files.size).toBe(0);
});

test("a file beside a test keeps the endings that make it one", () => {
  expect(besidePath("test/parse.js", "asked")).toBe("test/parse.asked.js");
  expect(besidePath("test/defu.test.ts", "asked")).toBe("test/defu.asked.test.ts");
});
