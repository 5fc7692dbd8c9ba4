import { expect, test } from "vitest";
import { mutationsOf } from "./mutate.ts";
import { applyPatch, patchOf } from "./patch.ts";
import { parses } from "./syntax.ts";

/** The texts that one mutation makes of a source. */
function mutants(source: string, file = "a.js"): (string | undefined)[] {
  return mutationsOf(file, source)
    .map((mutation) => applyPatch(source, patchOf(source, mutation)))
    .map((text) => (parses(file, text) ? text : undefined));
}

test.each([
  ["a boundary", "if (a < b) f();", "if (a <= b) f();"],
  ["a connective", "f(a && b);", "f(a || b);"],
  ["a number off by one", "f(a.slice(1));", "f(a.slice(0));"],
  ["an index off by one", "g(a[i]);", "g(a[i - 1]);"],
  ["swapped arguments", "f(a, b);", "f(b, a);"],
  ["a neighbouring method", "Math.floor(x);", "Math.ceil(x);"],
  ["a sort of numbers", "xs.sort();", "xs.sort((a, b) => a - b);"],
  ["a reduction of nothing", "xs.reduce(add);", "xs.reduce(add, 0);"],
  ["a missing object", "g(a.b);", "g(a?.b);"],
  ["a pattern without its flag", "s.replace(/ /, x);", "s.replace(/ /g, x);"],
  [
    "a case that falls through",
    "switch (a) {\n  case 1:\n    f();\n}",
    "switch (a) {\n  case 1:\n    f();\n    break;\n}",
  ],
  [
    "an argument left out",
    "function f(a, b) {}\nfunction g(b) { f(1); }",
    "function f(a, b) {}\nfunction g(b) { f(1, b); }",
  ],
  ["another property", "f(a.b, a.c);", "f(a.c, a.c);"],
  ["another case", "if (x === 1) f(x === 2);", "if ((x === 1 || x === 2)) f(x === 2);"],
  ["an empty value", "if (a.b) f();", "if ((a.b !== undefined)) f();"],
  [
    "inherited keys",
    "for (const k in o) {\n  f(k);\n}",
    "for (const k in o) {\n  if (!Object.prototype.hasOwnProperty.call(o, k)) continue;\n  f(k);\n}",
  ],
  ["options not handed on", "function f(o) { g({ a: 1 }); }", "function f(o) { g({ a: 1, ...o }); }"],
  ["a missing default", "function f({ a }) {}", "function f({ a } = {}) {}"],
  [
    "a missing conversion",
    "function id(x) { return x; }\nfunction f(a) { return a; }",
    "function id(x) { return x; }\nfunction f(a) { return String(a); }",
  ],
  ["the order of statements", "{ f(); g(); }", "{ g(); f(); }"],
  ["a class of characters", "s.split(/ *, */);", "s.split(/\\s*,\\s*/);"],
  ["a negated condition", "if (ok) f();", "if (!ok) f();"],
])("proposes the repair of %s", (_, defect, repaired) => {
  expect(mutants(defect)).toContain(repaired);
});

test("proposes guards and defaults from the variables at hand", () => {
  const source = "function f(list, other) {\n  return list[0].x;\n}\n";
  expect(mutants(source)).toContain("function f(list, other) {\n  return list[0]?.x ?? other;\n}\n");
  expect(mutants(source)).toContain(
    "function f(list, other) {\n  if (list.length === 0) return null;\n  return list[0].x;\n}\n",
  );
});

test("every mutant of a realistic function parses, is new, and appears once", () => {
  const source =
    "export async function f({ a, b = 2 }, ...rest) {\n  for (const x of rest) { if (x > a && !b) continue; g(x); }\n  return a.b.c(1, -2);\n}\n";
  const all = mutants(source);
  expect(all.length).toBeGreaterThan(50);
  expect(all).not.toContain(source);
  expect(new Set(all).size).toBe(all.length);
  expect(all.filter((each) => each === undefined).length).toBeLessThan(all.length * 0.02);
});

test("leaves types alone and reads expressions inside type assertions", () => {
  const all = mutants("type T = 1 | 2;\nconst a = (b < 3) as boolean;\n", "a.ts");
  expect(all).toContain("type T = 1 | 2;\nconst a = (b <= 3) as boolean;\n");
  expect(all.every((each) => each?.startsWith("type T = 1 | 2;\n"))).toBe(true);
});

test("proposes nothing for a file that does not parse", () => {
  expect(mutationsOf("a.js", "if (")).toEqual([]);
});
