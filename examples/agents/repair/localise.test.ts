import { expect, test } from "vitest";
import { executedOffsets } from "./coverage.ts";
import { ochiai } from "./localise.ts";

test("code that exactly the failing tests run is most suspicious", () => {
  expect(ochiai(2, 0, 2)).toBe(1);
  expect(ochiai(0, 5, 2)).toBe(0);
  expect(ochiai(2, 6, 2)).toBe(0.5);
  expect(ochiai(1, 0, 2)).toBeLessThan(ochiai(2, 0, 2));
});

test("the innermost range says whether an offset was executed", () => {
  const executed = executedOffsets([
    { startOffset: 2, endOffset: 4, count: 0 },
    { startOffset: 0, endOffset: 6, count: 1 },
    { startOffset: 3, endOffset: 4, count: 7 },
  ]);
  expect([...executed]).toEqual([1, 1, 0, 1, 1, 1]);
});
