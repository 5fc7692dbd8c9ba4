// What a change may and may not do to the tests that were there before it.
import { describe, expect, it } from "vitest";
import { blockingKinds, reviewed } from "./fixture.ts";

const head = `import assert from "node:assert/strict";\nimport { describe, it, test } from "node:test";\nimport { add, parse } from "../src/maths.js";\n`;
const suite = (body: string): string => `${head}${body}\n`;
const adds = `test("adds", () => {\n  const sum = add(1, 2);\n  assert.equal(sum, 3);\n  assert.equal(add(2, 2), 4);\n});`;
const parses = `describe("parse", () => {\n  it("reads a number", () => {\n    assert.deepEqual(parse("7"), { value: 7 });\n  });\n});`;
const both = suite(`${adds}\n${parses}`);
const path = "test/maths.test.js";

const inPlaceOf = (old: string, now: string): string => {
  if (!both.includes(old)) throw new Error(`no ${old}`);
  return both.replace(old, now);
};

const kindsOf = (after: string, before = both): string[] =>
  blockingKinds(reviewed({ [path]: before }, { [path]: after }));

const fakes: [string, string, string][] = [
  ["a test removed", suite(parses), "testDeleted"],
  ["a test commented out", suite(`/*${adds}*/\n${parses}`), "testDeleted"],
  [
    "a test renamed and its check lost",
    inPlaceOf(adds, `test("sums", () => { assert.ok(add(1, 2)); });`),
    "testDeleted",
  ],
  ["a suite's tests after a return", inPlaceOf(`it("reads`, `return;\n  it("reads`), "testDeleted"],
  ["a test below a false condition", inPlaceOf(`test("adds"`, `if (false) test("adds"`), "testDeleted"],
  ["tests in a function nobody calls", suite(`function later() {\n${adds}\n}\n${parses}`), "testDeleted"],
  [
    "a test below a condition",
    inPlaceOf(`test("adds"`, `if (process.platform === "plan9") test("adds"`),
    "testSkipped",
  ],
  [".skip", inPlaceOf(`test("adds"`, `test.skip("adds"`), "testSkipped"],
  [".skip on a suite", inPlaceOf(`describe("parse"`, `describe.skip("parse"`), "testSkipped"],
  [".todo", inPlaceOf(`test("adds"`, `test.todo("adds"`), "testSkipped"],
  ["xit", inPlaceOf(`it("reads`, `xit("reads`), "testSkipped"],
  [".failing", inPlaceOf(`test("adds"`, `test.failing("adds"`), "testSkipped"],
  ["the option skip", inPlaceOf(`test("adds", (`, `test("adds", { skip: true }, (`), "testSkipped"],
  [
    "the option skip with a reason",
    inPlaceOf(`test("adds", (`, `test("adds", { skip: "flaky" }, (`),
    "testSkipped",
  ],
  ["skipIf", inPlaceOf(`test("adds"`, `test.skipIf(process.env.CI)("adds"`), "testSkipped"],
  ["t.skip()", inPlaceOf(`"adds", () => {`, `"adds", (t) => {\n  t.skip();`), "testSkipped"],
  [
    "this.skip() in a hook",
    suite(`beforeEach(function () { this.skip(); });\n${adds}\n${parses}`),
    "testSkipped",
  ],
  [
    ".only on another test",
    `${both}test.only("new", () => { assert.equal(add(0, 0), 0); });\n`,
    "testSkipped",
  ],
  ["an empty body", inPlaceOf(adds, `test("adds", () => {});`), "testEmptied"],
  ["an early return", inPlaceOf(`"adds", () => {`, `"adds", () => {\n  return;`), "testWeakened"],
  [
    "an early return below true",
    inPlaceOf(`"adds", () => {`, `"adds", () => {\n  if (true) return;`),
    "testWeakened",
  ],
  [
    "a return below a condition",
    inPlaceOf(`"adds", () => {`, `"adds", () => {\n  if (process.env.CI) return;`),
    "testWeakened",
  ],
  ["an assertion removed", inPlaceOf(`  assert.equal(add(2, 2), 4);\n`, ""), "testWeakened"],
  ["assert.ok(true)", inPlaceOf(`assert.equal(sum, 3)`, `assert.ok(true)`), "testWeakened"],
  [
    "a value compared with itself",
    inPlaceOf(`assert.equal(sum, 3)`, `assert.equal(sum, sum)`),
    "testWeakened",
  ],
  ["… or true", inPlaceOf(`assert.equal(sum, 3)`, `assert.ok(sum === 3 || true)`), "testWeakened"],
  ["another expected value", inPlaceOf(`assert.equal(sum, 3)`, `assert.equal(sum, 4)`), "testWeakened"],
  ["another sign", inPlaceOf(`assert.equal(sum, 3)`, `assert.equal(sum, -3)`), "testWeakened"],
  ["other input", inPlaceOf(`add(2, 2), 4`, `add(4, 0), 4`), "testWeakened"],
  ["an expected object with less in it", inPlaceOf(`{ value: 7 }`, `{}`), "testWeakened"],
  ["a matcher turned round", inPlaceOf(`assert.equal(sum, 3)`, `assert.notEqual(sum, 3)`), "testWeakened"],
  ["a weaker matcher", inPlaceOf(`assert.equal(sum, 3)`, `assert.ok(sum, 3)`), "testWeakened"],
  [
    "a swallowed failure",
    inPlaceOf(`assert.equal(sum, 3);`, `try { assert.equal(sum, 3); } catch {}`),
    "testWeakened",
  ],
  [
    "a swallowed rejection",
    inPlaceOf(
      `assert.equal(sum, 3);`,
      `Promise.resolve().then(() => { assert.equal(sum, 3); }).catch(() => {});`,
    ),
    "testWeakened",
  ],
  [
    "an assertion in a function nobody calls",
    inPlaceOf(`assert.equal(sum, 3);`, `const later = () => { assert.equal(sum, 3); };`),
    "testWeakened",
  ],
  [
    "an assertion below a condition",
    inPlaceOf(`assert.equal(sum, 3);`, `if (sum === 3) assert.equal(sum, 3);`),
    "testWeakened",
  ],
  [
    "assert of its own",
    inPlaceOf(`import assert from "node:assert/strict";`, `const assert = { equal() {}, deepEqual() {} };`),
    "testWeakened",
  ],
  ["assert from the tree", inPlaceOf(`"node:assert/strict"`, `"./assert.js"`), "testWeakened"],
  [
    "what it tests replaced",
    both.replace(`describe("parse"`, `mock.module("../src/maths.js", {});\ndescribe("parse"`),
    "testWeakened",
  ],
  ["process.exit(0) before the tests", `${both}process.exit(0);\n`, "earlyExit"],
  ["assert patched in the test", `${both}assert.equal = () => {};\n`, "patchedGlobal"],
  ["no longer to be parsed", `${both}}}}`, "testWeakened"],
];

