// What comes from outside is checked, and what is missing is said with the way to get it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runnerOf } from "./runners.ts";
import { findMirror, readTasks } from "./tasks.ts";

const folder = mkdtempSync(join(tmpdir(), "houston-tasks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const task = {
  id: "a-1",
  repo: "owner/name",
  base: "a".repeat(40),
  fix: "b".repeat(40),
  source_files: ["index.js"],
  hidden_tests: ["test/a.js"],
  test_command: "node_modules/.bin/tape 'test/a.js'",
  task: "Repair it.",
};

function listOf(content: string): string {
  const file = join(folder, "tasks.json");
  writeFileSync(file, content);
  return file;
}

describe("the task list", () => {
  test("is read with defaults for what a task may leave out", () => {
    expect(readTasks(listOf(JSON.stringify({ tasks: [task] })))).toEqual([
      expect.objectContaining({ id: "a-1", goal: "Repair it.", supportFiles: [], oldTests: [] }),
    ]);
  });

  test("that is missing or wrong is refused with the place", () => {
    expect(() => readTasks(join(folder, "none.json"))).toThrow("there is no task list");
    expect(() => readTasks(listOf("{"))).toThrow("is not JSON");
    expect(() => readTasks(listOf(JSON.stringify({ tasks: [{ ...task, base: "HEAD" }] })))).toThrow(
      /whole commit id[^]*tasks\[0\]\.base/,
    );
  });
});

test("a mirror is found by its repository's name, and otherwise the way to make it is said", () => {
  mkdirSync(join(folder, "owner+name"), { recursive: true });
  expect(() => findMirror(folder, "owner/name")).toThrow("git clone --mirror https://github.com/owner/name");
  writeFileSync(join(folder, "owner+name", "HEAD"), "ref: refs/heads/main\n");
  expect(findMirror(folder, "owner/name")).toBe(join(folder, "owner+name"));
});

test("test runners are made to print a report, and keep their own options", () => {
  expect(runnerOf("node_modules/.bin/tape 'test/a.js'").command(["b.js"])).toEqual([
    "node_modules/.bin/tape",
    "b.js",
  ]);
  const mocha = runnerOf("node_modules/.bin/mocha --ui tdd 'test/a.js'");
  expect(mocha.command(["b.js"]).join(" ")).toBe("node_modules/.bin/_mocha --ui tdd --reporter json b.js");
  const vitest = runnerOf("node_modules/.bin/vitest run --config own.mjs 'test/a.ts'");
  expect(vitest.command(["b.ts"]).join(" ")).toBe("node_modules/.bin/vitest run --reporter=json b.ts");
  expect(() => runnerOf("make test")).toThrow("nobody knows how to read what make prints");
});
