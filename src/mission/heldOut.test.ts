// Held-out checks stay untold, also where a visible check runs on a tree that holds their files.
import { expect, test } from "vitest";
import type { Assertion } from "../protocol/contract.ts";
import type { VerdictDraft } from "../protocol/verdict.ts";
import { isPrivate, tellable } from "./heldOut.ts";

const tests: Assertion["check"] = {
  kind: "tests",
  command: ["t"],
  report: { format: "tap", from: "stdout" },
  expect: ["adds", "subtracts"],
  timeoutMs: 1,
};
const seen: Assertion = { id: "seen", behaviour: "it adds", check: tests, onBase: "any" };
const hidden: Assertion = { ...seen, id: "hidden", behaviour: "it multiplies", heldOut: true };
const withFiles = { ...hidden, files: [{ path: "t", content: { sha256: "0", sizeBytes: 0 } }] };
const mission = (...contract: Assertion[]) => ({ spec: { contract } });
const verdict = (assertionId: string): VerdictDraft => {
  return { assertionId, value: "failed", reason: "failed: adds, secret case", evidence: [] };
};

test("a visible check is told in full where nothing held out lies in the tree", () => {
  expect(tellable(mission(seen, hidden), verdict("seen"))).toBe("seen: failed: adds, secret case");
});

test("a held-out check is told as a value and a promise", () => {
  expect(tellable(mission(seen, hidden), verdict("hidden"))).toBe(
    "hidden: its held-out check is failed: it multiplies",
  );
});

test("a visible check on a tree with held-out files is told with what it expects, and nothing else", () => {
  expect(tellable(mission(seen, withFiles), verdict("seen"))).toBe("seen: its check is failed (adds)");
  expect(isPrivate(mission(seen, withFiles), "lint")).toBe(true);
  expect(isPrivate(mission(seen, hidden), "lint")).toBe(false);
});