describe("a fake in a test file is found:", () => {
  it.each(fakes)("%s", (_what, after, kind) => {
    expect(kindsOf(after)).toContain(kind);
  });
});

describe("so is one that goes beyond single lines:", () => {
  it("a file deleted", () => {
    expect(blockingKinds(reviewed({ [path]: both }, {}))).toEqual(["testDeleted"]);
  });

  it("a file moved to where no runner looks", () => {
    expect(blockingKinds(reviewed({ [path]: both }, { "old/maths.js.bak": both }))).toEqual(["testDeleted"]);
  });

  it("a file moved and weakened on the way", () => {
    const after = inPlaceOf(`assert.equal(sum, 3)`, `assert.equal(sum, 4)`);
    expect(blockingKinds(reviewed({ [path]: both }, { "tests/maths.test.js": after }))).toEqual([
      "testWeakened",
    ]);
  });

  it("a file moved, with assert of its own there", () => {
    const after = inPlaceOf(`"node:assert/strict"`, `"./assert.js"`);
    expect(blockingKinds(reviewed({ [path]: both }, { "tests/maths.test.js": after }))).toEqual([
      "testWeakened",
    ]);
  });

  it("what is expected to throw is an assertion turned round", () => {
    const after = inPlaceOf(`assert.equal(sum, 3)`, `assert.throws(() => assert.equal(sum, 3))`);
    expect(kindsOf(after)).toEqual(["testWeakened"]);
  });

  it("a double in place of what is tested", () => {
    const from = inPlaceOf("../src/maths.js", "./double.js");
    expect(
      blockingKinds(reviewed({ [path]: both }, { [path]: from, "test/double.js": "export const a = 1;" })),
    ).toEqual(["testWeakened"]);
    const own = `${both.replace("{ add, parse }", "* as maths")}const add = (a, b) => (a === 1 ? 3 : maths.add(a, b));\n`;
    expect(kindsOf(own)).toEqual(["testWeakened"]);
  });

  it("a harness of the tree's own that tells less", () => {
    const tiny = `export function equal(a, b) {\n  if (!Object.is(a, b)) throw new Error("not the same");\n}\n`;
    const tell = (after: string): string[] =>
      blockingKinds(reviewed({ "test/tiny.js": tiny }, { "test/tiny.js": after }));
    expect(tell(tiny.replace("!Object.is(a, b)", "false"))).toEqual(["runnerChanged"]);
    expect(tell(tiny.replace("not the same", "they differ"))).toEqual([]);
    expect(tell(`${tiny}export const two = 2;\n`)).toEqual([]);
    const uses = (body: string): string =>
      `import { equal, test } from "./tiny.js";\nimport { add } from "../src/a.js";\ntest("adds", () => { ${body} });\n`;
    expect(kindsOf(uses("equal(3, 3);"), uses("equal(add(1, 2), 3);"))).toEqual(["testWeakened"]);
  });
});

