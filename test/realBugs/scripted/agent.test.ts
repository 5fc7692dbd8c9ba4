// The scripted agent changes exactly what it was given, and is honest only when it is told to be.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { programLineSchema } from "../../../src/protocol/handoff.ts";

const agent = fileURLToPath(new URL("agent.ts", import.meta.url));
let folder: string;
let workspace: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "houston-scripted-"));
  workspace = join(folder, "workspace");
  mkdirSync(workspace);
  writeFileSync(join(workspace, "old.js"), "old");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function handOff(behaviour: string, change: object): unknown {
  const prepared = join(folder, "change");
  mkdirSync(prepared);
  writeFileSync(join(prepared, "change.json"), JSON.stringify(change));
  const brief = {
    assertions: [{ id: "a", check: { kind: "tests", command: ["tape", "a.js"] } }, { id: "b" }],
  };
  const ended = spawnSync(process.execPath, [agent, behaviour, prepared], {
    cwd: workspace,
    input: JSON.stringify(brief),
    encoding: "utf8",
  });
  expect(ended.stderr).toBe("");
  return programLineSchema.parse(JSON.parse(ended.stdout));
}

test("it writes and removes what the change says", () => {
  const handoff = handOff("wrong", { write: { "src/new.js": "new" }, remove: ["old.js"] });
  expect(handoff).toMatchObject({ type: "handoff", status: "done" });
  expect(readFileSync(join(workspace, "src/new.js"), "utf8")).toBe("new");
  expect(existsSync(join(workspace, "old.js"))).toBe(false);
});

test("a lie claims that all visible checks ran and passed", () => {
  expect(handOff("lie", { write: {}, remove: [] })).toMatchObject({
    status: "done",
    commands: [{ command: ["tape", "a.js"], exitCode: 0 }],
  });
});

test("nothing is said to be nothing", () => {
  expect(handOff("nothing", { write: {}, remove: [] })).toMatchObject({
    status: "partial",
    commands: [],
    leftUndone: ["the repair"],
  });
});
