// A copy in which tests may write without anybody noticing.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyWorkspace } from "./copy.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "repair-copy-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("dependencies can be loaded, and what is written beside them stays in the copy", () => {
  const [workspace, copy] = [join(folder, "w"), join(folder, "c")];
  mkdirSync(join(workspace, "node_modules/dep"), { recursive: true });
  mkdirSync(join(workspace, "node_modules/@scope/dep"), { recursive: true });
  mkdirSync(join(workspace, "packages/own"), { recursive: true });
  mkdirSync(join(workspace, ".git"));
  writeFileSync(join(workspace, "node_modules/dep/index.js"), "dep");
  writeFileSync(join(workspace, "node_modules/@scope/dep/index.js"), "scoped");
  writeFileSync(join(workspace, "packages/own/index.js"), "own");
  symlinkSync("../packages/own", join(workspace, "node_modules/own"));
  copyWorkspace(workspace, copy);
  const read = (path: string): string => readFileSync(join(copy, path), "utf8");
  expect(read("node_modules/dep/index.js")).toBe("dep");
  expect(read("node_modules/@scope/dep/index.js")).toBe("scoped");
  expect(existsSync(join(copy, ".git"))).toBe(false);
  // A package of the workspace is the copy's: a mutant must be what its tests load.
  writeFileSync(join(copy, "packages/own/index.js"), "mutant");
  expect(read("node_modules/own/index.js")).toBe("mutant");
  mkdirSync(join(copy, "node_modules/.cache"));
  expect(existsSync(join(workspace, "node_modules/.cache"))).toBe(false);
});
