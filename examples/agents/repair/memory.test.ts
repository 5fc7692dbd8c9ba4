// What reaches the next attempt through the summary, and what it makes of it.
import { expect, test } from "vitest";
import { type Memory, bansOf, combinationOf, readMemory, writeMemory } from "./memory.ts";
import { type Patch, applyPatch, identityOf, patchOf, revertPatch } from "./patch.ts";

const SOURCE = "const a = x < 1;\nconst b = y < 2;\n";

function patch(start: number, text: string, generality = 1): Patch {
  return patchOf(SOURCE, { file: "a.js", start, end: start + 1, text, operator: "change", generality });
}

const A = patch(12, "<=");
const B = patch(29, ">=");
const MEMORY: Memory = {
  handed: [[A, B]],
  alternatives: [patch(12, ">")],
  triedOn: "base",
  tried: ["abcde"],
};

test("a record survives the summary of an attempt, and the last one counts", () => {
  const older = writeMemory({ ...MEMORY, handed: [[A]], tried: [] });
  const newer = `Repaired.\n- a list\n${writeMemory(MEMORY)}`;
  const read = readMemory([`hello\n${older}`, newer, "another agent's words"]);
  expect(read).toEqual({ ...MEMORY, handed: [[A], [A, B]] });
});

test("a record stays within what a summary may hold, and keeps what was handed off", () => {
  const big: Patch = { ...A, original: "y".repeat(1_500) };
  const record = writeMemory({
    handed: [[A]],
    alternatives: Array.from({ length: 12 }, () => big),
    triedOn: "base",
    tried: Array.from({ length: 3_000 }, (_, index) => String(index).padStart(8, "x")),
  });
  expect(record.length).toBeLessThan(15_100);
  expect(readMemory([record]).handed).toEqual([[A]]);
});

test("what is no record, and paths out of the workspace, are passed over", () => {
  expect(readMemory(["", "repair-record:1 {", 'repair-record:1 {"handed":7}']).handed).toEqual([]);
  const outside = writeMemory({
    ...MEMORY,
    handed: [[{ ...A, file: "../a.js" }], [{ ...A, file: "/etc/a.js" }]],
  });
  expect(readMemory([outside]).handed).toEqual([]);
});

test("what is given up is the least that makes the next combination new, the most doubtful first", () => {
  const [a2, b2] = [patch(12, ">"), patch(29, ">")];
  const doubt = (each: Patch): number => (identityOf(each) === identityOf(B) ? 1 : 0);
  const bans = (...handed: Patch[][]): string | undefined => {
    const [first] = bansOf(handed, doubt);
    return first === undefined ? undefined : combinationOf(first);
  };
  expect(bans([A, B])).toBe(combinationOf([B]));
  expect(bans([A, B], [A, b2])).toBe(combinationOf([A]));
  expect(bans([A, B], [A, b2], [a2, B])).toBe(combinationOf([A, B]));
});

test("a patch is taken back where it is, also after other changes have moved it", () => {
  const patched = applyPatch(SOURCE, A);
  expect(patched).toBe("const a = x <= 1;\nconst b = y < 2;\n");
  expect(revertPatch(patched, A)).toBe(SOURCE);
  expect(revertPatch(`// moved\n${patched}`, A)).toBe(`// moved\n${SOURCE}`);
});

test("a patch that is not there, or might be in two places, is not taken back", () => {
  expect(revertPatch(SOURCE, A)).toBeUndefined();
  const patched = applyPatch(SOURCE, A);
  expect(revertPatch(`\n${patched}${patched}`, { ...A, before: "x ", after: " 1" })).toBeUndefined();
});
