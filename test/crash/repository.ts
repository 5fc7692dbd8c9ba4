/**
 * The real repository that crash missions run on, its program agent and its checks. Each of them tells
 * the witness before it begins, and leaves the same files however often it is interrupted.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MissionDraft } from "../../src/plan/missionDraft.ts";
import { defaultPolicy, type TaskSpec } from "../../src/protocol/plan.ts";

export interface CrashRepository {
  path: string;
  agent: string;
  /** The folder of the witness's socket, bound into the box. */
  witness: string;
}

const announce = (socket: string): string => `
import { readFileSync } from "node:fs";
import { connect } from "node:net";
// When the kernel made this process, which may have been long before its program began.
const ticks = Number(readFileSync("/proc/self/stat", "utf8").split(") ").pop().split(" ")[19]);
const startedAt = Date.now() - (Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000 - ticks * 10);
export const announce = (kind) => new Promise((resolve) => {
  const socket = connect(${JSON.stringify(socket)}, () => socket.write(JSON.stringify({ kind, cwd: process.cwd(), startedAt }) + "\\n"));
  socket.on("data", () => socket.end());
  socket.on("close", resolve);
  socket.on("error", resolve);
});
`;

const agent = `
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { announce } from "./announce.mjs";
const brief = JSON.parse(readFileSync(0, "utf8"));
await announce("attempt");
// Outlives its runner, where the box lets it, and then writes where it was told to work.
if (process.ppid > 2) {
  const survivor = \`while kill -0 \${process.ppid} 2>/dev/null; do sleep 0.05; done; for i in 1 2 3 4 5 6 7 8 9 10; do echo late >> late.txt; sleep 0.1; done\`;
  spawn("/bin/sh", ["-c", survivor], { detached: true, stdio: "ignore" }).unref();
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (text) => console.log(JSON.stringify({ type: "progress", text }));
say("looking");
await pause(60);
writeFileSync("notes-" + brief.task.id + ".txt", "worked on " + brief.task.goal + "\\n");
say("noted");
await pause(120);
const file = brief.task.input.file;
writeFileSync(file, readFileSync(file, "utf8").replace(brief.task.input.wrong, brief.task.input.right));
say("changed");
await pause(60);
console.log(JSON.stringify({ type: "handoff", status: "done", summary: "changed " + file }));
`;

const check = `
import { existsSync } from "node:fs";
import { test } from "node:test";
import assert from "node:assert";
if (existsSync("announce.mjs")) await (await import("./announce.mjs")).announce("check");
const { add, larger } = await import("./math.mjs");
test("adds", () => assert.equal(add(2, 3), 5));
test("finds the larger", () => assert.equal(larger(2, 3), 3));
`;

function git(cwd: string, ...args: string[]): string {
  const identity = ["-c", "user.name=Crash", "-c", "user.email=crash@localhost"];
  return execFileSync("git", [...identity, ...args], { cwd, encoding: "utf8" }).trim();
}

/** Lays the repository out under a folder. */
export function createRepository(folder: string, socketFolder: string): CrashRepository {
  const path = join(folder, "repository");
  const agentFolder = join(folder, "agent");
  for (const directory of [path, agentFolder]) mkdirSync(directory, { recursive: true });
  const helper = announce(join(socketFolder, "witness.sock"));
  writeFileSync(join(agentFolder, "announce.mjs"), helper);
  writeFileSync(join(agentFolder, "agent.mjs"), agent);
  writeFileSync(join(path, "announce.mjs"), helper);
  writeFileSync(
    join(path, "math.mjs"),
    "export const add = (a, b) => a - b;\nexport const larger = (a, b) => (a < b ? a : b);\n",
  );
  writeFileSync(join(path, "math.test.mjs"), check);
  git(path, "init", "-q", "-b", "main");
  git(path, "add", "-A");
  git(path, "commit", "-q", "-m", "base");
  return { path, agent: join(agentFolder, "agent.mjs"), witness: socketFolder };
}

/** What the delivered branch holds: its tree, or undefined when there is none. */
export function deliveredTree({ path }: CrashRepository, branch: string): string | undefined {
  try {
    return git(path, "rev-parse", "--verify", "--quiet", `refs/heads/${branch}^{tree}`);
  } catch {
    return undefined;
  }
}

/** How often a commit that is not the base stands on the branch's first-parent line; the effect must be there once. */
export function branches({ path }: CrashRepository): string[] {
  return git(path, "for-each-ref", "--format=%(refname:short)", "refs/heads/houston")
    .split("\n")
    .filter(Boolean);
}

const timeoutMs = 60_000;

/** The first is judged by exit code, because the other test still fails then; the second by name. */
const contract: MissionDraft["contract"] = [
  {
    id: "adds",
    behaviour: "adds",
    check: {
      kind: "command",
      command: ["node", "--test", "--test-name-pattern=adds", "math.test.mjs"],
      exitCode: 0,
      timeoutMs,
    },
    onBase: "fails",
  },
  {
    id: "larger",
    behaviour: "finds the larger",
    check: {
      kind: "tests",
      command: ["node", "--test", "--test-reporter=tap", "math.test.mjs"],
      report: { format: "tap", from: "stdout" },
      expect: ["finds the larger"],
      timeoutMs,
    },
    onBase: "fails",
  },
];

function taskOf(id: string, more: Pick<TaskSpec, "goal" | "needs" | "fulfills" | "input">): TaskSpec {
  return { id, ...more, access: "write", agentId: "worker", timeoutMs, maxAttempts: 5, onFailure: "retry" };
}

/** Two tasks, the second on top of the first. */
const tasks: TaskSpec[] = [
  taskOf("sum", {
    goal: "add",
    needs: [],
    fulfills: ["adds"],
    input: { file: "math.mjs", wrong: "a - b", right: "a + b" },
  }),
  taskOf("max", {
    goal: "larger",
    needs: ["sum"],
    fulfills: ["larger"],
    input: { file: "math.mjs", wrong: "a < b ? a : b", right: "a < b ? b : a" },
  }),
];

export function crashMission(
  repository: CrashRepository,
  branch: string,
  sandbox: "bubblewrap" | "none",
): MissionDraft {
  return {
    schemaVersion: 1,
    goal: "survive",
    repository: { path: repository.path, base: "main" },
    contract,
    tasks,
    agents: {
      worker: {
        kind: "program",
        command: ["node", repository.agent],
        readOnly: [repository.witness],
        inactivityMs: 30_000,
        reserve: {},
      },
    },
    budget: { calls: 200 },
    policy: { ...defaultPolicy, sandbox, snapshotEveryMs: 80, backoffMs: 100 },
    branch,
    timeoutMs: 600_000,
  };
}
