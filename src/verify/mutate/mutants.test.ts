// Mutants: only changed lines of sources, well-formed, as many as asked for, the same each time.
import { expect, test } from "vitest";
import type { ChangedFile } from "../../ports/verifier.ts";
import { parseScript } from "../syntax.ts";
import { makeMutants } from "./mutants.ts";

const file = (path: string, before: string, after: string): ChangedFile => ({
  path,
  before: Buffer.from(before),
  after: Buffer.from(after),
});
const before = "export function cap(n) {\n  return n;\n}\nexport const old = 1 + 2;\n";
const after =
  "export function cap(n) {\n  if (n >= 10 && n !== 12) return 10;\n  log(n);\n  return n;\n}\nexport const old = 1 + 2;\n";
const texts = (changes: ChangedFile[], count = 100): string[] =>
  makeMutants(changes, count).map(({ text }) => text);

test("each breaks one thing on a changed line, and says which", () => {
  expect(texts([file("src/cap.js", before, after)])).toEqual([
    "src/cap.js:2: n >= 10 && n !== 12 became !(n >= 10 && n !== 12)",
    "src/cap.js:2: && became ||",
    "src/cap.js:2: >= became >",
    "src/cap.js:2: 10 became 11",
    "src/cap.js:2: !== became ===",
    "src/cap.js:2: 12 became 13",
    "src/cap.js:2: return 10; became return;",
    "src/cap.js:2: 10 became 11",
    "src/cap.js:3: log(n); became ;",
  ]);
});

test("every one is well-formed and differs from what it was made from", () => {
  for (const { path, content } of makeMutants([file("src/cap.ts", before, after)], 100)) {
    const text = Buffer.from(content).toString();
    expect(parseScript(path, text)).toBeDefined();
    expect(text).not.toBe(after);
  }
});

test("at most as many as asked for, spread over the change, the same each time", () => {
  const changes = [file("src/a.js", before, after), file("src/b.js", before, after)];
  const some = texts(changes, 4);
  expect(some).toHaveLength(4);
  expect(new Set(some.map((text) => text.slice(0, 8)))).toEqual(new Set(["src/a.js", "src/b.js"]));
  expect(texts(changes, 4)).toEqual(some);
});

test("tests, deleted files, what is no script and what does not parse are left alone", () => {
  const changes = [
    file("test/cap.test.js", before, after),
    { path: "src/gone.js", before: Buffer.from(before) },
    file("notes.md", before, after),
    file("src/broken.js", before, "if ("),
  ];
  expect(makeMutants(changes, 100)).toEqual([]);
});
