// Upstream's change in parts, and wrong changes made from it.
import { describe, expect, test } from "vitest";
import { applyHunks, hunksIn, wrongCandidates } from "./change.ts";

const before = "one\nif (a === b) {\n--x;\nfour\nfive\n";
const diff = `diff --git a/src/a.js b/src/a.js
--- a/src/a.js
+++ b/src/a.js
@@ -2,2 +2,2 @@ one
-if (a === b) {
---x;
+if (a !== b && c) {
+++x;
@@ -4,0 +5 @@ four
+more
`;
const after = "one\nif (a !== b && c) {\n++x;\nfour\nmore\nfive\n";

describe("a change", () => {
  test("applied in all its parts gives the text after it, whatever its lines look like", () => {
    expect(hunksIn(diff)).toHaveLength(2);
    expect(applyHunks(before, hunksIn(diff))).toBe(after);
  });

  test("applied in one part changes only that", () => {
    expect(applyHunks(before, hunksIn(diff).slice(1))).toBe("one\nif (a === b) {\n--x;\nfour\nmore\nfive\n");
  });

  test("a hunk without a last newline is read", () => {
    const [hunk] = hunksIn(
      "+++ b/a\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n",
    );
    expect(hunk).toEqual({ path: "a", line: 1, removed: 1, added: ["y"] });
  });
});

describe("wrong changes", () => {
  const candidates = [...wrongCandidates(hunksIn(diff), new Map([["src/a.js", before]]))];
  const texts = candidates.map(({ hunks }) => applyHunks(before, hunks));

  test("are none of them upstream's", () => {
    expect(texts.length).toBeGreaterThan(4);
    expect(texts).not.toContain(after);
    expect(texts).not.toContain(before);
  });

  test("begin with a part left out, go on with slips, and end with a comment", () => {
    expect(candidates[0]?.what).toBe("upstream's change without part 1 of 2");
    expect(texts).toContain(after.replace("!==", "==="));
    expect(texts).toContain(after.replace("&&", "||"));
    expect(texts).toContain(before.replace("===", "!=="));
    expect(candidates.at(-1)?.what).toContain("comment");
  });
});
