/** A report is folded from events alone: what was proven, by which commit, and what stays visibly unproven. */
import { expect, test } from "vitest";
import type { Baseline, CallResult, CallWork } from "../protocol/call.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import { defaultPolicy, type MissionSpec } from "../protocol/plan.ts";
import type { VerdictValue } from "../protocol/verdict.ts";
import type { MissionReport } from "./reportEntries.ts";
import { reportOf } from "./missionReport.ts";

const base = { commit: "b0", tree: "tb" };
const wrong = { commit: "w1", tree: "tw" };
const right = { commit: "r1", tree: "tr" };
const overWrong = { commit: "w2", tree: "tw+" };
const delivered = { commit: "r2", tree: "tr+" };

const spec: MissionSpec = {
  schemaVersion: 1,
  goal: "Totals are right",
  repository: { path: "/r", base: "main" },
  contract: [
    {
      id: "held",
      behaviour: "Totals add up",
      check: { kind: "command", command: ["sh", "held.sh"], exitCode: 0, timeoutMs: 1 },
      onBase: "fails",
      heldOut: true,
      files: [{ path: "held.sh", content: { sha256: "h", sizeBytes: 1 } }],
    },
  ],
  checks: [
    {
      id: "lint",
      behaviour: "Lint",
      check: { kind: "command", command: ["lint"], exitCode: 0, timeoutMs: 1 },
    },
    {
      id: "old",
      behaviour: "Was broken",
      check: { kind: "command", command: ["old"], exitCode: 0, timeoutMs: 1 },
    },
  ],
  stages: [{ id: "one" }, { id: "two" }],
  tasks: [],
  agents: {},
  budget: {},
  policy: { ...defaultPolicy, setupNetwork: true },
  branch: "houston/x",
  timeoutMs: 1,
};
const task: MissionSpec["tasks"][number] = {
  id: "fix",
  goal: "Fix it",
  needs: [],
  fulfills: ["held"],
  agentId: "worker",
  access: "write",
  timeoutMs: 1,
  maxAttempts: 1,
  onFailure: "retry",
};

async function folded(events: MissionEvent[]): Promise<MissionReport> {
  const all: MissionEvent[] = [
    {
      type: "mission.created",
      missionId: "m",
      sessionId: "s",
      spec: { ...spec, tasks: [task] },
      by: "human:ada",
    },
    ...events,
  ];
  const records = all.map((event, index): EventRecord<MissionEvent> => ({
    streamId: "mission:m",
    seq: index + 1,
    at: 1_000 * index,
    commandId: "c",
    schemaVersion: 1,
    event,
  }));
  const report = await reportOf(
    (async function* () {
      await Promise.resolve();
      yield* records;
    })(),
  );
  if (report === undefined) throw new Error("nothing was created");
  return report;
}

const reserve = { calls: 1, tokens: 0, timeMs: 0, costMicroUsd: 0 };
const call = (id: string, work: CallWork, result: CallResult, taskId?: string): MissionEvent[] => [
  {
    type: "call.wanted",
    call: { id, work, effects: ["read"], reserve, ...(taskId === undefined ? {} : { taskId }) },
  },
  {
    type: "call.settled",
    callId: id,
    outcome: { status: "succeeded", result },
    charged: { calls: 1 },
    by: "runner",
  },
];

const baseline = (assertionId: string, value: VerdictValue, flaky = false): Baseline => ({
  assertionId,
  value,
  reason: "on the base",
  evidence: [],
  flaky,
});

const verdict = (
  callId: string,
  assertionId: string,
  value: VerdictValue,
  on: { handed: string; judged: typeof delivered },
): MissionEvent => ({
  type: "verdict.given",
  callId,
  verdict: {
    assertionId,
    value,
    reason: `it ${value}`,
    evidence: [{ command: ["sh", "held.sh"], exitCode: value === "passed" ? 0 : 1, durationMs: 5 }],
    by: "verifier",
    tree: on.handed,
    judged: on.judged,
    contractVersion: 1,
  },
});

const onBase: MissionEvent[] = [
  ...call("c1", { kind: "prepare" }, { kind: "prepare", snapshot: base }),
  ...call(
    "c2",
    { kind: "preflight", snapshot: base, runs: 2 },
    {
      kind: "preflight",
      baseline: [baseline("held", "failed"), baseline("lint", "passed", true), baseline("old", "failed")],
      environment: { key: "e", built: true, durationMs: 7 },
    },
  ),
];

/** The first attempt overfits, the held-out check catches it, a fix task gets it right. */
const story: MissionEvent[] = [
  ...onBase,
  {
    type: "call.wanted",
    call: { id: "c3", work: verifying(wrong), effects: ["read"], reserve, taskId: "fix" },
  },
  verdict("c3", "held", "failed", { handed: "tw", judged: overWrong }),
  { type: "task.added", task: { ...task, id: "fix~1" }, supersedes: "fix", reason: "held failed" },
  { type: "assertion.reopened", assertionId: "held", from: "fix", to: "fix~1", reason: "held failed" },
  {
    type: "call.wanted",
    call: { id: "c4", work: verifying(right), effects: ["read"], reserve, taskId: "fix~1" },
  },
  verdict("c4", "held", "passed", { handed: "tr", judged: delivered }),
  verdict("c4", "lint", "passed", { handed: "tr", judged: delivered }),
  { type: "task.ended", taskId: "fix~1", status: "done", reason: "proven", snapshot: right },
  { type: "stage.sealed", stageId: "one", snapshot: right },
];
const delivery = call(
  "c5",
  { kind: "deliver", branch: "houston/x", snapshot: delivered },
  { kind: "deliver", commit: "r2" },
);

