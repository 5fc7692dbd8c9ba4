/** Nothing that an agent prints may move the cursor, hide, or turn the reading direction. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeLine, escapeText, safeJson } from "./escape.ts";

test.each([
  ["\u001b]52;c;AAAA\u0007", String.raw`\x1b]52;c;AAAA\x07`],
  ["a\u202eb\u2066c", String.raw`a\u{202e}b\u{2066}c`],
  ["a\u200bb\ufeff", String.raw`a\u{200b}b\u{feff}`],
  ["\u009b2J\u007f", String.raw`\x9b2J\x7f`],
  ["one\r\ntwo\tthree\rfour", "one\ntwo\tthree\\x0dfour"],
  ["\u{e0041}", String.raw`\u{e0041}`],
  ["Grüße, 日本, 👩‍🚀"[0] ?? "", "G"],
])("%j becomes visible", (text, shown) => {
  expect(escapeText(text)).toBe(shown);
});

test("a line is one line, and bounded", () => {
  expect(escapeLine("a\n\n  b\tc ")).toBe("a ⏎ b c");
  expect(escapeLine("x".repeat(500), 10)).toBe(`${"x".repeat(9)}…`);
});

test("JSON stays the same JSON, and is plain", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (value, text) => {
      const printed = safeJson({ value, text });
      expect(JSON.parse(printed)).toEqual(JSON.parse(JSON.stringify({ value, text })));
      expect(escapeText(printed)).toBe(printed);
    }),
  );
});