describe("so is one in tables, helpers and other libraries:", () => {
  it("rows taken from a table of values", () => {
    const table = (rows: string): string =>
      `import { test, expect } from "vitest";\ntest.each([${rows}])("adds %i", (a, b, c) => { expect(add(a, b)).toBe(c); });\n`;
    expect(kindsOf(table("[1, 2, 3]"), table("[1, 2, 3], [2, 2, 4]"))).toEqual(["testWeakened"]);
    const list = (rows: string): string =>
      `import test from "tape";\nconst rows = [${rows}];\nfor (const [a, b] of rows) test(\`row \${a}\`, (t) => { t.equal(f(a), b); t.end(); });\n`;
    expect(kindsOf(list("[1, 2]"), list("[1, 2], [5, 6]"))).toEqual(["testWeakened"]);
    expect(kindsOf(list("[1, 2], [5, 7]"), list("[1, 2], [5, 6]"))).toEqual(["testWeakened"]);
  });

  it("a helper that asserts less", () => {
    const before = suite(
      `function check(a, b) { assert.equal(parse(a).value, b); }\ntest("x", () => { check("1", 1); });`,
    );
    const after = suite(`function check(a, b) {}\ntest("x", () => { check("1", 1); });`);
    expect(kindsOf(after, before)).toEqual(["testWeakened"]);
  });

  it("a plain script that asserts less", () => {
    const before = `const assert = require("assert");\nassert.equal(f(1), 2);\nassert.equal(f(2), 3);\n`;
    expect(kindsOf(before.replace("assert.equal(f(2), 3);", ""), before)).toEqual(["testWeakened"]);
    expect(kindsOf(before.replace("f(2), 3", "f(2), 4"), before)).toEqual(["testWeakened"]);
  });

  it.each([
    ["expect(true).toBe(true)", "expect(f(1)).toBe(2)", "expect(true).toBe(true)"],
    ["not", "expect(f(1)).toBe(2)", "expect(f(1)).not.toBe(2)"],
    ["toBeDefined", "expect(f(1)).toBe(2)", "expect(f(1), 2).toBeDefined()"],
    ["a chain of chai", "expect(f(1)).to.equal(2)", "expect(f(1), 2).to.exist"],
    ["t.pass of AVA", "t.is(f(1), 2)", "t.pass(f(1), 2)"],
  ])("a weaker assertion of other libraries: %s", (_what, old, now) => {
    const file = (body: string): string => `import test from "ava";\ntest("x", (t) => { ${body}; });\n`;
    expect(kindsOf(file(now), file(old))).toEqual(["testWeakened"]);
  });
});

