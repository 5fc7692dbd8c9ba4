// Files of the tree, looked at as they are.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Check } from "../../protocol/contract.ts";
import { judgeFile } from "./file.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "houston-file-"));
  await writeFile(join(directory, "a.md"), "# Title\n\nversion 1.2.3\n");
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const valueOf = async (more: Partial<Extract<Check, { kind: "file" }>>): Promise<string> =>
  (await judgeFile({ kind: "file", path: "a.md", exists: true, timeoutMs: 1_000, ...more }, directory)).value;

test("is there, or is not", async () => {
  expect(await valueOf({})).toBe("passed");
  expect(await valueOf({ exists: false })).toBe("failed");
  expect(await valueOf({ path: "b.md" })).toBe("failed");
  expect(await valueOf({ path: "b.md", exists: false })).toBe("passed");
});

test("contains all of the words, and something for every expression", async () => {
  expect(
    await valueOf({
      contains: ["Title", "1.2"],
      matches: ["^version \\d", "\\p{Lu}itle"].map((source) => source.replace("^", "")),
    }),
  ).toBe("passed");
  expect(await valueOf({ contains: ["Title", "gone"] })).toBe("failed");
  expect(await valueOf({ matches: ["Title", "\\d{4}"] })).toBe("failed");
});

test("an expression that is none is an error, one that takes for ever inconclusive", async () => {
  expect(await valueOf({ matches: ["("] })).toBe("error");
  await writeFile(join(directory, "a.md"), `${"a".repeat(40)}!`);
  expect(await valueOf({ matches: ["^(a+)+$"], timeoutMs: 50 })).toBe("inconclusive");
});

test("is no symlink, no folder, and not outside the tree", async () => {
  await mkdir(join(directory, "folder"));
  await symlink("/etc/passwd", join(directory, "link"));
  await symlink("/etc", join(directory, "way"));
  expect(await valueOf({ path: "folder" })).toBe("failed");
  expect(await valueOf({ path: "link" })).toBe("failed");
  expect(await valueOf({ path: "link", exists: false })).toBe("failed");
  expect(await valueOf({ path: "way/passwd" })).toBe("failed");
  expect(await valueOf({ path: "../a.md" })).toBe("error");
});
