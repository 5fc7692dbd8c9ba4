// Test files are cut in two and weakened by their syntax, not by their looks.
import { describe, expect, test } from "vitest";
import { isValid, testCasesIn, weaken, withoutCases } from "./testCases.ts";

const flat = `var test = require('tape');

test('grüße', function (t) {
	t.deepEqual(parse(['-a']), { a: true });
	t.equal(1, 1);
	t.end();
});
test('second', function (t) { t.end(); });
for (const each of ['x', 'y']) test('made ' + each, (t) => t.end());
`;

const nested = `describe("outer", () => {
  it("a", () => { expect(f(1)).toEqual(2); });
  describe("inner", () => {
    it("b", () => { assert.equal(f(2), 3); });
  });
});
`;

describe("test cases", () => {
  test("are found in suites and outside, unless their title is computed", () => {
    expect(testCasesIn("test/a.js", flat)).toEqual([{ name: "grüße" }, { name: "second" }]);
    expect(testCasesIn("test/a.ts", nested)).toEqual([{ name: "outer > a" }, { name: "outer > inner > b" }]);
  });

  test("are taken out whole, with suites that would be empty, and nothing else is", () => {
    const left = withoutCases("test/a.js", flat, (name) => name === "grüße");
    expect(testCasesIn("test/a.js", left)).toEqual([{ name: "second" }]);
    expect(left).toContain("require('tape')");
    expect(left).toContain("made ");
    const outer = withoutCases("test/a.ts", nested, (name) => name === "outer > inner > b");
    expect(testCasesIn("test/a.ts", outer)).toEqual([{ name: "outer > a" }]);
    expect(outer).not.toContain("inner");
  });

  test("a source that cannot be parsed is told", () => {
    expect(isValid("a.js", "if (")).toBe(false);
    expect(isValid("a.ts", "let a: number = 1;")).toBe(true);
    expect(() => testCasesIn("a.js", "if (")).toThrow("a.js cannot be parsed");
  });
});

describe("weakening", () => {
  test("makes as many assertions as asked accept anything", () => {
    const { text, weakened } = weaken("test/a.js", flat, 1);
    expect(weakened).toBe(1);
    expect(text).toContain("t.pass();\n\tt.equal(1, 1);");
  });

  test("knows the assertions of the runners, and leaves the end of a test alone", () => {
    expect(weaken("test/a.js", flat, 9)).toMatchObject({ weakened: 2 });
    expect(weaken("test/a.js", flat, 9).text).toContain("t.end()");
    const { text, weakened } = weaken("test/a.ts", nested, 9);
    expect(weakened).toBe(2);
    expect(text).toContain("expect(true).toBe(true);");
    expect(text).toContain("assert.ok(true);");
  });
});
