/** End to end: the agent as a program, on a copy of the demo library in a git repository. */

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Handoff } from "./brief.ts";

const AGENT = join(import.meta.dirname, "repair.ts");
const LIBRARY = join(import.meta.dirname, "../../libraries/ledger");

let workspace = "";

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "repair-test-"));
});

afterEach(() => {
  rmSync(workspace, { recursive: true, force: true });
});

function git(...args: string[]): string {
  return execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
    cwd: workspace,
    encoding: "utf8",
  });
}

function commitAll(): void {
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "base");
}

function write(file: string, content: string): void {
  writeFileSync(join(workspace, file), content);
}

/** Runs the agent as Houston does; the last line must be its only handoff. */
function repair(brief: object): Handoff {
  const run = spawnSync(process.execPath, [AGENT], {
    cwd: workspace,
    input: JSON.stringify({ schemaVersion: 1, task: { id: "fix", goal: "repair" }, ...brief }),
    encoding: "utf8",
    // The tests it runs must find the Node that runs this one.
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` },
  });
  const lines = run.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string } & Handoff);
  expect(run.status).toBe(0);
  expect(lines.map((line) => line.type).filter((type) => type !== "progress")).toEqual(["handoff"]);
  expect(lines.at(-1)?.type).toBe("handoff");
  return lines.at(-1) as Handoff;
}

function assertion(command: string[], expected: string[] = []): object {
  return { id: "a", behaviour: "", check: { kind: "tests", command, expect: expected } };
}

test("repairs both defects of the ledger and touches no test", { timeout: 120_000 }, () => {
  cpSync(LIBRARY, workspace, { recursive: true });
  commitAll();
  const handoff = repair({ assertions: [assertion(["npm", "test"])] });
  expect(handoff.status).toBe("done");
  expect(handoff.done).toHaveLength(2);
  expect(handoff.commands).toEqual([{ command: ["npm", "test"], exitCode: 0 }]);
  expect(git("diff", "--name-only").trim().split("\n")).toEqual(["src/journal.js", "src/report.js"]);
  expect(git("status", "--porcelain", "--untracked-files").trim().split("\n")).toHaveLength(2);
});

test("repairs TypeScript, only what is asked for, and names what else fails", { timeout: 60_000 }, () => {
  write("package.json", '{ "type": "module" }');
  write(
    "clamp.ts",
    "export function clamp(x: number, top: number): number {\n  return x < top ? top : x;\n}\n",
  );
  mkdirSync(join(workspace, "test"));
  write(
    "test/clamp.test.ts",
    `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clamp } from '../clamp.ts';
test('limits', () => { assert.equal(clamp(9, 5), 5); assert.equal(clamp(3, 5), 3); });
test('unrelated', () => assert.fail());
`,
  );
  commitAll();
  const handoff = repair({ assertions: [assertion(["node", "--test"], ["limits"])] });
  expect(handoff.status).toBe("done");
  expect(git("diff", "--name-only").trim()).toBe("clamp.ts");
  expect(handoff.issues.map((issue) => issue.text)).toContain(
    "Fails, and no assertion asks for it: unrelated",
  );
});

test(
  "says that it failed when no change helps, and leaves the workspace as it was",
  { timeout: 60_000 },
  () => {
    write("answer.js", "exports.answer = () => 1;\n");
    write(
      "answer.test.js",
      `require('node:test')('answer', () => require('node:assert').equal(require('./answer').answer(), 42));\n`,
    );
    commitAll();
    const handoff = repair({ assertions: [assertion(["node", "--test"])] });
    expect(handoff.status).toBe("failed");
    expect(handoff.leftUndone).toEqual(["still fails: answer"]);
    expect(handoff.commands).toEqual([{ command: ["node", "--test"], exitCode: 1 }]);
    expect(git("status", "--porcelain")).toBe("");
  },
);

test("takes a check that names no tests by its exit code", { timeout: 60_000 }, () => {
  write("main.js", "const total = [1, 2].reduce((a, b) => a - b, 0);\nif (total !== 3) process.exit(1);\n");
  commitAll();
  const handoff = repair({ assertions: [assertion(["node", "main.js"])] });
  expect(handoff.status).toBe("done");
});

test("a brief it cannot read blocks it", () => {
  expect(repair({ schemaVersion: 2 }).status).toBe("blocked");
});

/** Three ways to make its test pass; only one is what the README of such a library would say. */
const DISCOUNT = {
  "discount.js": `exports.discount = (total, limit) => {
  if (total > limit) return total - 10;
  return total;
};
`,
  "discount.test.js": `const assert = require('node:assert');
const { test } = require('node:test');
const { discount } = require('./discount');
test('at the limit', () => assert.equal(discount(100, 100), 90));
test('below', () => assert.equal(discount(50, 100), 50));
test('above', () => assert.equal(discount(150, 100), 140));
`,
};

test("later attempts take the rejected change back and never hand off the same", { timeout: 120_000 }, () => {
  for (const [file, content] of Object.entries(DISCOUNT)) write(file, content);
  commitAll();
  const assertions = [assertion(["node", "--test"]), { id: "h", behaviour: "half a limit" }];
  const previous: object[] = [];
  const trees = [git("show", "HEAD:discount.js")];
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const handoff = repair({ assertions, previous });
    expect(handoff.status).toBe("done");
    expect(handoff.deviations).toHaveLength(attempt === 1 ? 0 : 1);
    const tree = readFileSync(join(workspace, "discount.js"), "utf8");
    expect(trees).not.toContain(tree);
    expect(tree.split("\n").length - DISCOUNT["discount.js"].split("\n").length).toBeLessThanOrEqual(1);
    trees.push(tree);
    const findings = [{ severity: "blocking", text: "held-out check of 'half a limit' failed" }];
    previous.push({
      attemptId: `fix.${attempt}`,
      outcome: "verdictFailed",
      summary: handoff.summary,
      findings,
    });
  }
});

test("two changes are found together when one of them brings the test further", { timeout: 120_000 }, () => {
  write("order.js", "exports.low = (a, b) => (a < b ? b : a);\nexports.high = (a, b) => (a < b ? a : b);\n");
  write(
    "order.test.js",
    `const assert = require('node:assert');
const { low, high } = require('./order');
require('node:test')('orders', () => {
  assert.deepEqual([low(1, 2), low(2, 1)], [1, 1]);
  assert.deepEqual([high(1, 2), high(2, 1)], [2, 2]);
});
`,
  );
  commitAll();
  const handoff = repair({ assertions: [assertion(["node", "--test"])] });
  expect(handoff.status).toBe("done");
  expect(handoff.done[0]).toContain(" and ");
});

test(
  "reads the tests of a program that prints TAP, and leaves the program alone",
  { timeout: 60_000 },
  () => {
    write("lib.js", "exports.isLong = (text) => text.length > 3;\nexports.first = (text) => text[0];\n");
    write(
      "check.js",
      `const { isLong, first } = require('./lib');
const results = [['long', isLong('abc') === true], ['short', isLong('ab') === false], ['first', first('ab') === 'a']];
results.forEach(([name, ok], index) => console.log((ok ? 'ok ' : 'not ok ') + (index + 1) + ' - ' + name));
console.log('1..3');
process.exitCode = results.every(([, ok]) => ok) ? 0 : 1;
`,
    );
    commitAll();
    const handoff = repair({ assertions: [assertion(["node", "check.js"], ["long", "short"])] });
    expect(handoff.status).toBe("done");
    expect(git("diff", "--name-only").trim()).toBe("lib.js");
  },
);

test("hands off what a killed attempt had repaired already", () => {
  write("a.js", "process.exitCode = 0;\n");
  commitAll();
  const handoff = repair({
    assertions: [assertion(["node", "a.js"]), { id: "h", behaviour: "hidden" }],
    recovery: { interruptedAttemptId: "fix.1", note: "the runner died" },
  });
  expect(handoff.status).toBe("done");
});

test("says so when nothing visible fails and somebody said no", () => {
  write("a.js", "process.exitCode = 0;\n");
  commitAll();
  const handoff = repair({
    assertions: [assertion(["node", "a.js"]), { id: "h", behaviour: "hidden" }],
    previous: [{ attemptId: "fix.1", outcome: "verdictFailed", findings: [] }],
  });
  expect(handoff.status).toBe("blocked");
  expect(handoff.summary).toContain("Nothing visible fails");
  expect(handoff.leftUndone).toEqual(["no visible test shows whether this holds: hidden"]);
  expect(git("status", "--porcelain")).toBe("");
});
