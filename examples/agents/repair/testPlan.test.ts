// How the commands of checks are taken apart into runs of single files.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isSource, planTests } from "./testPlan.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "repair-plan-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(file: string, text = ""): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

function plan(...command: string[]): [string, readonly string[], string | null][] {
  return planTests(root, [{ assertionId: "a", command, cwd: "", expect: [] }]).map(
    ({ runner, words, file }) => [runner.name, words, file],
  );
}

test.each([
  [["npm", "test"], "node --test", ["node", "--import", "./setup.js"]],
  [["npm", "run", "unit", "--silent"], "mocha", ["mocha", "--ui", "tdd"]],
  [["npx", "--no-install", "tape", "test/*.js"], "tape", ["tape"]],
  [["node_modules/.bin/ava", "--verbose", "test/a.js", "test/b.js"], "ava", ["node_modules/.bin/ava"]],
  [
    ["node", "node_modules/.bin/jest", "--coverage", "test/a.js", "test/b.js"],
    "jest",
    ["node", "node_modules/.bin/jest"],
  ],
  [["sh", "-c", "NODE_ENV=test nyc mocha -R dot"], "mocha", ["mocha"]],
  [["yarn", "lint-and-test"], "vitest", ["vitest"]],
])("%j is %s, file by file", (command, runner, words) => {
  const scripts = {
    test: "node --import ./setup.js --test --test-reporter=spec test/a.js test/b.js",
    unit: "cross-env X=1 mocha --ui tdd test/a.js 'test/b.js'",
    "lint-and-test": "eslint . && vitest test/a.js test/b.js",
  };
  write("package.json", JSON.stringify({ scripts }));
  write("test/a.js");
  write("test/b.js");
  const files = runner === "vitest" ? { words: [...words] } : { words };
  expect(plan(...command)).toEqual([
    [runner, files.words, "test/a.js"],
    [runner, files.words, "test/b.js"],
  ]);
});

test("a script that uses tape is tape's; any other program is run as it stands", () => {
  write("test/a.js", "const test = require('tape');");
  write("check.js");
  expect(plan("node", "test/a.js")).toEqual([["tape", ["node"], "test/a.js"]]);
  expect(plan("node", "check.js", "--all")).toEqual([["program", ["node", "check.js", "--all"], null]]);
  expect(plan("sh", "-c", "node check.js | tee log")).toEqual([
    ["program", ["sh", "-c", "node check.js | tee log"], null],
  ]);
});

test("edits sources only: no tests, no dependencies, nothing that is built", () => {
  const paths = ["index.js", "lib/a.mjs", "src/b.ts", "src/c.tsx"];
  expect(paths.filter((path) => isSource(path, []))).toEqual(paths);
  const others = [
    "test/a.js",
    "a.test.ts",
    "dist/a.js",
    "node_modules/x/a.js",
    "a.d.ts",
    "a.min.js",
    "a.json",
  ];
  expect(others.filter((path) => isSource(path, []))).toEqual([]);
});
