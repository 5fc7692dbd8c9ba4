/** What is laid out: real repositories whose missions hold, with what is held out where no agent looks. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadMissionFile } from "../../app/missionFiles.ts";
import { git, layOutDemo, libraryNames, type Demo } from "./layout.ts";

let demo: Demo;
beforeAll(() => {
  demo = layOutDemo();
});
afterAll(() => rmSync(demo.root, { recursive: true, force: true }));

test("three libraries, each at one commit with a clean work tree", () => {
  expect(demo.libraries.map(({ name }) => name)).toEqual(libraryNames);
  for (const { repository, base } of demo.libraries) {
    expect(git(repository, "rev-list", "--all")).toBe(base);
    expect(git(repository, "status", "--porcelain")).toBe("");
  }
});

test("the one with a dependency has its lockfile", () => {
  const limiter = demo.libraries.find(({ name }) => name === "limiter");
  expect(git(limiter?.repository ?? "", "ls-files")).toContain("package-lock.json");
});

describe.for(libraryNames)("the mission of %s", (name) => {
  const library = (): Demo["libraries"][number] => {
    const found = demo.libraries.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${name} is not laid out`);
    return found;
  };

  test("is read without a problem, and names an agent that is there", async () => {
    const { missionFile, repository } = library();
    const loaded = await loadMissionFile(missionFile, demo.stateDirectory);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const { draft } = loaded;
    expect(draft.repository.path).toBe(repository);
    const agent = draft.agents["repair"];
    if (agent?.kind !== "program") throw new Error("the agent is no program");
    for (const path of [...agent.command.slice(1), ...agent.readOnly]) expect(existsSync(path)).toBe(true);
    expect(new Set(draft.contract.map(({ onBase }) => onBase))).toEqual(new Set(["fails", "passes"]));
  });

  test("holds checks out, which nothing in the repository gives away", async () => {
    const { missionFile, repository } = library();
    const loaded = await loadMissionFile(missionFile, demo.stateDirectory);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const heldOut = loaded.draft.contract.filter((one) => one.heldOut === true);
    expect(heldOut.length).toBeGreaterThanOrEqual(2);
    const tracked = git(repository, "ls-files").split("\n");
    const contents = tracked.map((path) => readFileSync(join(repository, path), "utf8"));
    for (const { path, content } of heldOut.flatMap(({ files = [] }) => files)) {
      expect(tracked).not.toContain(path);
      expect(contents).not.toContain(new TextDecoder().decode(content));
    }
  });
});
