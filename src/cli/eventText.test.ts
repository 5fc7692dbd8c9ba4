/** Events as sentences: each says what a person would ask about next. */
import { expect, test } from "vitest";
import type { CallResult } from "../protocol/call.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import { eventText, News } from "./eventText.ts";

const snapshot = { commit: "0123456789abcdef", tree: "fedcba9876543210" };
const finding = {
  id: "f1",
  kind: "stub",
  severity: "blocking",
  text: "does nothing",
  by: "verifier",
} as const;
const fact = {
  id: "k1",
  type: "hypothesis",
  subject: "db",
  content: "it locks",
  source: "agent:a",
  recordedAt: 1,
} as const;
const artifact = { artifactId: "r1", name: "cover", path: "c.json", taskId: "t", attemptId: "t.1" };

const settled = (result: CallResult): MissionEvent => ({
  type: "call.settled",
  callId: "c1",
  outcome: { status: "succeeded", result },
  charged: {},
  by: "r",
});
const tried = settled({
  kind: "preflight",
  baseline: [
    { assertionId: "unit", value: "failed", reason: "", evidence: [], flaky: false },
    { assertionId: "lint", value: "passed", reason: "", evidence: [], flaky: true },
  ],
  environment: { key: "k", built: true, durationMs: 1 },
});
const trying: MissionEvent = {
  type: "call.wanted",
  call: {
    id: "c1",
    work: { kind: "preflight", snapshot, runs: 2 },
    effects: ["workspace"],
    reserve: { calls: 1, tokens: 0, timeMs: 1, costMicroUsd: 0 },
  },
};

const sentences: [MissionEvent, string][] = [
  [trying, "call c1: try the base at 0123456789, each check 2 times"],
  [tried, "call c1 tried the base: unit failed, lint passed (flaky), environment built"],
  [
    { type: "finding.recorded", finding: { ...finding, place: "src/a.js:3" } },
    "finding f1 blocking (stub) by verifier at src/a.js:3: does nothing",
  ],
  [
    { type: "finding.tracked", findingId: "f1", taskId: "fix~1", by: "policy" },
    "finding f1 is tracked by task fix~1 (policy)",
  ],
  [
    { type: "finding.dismissed", findingId: "f1", reason: "on purpose", by: "human:ada" },
    "finding f1 dismissed by human:ada: on purpose",
  ],
  [{ type: "stage.sealed", stageId: "one", snapshot }, "stage one sealed on tree fedcba9876"],
  [{ type: "fact.recorded", fact }, "hypothesis k1 by agent:a: db: it locks"],
  [
    { type: "fact.conflicted", subject: "db", factIds: ["k1", "k2"] },
    "k1, k2 contradict each other about db",
  ],
  [{ type: "fact.expired", factId: "k1" }, "k1 is no longer told to anybody: its time is over"],
  [
    { type: "artifact.recorded", ...artifact, content: { sha256: "aabbccddeeff", sizeBytes: 7 } },
    "artifact r1 cover: c.json, 7 bytes, sha256 aabbccddee",
  ],
];

test.each(sentences)("%o", (event, sentence) => {
  expect(eventText(event)).toBe(sentence);
});

test("how the base fared and what was found is news; that a fact is no longer told is not", () => {
  const news = new News();
  const isNews = (event: MissionEvent): boolean => {
    const record: EventRecord<MissionEvent> = {
      streamId: "mission:m",
      seq: 1,
      at: 0,
      commandId: "c",
      schemaVersion: 1,
      event,
    };
    return news.isNews(record);
  };
  expect(isNews(trying)).toBe(true);
  expect(isNews(tried)).toBe(true);
  expect(isNews({ type: "finding.recorded", finding })).toBe(true);
  expect(isNews({ type: "fact.expired", factId: "k1" })).toBe(false);
});
