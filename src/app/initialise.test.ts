/** What is found in a repository becomes a mission file that holds as soon as a person has filled in what only they know. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { readMissionFile } from "../plan/missionFile.ts";
import type { WrittenMission } from "../plan/missionDraft.ts";
import { initialise, missionFileName } from "./initialise.ts";

type Files = Record<string, string | object>;

function inFolder<T>(files: Files, work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "houston-init-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
    }
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The file that `init` writes, after a person has filled it in. */
function initialised(files: Files): { draft: WrittenMission; found: string[] } {
  return inFolder(files, (folder) => {
    const made = initialise(folder, false);
    if (!made.ok) throw new Error(`${made.file} is there`);
    const text = readFileSync(made.file, "utf8")
      .replaceAll('goal: ""', "goal: Fill")
      .replaceAll('behaviour: ""', "behaviour: Fill")
      .replace("program: []", "program: [node, ./agents/worker.ts]")
      .replace("command: []", "command: [make, test]");
    const read = readMissionFile(text);
    if (!read.ok) throw new Error(`${text}\n${JSON.stringify(read.problems)}`);
    return { draft: read.draft, found: made.found };
  });
}

const withTests = (script: string, devDependencies: object = {}): Files => ({
  "package.json": { scripts: { test: script }, devDependencies },
});

test.each([
  ["vitest", "vitest run", "jest"],
  ["jest", "jest --ci", "jest"],
  ["mocha", "mocha test", "mocha"],
  ["ava", "ava", "tap"],
  ["tape", "tape test/*.js", "tap"],
])("%s is found in the test script, and asked for a report a machine can read", (name, script, format) => {
  const { draft } = initialised(withTests(script));
  expect(draft.contract).toMatchObject([{ check: { kind: "tests", report: { format, from: "stdout" } } }]);
  const [{ check } = { check: undefined }] = draft.contract;
  expect(check?.kind === "tests" ? check.command[0] : "").toBe(`node_modules/.bin/${name}`);
});

test("a test program is found among the dependencies too", () => {
  const { draft } = initialised(withTests("./run-all", { vitest: "5" }));
  expect(draft.contract).toMatchObject([{ check: { kind: "tests", report: { format: "jest" } } }]);
});

test("the tests of node need no package", () => {
  const { draft, found } = initialised(withTests("node --test"));
  expect(draft.contract).toMatchObject([
    { check: { command: ["node", "--test", "--test-reporter=tap"], report: { format: "tap" } } },
  ]);
  expect(draft).not.toHaveProperty("setup");
  expect(found).toContain("tests: node --test");
});

test("a script that nobody knows is a command, and so is a plain shell script", () => {
  expect(initialised(withTests("./all.sh")).draft.contract).toMatchObject([
    { check: { kind: "command", command: ["npm", "test"] } },
  ]);
  expect(initialised({ "scripts/test.sh": "exit 0" }).draft.contract).toMatchObject([
    { check: { kind: "command", command: ["sh", "scripts/test.sh"] } },
  ]);
});

test("without any tests, what is promised is left to a person", () => {
  const { draft, found } = initialised({ "readme.md": "x" });
  expect(draft.contract).toMatchObject([
    { id: "done", check: { kind: "command", command: ["make", "test"] } },
  ]);
  expect(found).toEqual(["no package manager", "no tests: the contract needs a check of yours"]);
});

const manifest = { scripts: { test: "vitest" }, devDependencies: { vitest: "5" } };

test.each([
  ["npm", { "package.json": manifest, "package-lock.json": "{}" }, ["npm", "ci"], "package-lock.json"],
  ["pnpm", { "package.json": manifest, "pnpm-lock.yaml": "" }, ["pnpm", "install"], "pnpm-lock.yaml"],
  [
    "yarn",
    { "package.json": manifest, "yarn.lock": "" },
    ["yarn", "install", "--frozen-lockfile"],
    "yarn.lock",
  ],
  [
    "a newer yarn",
    { "package.json": { ...manifest, packageManager: "yarn@4.1.0" }, "yarn.lock": "" },
    ["yarn", "install", "--immutable"],
    "yarn.lock",
  ],
])("the lockfile of %s becomes the setup", (_name, files, command, lockfile) => {
  const { draft } = initialised(files);
  expect(draft.setup).toMatchObject([{ lockfiles: [lockfile], outputs: ["node_modules"], network: true }]);
  expect(draft.setup?.[0]?.command.slice(0, command.length)).toEqual(command);
});

test("without a lockfile nothing can be sealed, which is said", () => {
  const { draft, found } = initialised({ "package.json": { ...manifest, packageManager: "pnpm@9.0.0" } });
  expect(draft).not.toHaveProperty("setup");
  expect(found.join()).toContain("pnpm install");
});

test("each package of a monorepo has its tests checked where they are", () => {
  const { draft, found } = initialised({
    "package.json": { workspaces: ["packages/*", "!packages/old"], scripts: { lint: "x", typecheck: "y" } },
    "packages/a/package.json": { scripts: { test: "node --test" } },
    "packages/b/package.json": { scripts: { test: "mocha" } },
    "packages/notes/readme.md": "no package",
    "package-lock.json": "{}",
  });
  expect(draft.contract).toMatchObject([
    { id: "tests-pass-packages-a", check: { cwd: "packages/a" } },
    {
      id: "tests-pass-packages-b",
      check: { cwd: "packages/b", command: ["../../node_modules/.bin/mocha", "--reporter", "json"] },
    },
  ]);
  expect(draft.tasks[0]?.fulfills).toEqual(["tests-pass-packages-a", "tests-pass-packages-b"]);
  expect(draft.checks).toMatchObject([{ id: "lint" }, { id: "typecheck" }]);
  expect(found).toContain("2 packages: packages/a, packages/b");
  const pnpm = initialised({
    "package.json": {},
    "pnpm-workspace.yaml": "packages:\n  - 'libs/*'\n  - tools\n",
    "libs/a/package.json": { scripts: { test: "node --test" } },
    "tools/package.json": { scripts: { test: "node --test" } },
  });
  expect(pnpm.draft.contract.map(({ id }) => id)).toEqual(["tests-pass-libs-a", "tests-pass-tools"]);
});

test("names that would be something else in YAML stay names", () => {
  const odd = "packages/it's: #1, [x] & *y";
  const { draft } = initialised({
    "package.json": { workspaces: ["packages/*"] },
    [`${odd}/package.json`]: { scripts: { test: "node --test" } },
  });
  expect(draft.contract).toMatchObject([{ check: { cwd: odd } }]);
});

test("a file that is there is overwritten only when told to; its schema lies where it says", () => {
  inFolder({ [missionFileName]: "mine" }, (folder) => {
    const file = join(folder, missionFileName);
    expect(initialise(folder, false)).toEqual({ ok: false, file });
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(initialise(folder, true)).toMatchObject({ ok: true });
    const [, schema = ""] =
      /^# yaml-language-server: \$schema=(\S+)$/m.exec(readFileSync(file, "utf8")) ?? [];
    expect(JSON.parse(readFileSync(join(folder, schema), "utf8"))).toMatchObject({ title: "Mission" });
  });
});
