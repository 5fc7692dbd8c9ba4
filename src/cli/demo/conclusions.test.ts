/** What the demo concludes: it names each thing that was promised and did not happen. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MissionRecord } from "../../app/following.ts";
import type {
  AssertionReportEntry,
  MissionReport,
  TaskReportEntry,
  VerdictReportEntry,
} from "../../app/reportEntries.ts";
import type { VerdictValue } from "../../protocol/verdict.ts";
import { lostEvents, missingFrom, overfitsOf, type Performed } from "./conclusions.ts";
import { git } from "./layout.ts";

const evidence = [
  { command: ["node"], exitCode: 0, durationMs: 1, output: { sha256: "0".repeat(64), sizeBytes: 1 } },
];

function verdict(taskId: string, value: VerdictValue): VerdictReportEntry {
  const tree = `tree of ${taskId}`;
  const judged = { commit: "c", tree };
  return { value, reason: value, evidence, by: "verifier", at: 1, tree, judged, contractVersion: 1, taskId };
}

function assertion(
  id: string,
  earlier: VerdictReportEntry[],
  last: VerdictReportEntry,
): AssertionReportEntry {
  return {
    id,
    behaviour: `${id} holds`,
    check: { kind: "file", path: "a", exists: true, timeoutMs: 1 },
    onBase: "fails",
    heldOut: id.startsWith("held"),
    files: [],
    taskId: last.taskId ?? "fix",
    claimedBefore: [],
    earlier,
    verdict: { ...last, onDelivered: true },
  };
}

const task = (id: string, rest: Partial<TaskReportEntry>): TaskReportEntry => ({
  id,
  goal: "repair",
  status: "done",
  attempts: [],
  ...rest,
});

/** Of a mission whose first repair was refused by its held-out check, and whose runner was killed. */
function report(commit: string): MissionReport {
  return {
    missionId: "m",
    goal: "repair",
    outcome: { outcome: "verified", reason: "all" },
    repository: { path: "/r", base: "HEAD" },
    branch: "houston/repair",
    delivered: { commit, tree: "t" },
    assertions: [
      assertion("shown", [verdict("fix", "passed")], verdict("fix~1", "passed")),
      assertion("held", [verdict("fix", "failed")], verdict("fix~1", "passed")),
    ],
    checks: [],
    stages: [],
    tasks: [
      task("fix", { status: "superseded", supersededBy: "fix~1" }),
      task("fix~1", { supersedes: "fix" }),
    ],
    setup: [],
    allowed: [],
    findings: [],
    facts: [],
    artifacts: [],
    unverified: [],
    runs: [],
    rollbacks: [],
    recoveries: [{ callId: "c3", epoch: 2, action: "interrupt", attemptId: "fix.1" }],
    approvals: [],
    spent: { calls: 0, tokens: 0, timeMs: 0, costMicroUsd: 0 },
    limits: {},
    createdAt: 0,
    events: 9,
  };
}

let folder = "";
let performed: Performed;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "houston-conclusions-"));
  const commit = (message: string): string => {
    const identity = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
    git(folder, ...identity, "commit", "--quiet", "--allow-empty", "--message", message);
    return git(folder, "rev-parse", "HEAD");
  };
  git(folder, "-c", "init.defaultBranch=main", "init", "--quiet");
  const base = commit("base");
  git(folder, "checkout", "--quiet", "-b", "houston/repair");
  const delivered = commit("repaired");
  git(folder, "checkout", "--quiet", "main");
  const library = { name: "library", repository: folder, base, missionFile: "" };
  performed = { library, report: report(delivered), before: 3, lost: 0 };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const missing = (change: (one: Performed) => void): string[] => {
  change(performed);
  return missingFrom([performed]);
};

test("nothing is missing when all of it happened", () => {
  expect(missing(() => {})).toEqual([]);
});

test("a repair that was refused by what it could not see, and what replaced it", () => {
  const [overfit, ...others] = overfitsOf(performed.report);
  expect(others).toEqual([]);
  expect(overfit).toMatchObject({
    taskId: "fix",
    passed: ["shown"],
    refused: [{ id: "held", behaviour: "held holds", reason: "failed" }],
    fix: { id: "fix~1", status: "done" },
  });
});

describe("missing is", () => {
  const overfitMissing = "no repair was caught by a held-out check and replaced by a better one";
  const cases: [what: string, change: (one: Performed) => void, said: string[]][] = [
    [
      "an outcome other than verified",
      ({ report: one }) => (one.outcome = { outcome: "unverified", reason: "" }),
      ["library: the outcome is unverified"],
    ],
    ["an end", ({ report: one }) => delete one.outcome, ["library: the outcome is open"]],
    [
      "a verdict on the delivered tree",
      ({ report: one }) =>
        one.assertions.forEach((each) => each.verdict && (each.verdict.onDelivered = false)),
      [
        "library: shown is not proven on the delivered tree",
        "library: held is not proven on the delivered tree",
      ],
    ],
    [
      "evidence",
      ({ report: one }) => one.assertions.forEach((each) => each.verdict && (each.verdict.evidence = [])),
      [
        "library: shown is not proven on the delivered tree",
        "library: held is not proven on the delivered tree",
      ],
    ],
    ["an event of the log", (one) => (one.lost = 2), ["library: 2 acknowledged events were lost"]],
    [
      "a recovered attempt",
      ({ report: one }) => (one.recoveries = [{ callId: "c2", epoch: 2, action: "redo" }]),
      ["no attempt had to be recovered"],
    ],
    [
      "a refusal: the visible check had failed too",
      ({ report: one }) => (one.assertions[0]?.earlier ?? []).forEach((each) => (each.value = "failed")),
      [overfitMissing],
    ],
    [
      "a refusal: nothing that was held out failed",
      ({ report: one }) => (one.assertions[1]?.earlier ?? []).forEach((each) => (each.value = "passed")),
      [overfitMissing],
    ],
    [
      "a better repair",
      ({ report: one }) => one.tasks.forEach((each) => (each.status = "failed")),
      [overfitMissing],
    ],
  ];
  test.for(cases)("%s", ([, change, said]) => {
    expect(missing(change)).toEqual(said);
  });

  test("the branch", () => {
    git(folder, "branch", "-D", "houston/repair");
    expect(missing(() => {})).toEqual(["library: git shows nothing at houston/repair"]);
  });

  test("a work tree that nobody touched", () => {
    writeFileSync(join(folder, "stray.txt"), "");
    expect(missing(() => {})).toEqual(["library: the user's own work tree was touched"]);
  });
});

test("an event is lost when it is gone or says something else", () => {
  const record = (seq: number, reason: string): MissionRecord => ({
    streamId: "mission:m",
    seq,
    at: 1,
    commandId: "c",
    schemaVersion: 1,
    event: { type: "mission.resumed", by: reason },
  });
  const before = [record(1, "a"), record(2, "b"), record(3, "c")];
  expect(lostEvents(before, [...before, record(4, "d")])).toBe(0);
  expect(lostEvents(before, [record(1, "a"), record(2, "changed")])).toBe(2);
});
