/** Dead runners are told from living ones by what the kernel says, not by their silence. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createRunnerRegistry } from "./runnerRegistry.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "houston-registry-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function rewrite(change: (identity: Record<string, unknown>) => void): Promise<void> {
  const path = join(directory, "one");
  const identity = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  change(identity);
  await writeFile(path, JSON.stringify(identity));
}

it("knows that a living runner is not gone", async () => {
  const registry = createRunnerRegistry(directory);
  await registry.enter("one");
  expect(await registry.isGone("one")).toBe(false);
});

it("cannot say of a runner that never entered, or left", async () => {
  const registry = createRunnerRegistry(directory);
  expect(await registry.isGone("one")).toBe(false);
  await registry.enter("one");
  await registry.leave("one");
  expect(await registry.isGone("one")).toBe(false);
});

it("knows that a killed runner is gone", async () => {
  const registry = createRunnerRegistry(directory);
  await registry.enter("one");
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(child, "spawn");
  const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
  await rewrite((identity) => {
    identity["pid"] = child.pid;
    identity["startTicks"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  });
  expect(await registry.isGone("one")).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await registry.isGone("one")).toBe(true);
});

it("is not fooled by a process id that was used again", async () => {
  const registry = createRunnerRegistry(directory);
  await registry.enter("one");
  await rewrite((identity) => {
    identity["startTicks"] = "1";
  });
  expect(await registry.isGone("one")).toBe(true);
});

it("knows that nobody survives a reboot, and nothing of other process namespaces", async () => {
  const registry = createRunnerRegistry(directory);
  await registry.enter("one");
  await rewrite((identity) => {
    identity["bootId"] = "another";
  });
  expect(await registry.isGone("one")).toBe(true);
  await registry.enter("one");
  await rewrite((identity) => {
    identity["namespace"] = "pid:[1]";
    identity["startTicks"] = "1";
  });
  expect(await registry.isGone("one")).toBe(false);
});