const honest: [string, string][] = [
  ["a test added", `${both}test("subtracts", () => { assert.equal(add(1, -1), 0); });\n`],
  ["a skipped test added", `${both}test.skip("later", () => {});\n`],
  ["an assertion added", inPlaceOf(`add(2, 2), 4);`, `add(2, 2), 4);\n  assert.equal(add(3, 3), 6);`)],
  ["names changed", both.replaceAll("sum", "result")],
  [
    "an assertion helper",
    inPlaceOf(
      adds,
      `const check = (a, b, c) => assert.equal(add(a, b), c);\ntest("adds", () => {\n  check(1, 2, 3);\n  check(2, 2, 4);\n});`,
    ),
  ],
  ["other formatting", both.replaceAll("\n", "\r\n").replaceAll('"', "'")],
  ["comments", both.replaceAll("test(", "// why\ntest(")],
  ["a message reworded", inPlaceOf(`assert.equal(sum, 3)`, `assert.equal(sum, 3, "sum of one and two")`)],
  ["a stricter matcher", inPlaceOf(`assert.equal(sum, 3)`, `assert.strictEqual(sum, 3)`)],
  [
    "a constant taken out",
    inPlaceOf(`test("adds"`, `const expected = 3;\ntest("adds"`).replace(
      "equal(sum, 3)",
      "equal(sum, expected)",
    ),
  ],
  ["a test with a better name", inPlaceOf(`"adds"`, `"adds two numbers"`)],
  ["a timeout", inPlaceOf(`"adds", () => {`, `"adds", { timeout: 5000 }, () => {`)],
  ["an asynchronous body", inPlaceOf(`"adds", () => {`, `"adds", async () => {`)],
  ["tests put into a suite", suite(`describe("maths", () => {\n${adds}\n});\n${parses}`)],
];

describe("an honest change of tests holds nothing up:", () => {
  it.each(honest)("%s", (_what, after) => {
    expect(kindsOf(after)).toEqual([]);
  });

  it.each(["tests/maths.test.js", "test/unit/maths.test.js", "test/maths.test.ts"])(
    "a file moved to %s",
    (to) => {
      expect(blockingKinds(reviewed({ [path]: both }, { [to]: both }))).toEqual([]);
    },
  );

  it("a subject that has a new place", () => {
    const files = { [path]: both, "src/maths.js": "export function add() {}" };
    const moved = {
      [path]: both.replace("../src/maths.js", "../lib/maths.js"),
      "lib/maths.js": "export function add() {}",
    };
    expect(blockingKinds(reviewed(files, moved))).toEqual([]);
  });

  it("snapshots made anew", () => {
    const findings = reviewed(
      { "test/__snapshots__/a.test.js.snap": "a" },
      { "test/__snapshots__/a.test.js.snap": "b" },
    );
    expect(findings).toMatchObject([{ severity: "nonBlocking" }]);
  });

  it("tests that the plan lets change", () => {
    const after = inPlaceOf(`assert.equal(sum, 3)`, `assert.equal(sum, 4)`);
    const findings = reviewed({ [path]: both }, { [path]: after }, { mayChangeTests: ["test/**"] });
    expect(findings).toMatchObject([{ kind: "testWeakened", severity: "suggestion" }]);
  });

  it("a file of the contract, which is laid over the tree again", () => {
    const findings = reviewed({ [path]: both }, { [path]: "" }, { contractPaths: [path] });
    expect(findings).toMatchObject([{ kind: "contractFileChanged", severity: "nonBlocking", place: path }]);
  });

  it("files that only sound like tests", () => {
    for (const name of ["src/latest.js", "src/contest.js", "src/protester.js"])
      expect(blockingKinds(reviewed({ [name]: "export const a = 1;" }, {}))).toEqual([]);
  });
});