function verifying(snapshot: typeof base): CallWork {
  return { kind: "verify", assertionIds: ["held"], snapshot, contractVersion: 1 };
}

test("an assertion is traced over its fix task to the commit and the evidence on the delivered tree", async () => {
  const report = await folded([...story, ...delivery]);
  expect(report.assertions).toMatchObject([
    {
      id: "held",
      heldOut: true,
      taskId: "fix~1",
      claimedBefore: [{ taskId: "fix", reason: "held failed" }],
      baseline: { value: "failed", flaky: false },
      earlier: [{ value: "failed", taskId: "fix", judged: overWrong }],
      verdict: { value: "passed", onDelivered: true, taskId: "fix~1", evidence: [{ exitCode: 0 }] },
    },
  ]);
  expect(report.assertions[0]?.verdict).not.toHaveProperty("stale");
  expect(report).toMatchObject({ base, head: delivered, delivered: { commit: "r2", tree: "tr+" } });
  expect(report.tasks.find(({ id }) => id === "fix~1")).toMatchObject({ supersedes: "fix", snapshot: right });
  expect(report.preflight).toMatchObject({ runs: 2, environment: { key: "e" } });
  expect(report.allowed).toEqual(["setup was allowed to use the network"]);
});

test("what nobody proved is said: never judged, refuted, stale, flaky, not sealed, not asked", async () => {
  expect((await folded([...story, ...delivery])).unverified).toEqual([
    "old was failed on the base already, so nothing is asked of it",
    "lint is flaky: its runs on the base did not agree",
    "stage two was not sealed",
  ]);
  expect((await folded(onBase)).unverified).toEqual(
    expect.arrayContaining(["held was never judged", "lint was never judged"]),
  );
  expect((await folded([])).unverified).toContain(
    "preflight did not run: nothing is known of how the base fared",
  );
  const later = { commit: "z", tree: "tz" };
  const moved = await folded([...story, { type: "mission.sealing", snapshot: later }]);
  expect(moved.assertions[0]?.verdict?.stale).toBe("the tree has moved on since");
  expect(moved.unverified).toContain("held passed, but the tree has moved on since");
});

test("a verdict of an older contract is stale, on whichever tree", async () => {
  const given = verdict("c4", "lint", "passed", { handed: "tr", judged: delivered });
  if (given.type !== "verdict.given") throw new Error("no verdict");
  const newer: MissionEvent = { ...given, verdict: { ...given.verdict, contractVersion: 2 } };
  const report = await folded([...story, newer, ...delivery]);
  expect(report.assertions[0]?.verdict?.stale).toBe("the contract is at version 2, it judged version 1");
});

test("findings come with what was decided about them, facts with what contradicts them", async () => {
  const finding = { kind: "stub", severity: "blocking", text: "does nothing", by: "verifier" } as const;
  const fact = { type: "fact", subject: "db", source: "agent:a", recordedAt: 1 } as const;
  const report = await folded([
    ...["f1", "f2", "f3"].map((id): MissionEvent => ({
      type: "finding.recorded",
      finding: { ...finding, id },
    })),
    { type: "finding.recorded", finding: { ...finding, id: "f4", severity: "suggestion" } },
    { type: "finding.tracked", findingId: "f1", taskId: "fix~1", by: "policy" },
    { type: "finding.dismissed", findingId: "f2", reason: "on purpose", by: "human:ada" },
    { type: "fact.recorded", fact: { ...fact, id: "k1", content: "it is postgres" } },
    { type: "fact.recorded", fact: { ...fact, id: "k2", content: "it is sqlite" } },
    { type: "fact.conflicted", subject: "db", factIds: ["k1", "k2"] },
    { type: "fact.expired", factId: "k2" },
    {
      type: "artifact.recorded",
      artifactId: "r1",
      name: "coverage",
      path: "c.json",
      content: { sha256: "x", sizeBytes: 3 },
      taskId: "fix",
      attemptId: "fix.1",
    },
  ]);
  expect(report.findings).toMatchObject([
    { id: "f1", status: "tracked", trackedBy: "fix~1" },
    { id: "f2", status: "dismissed", reason: "on purpose", decidedBy: "human:ada" },
    { id: "f3", status: "open" },
    { id: "f4", status: "noted" },
  ]);
  expect(report.unverified).toContain("finding f3 is open: does nothing");
  expect(report.unverified.join()).not.toContain("f4");
  expect(report.facts).toMatchObject([
    { id: "k1", expired: false, conflictsWith: ["k2"] },
    { id: "k2", expired: true, conflictsWith: ["k1"] },
  ]);
  expect(report.artifacts).toMatchObject([{ id: "r1", name: "coverage" }]);
});
