/** Counting a diff: content that looks like a header is content. */
import { expect, test } from "vitest";
import { diffstat } from "./diffstat.ts";

const diff = `diff --git a/one.txt b/one.txt
index 1..2 100644
--- a/one.txt
+++ b/one.txt
@@ -1,2 +1,3 @@
 same
--- a/fake
+++ b/fake
+diff --git a/x b/x
diff --git a/new.txt b/new.txt
new file mode 100644
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+last
\\ No newline at end of file
diff --git a/old name b/new name
similarity index 100%
rename from old name
rename to new name
`;

test("each file's added and removed lines", () => {
  expect(diffstat(diff)).toEqual([
    { path: "one.txt", added: 2, removed: 1 },
    { path: "new.txt", added: 1, removed: 0 },
    { path: "new name", added: 0, removed: 0 },
  ]);
  expect(diffstat("")).toEqual([]);
});
