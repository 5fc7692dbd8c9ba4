/** Questions to a person: every reason on a line of its own, and the exact commands that answer. */
import { expect, test } from "vitest";
import type { Approval } from "../protocol/approval.ts";
import { approvalNote, reasonLines } from "./waiting.ts";

const missionId = "0190a000-0000-7000-8000-00000000aaaa";
const approval: Approval = {
  id: "a1",
  kind: "finding",
  action: "dismiss these findings and go on",
  reason: "f1 by verifier: test gone\nf2 by agent:worker: \u001b[2Jhidden",
  scope: 'task "fix"',
  risk: "high",
  findingIds: ["f1", "f2"],
  deadlineAt: 0,
};

test("each finding is told, safely, with what grants and what refuses", () => {
  const lines = approvalNote(missionId, approval).split("\n");
  expect(lines).toContain("  why: f1 by verifier: test gone");
  expect(lines).toContain(String.raw`       f2 by agent:worker: \x1b[2Jhidden`);
  expect(lines).toContain("  to grant:  houston approve 0000aaaa a1");
  expect(lines).toContain("  to refuse: houston reject 0000aaaa a1");
});

test("a long list is cut, and says so", () => {
  const lines = reasonLines(Array.from({ length: 50 }, (_, index) => `check ${index}`).join("\n"));
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toContain("30 more");
});
