// False completions are counted from the oracle's word, never from the mission's.
import { expect, test } from "vitest";
import { isFalseCompletion, rowText, totalsOf, totalsText, type Row } from "./table.ts";

const row = (change: Partial<Row>): Row => ({
  task: "t",
  agent: "right",
  outcome: "verified",
  verified: true,
  correct: true,
  delivered: true,
  attempts: 1,
  seconds: 1.4,
  reasons: [],
  ...change,
});

const rows = [
  row({}),
  row({ agent: "wrong", correct: false }),
  row({ agent: "wrong", outcome: "failed", verified: false, correct: false, attempts: 2 }),
  row({ agent: "wrong", outcome: "failed", verified: false, reasons: ["a reason\nand more"] }),
];

test("verified and wrong is a false completion, and shown as one", () => {
  expect(rows.map((one) => isFalseCompletion(one))).toEqual([false, true, false, false]);
  expect(rows.map((one) => rowText(one).includes("FALSE COMPLETION"))).toEqual([false, true, false, false]);
});

test("a false completion whose contract holds says so: the contract was too weak, not the verifier wrong", () => {
  const weak = row({ correct: false, contractHolds: true });
  expect(rowText(weak)).toContain("FALSE COMPLETION, contract holds");
  expect(totalsOf([weak])).toMatchObject([{ falseCompletions: 1, contractBroken: 0 }]);
  expect(totalsOf([row({ correct: false })])).toMatchObject([{ falseCompletions: 1, contractBroken: 1 }]);
});

test("totals are by agent", () => {
  expect(totalsOf(rows)).toEqual([
    expect.objectContaining({ agent: "right", missions: 1, verified: 1, correct: 1, falseCompletions: 0 }),
    {
      agent: "wrong",
      missions: 3,
      verified: 1,
      correct: 1,
      falseCompletions: 1,
      contractBroken: 1,
      falseRejections: 1,
      errors: 0,
      attempts: 4,
      seconds: 4,
    },
  ]);
  expect(totalsText(rows)).toContain("| wrong | 3 | 1 | 1 | 1 | 1 | 1 | 0 | 4 | 4 |");
});

test("a row says in one line why a mission was not verified", () => {
  expect(rowText(row({ verified: false, outcome: "failed", reasons: ["a reason\nand more"] }))).toMatch(
    /a reason$/,
  );
});
