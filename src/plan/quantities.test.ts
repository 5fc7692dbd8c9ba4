/** Durations and money: read as people write them, written so that they can be read again. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { durationMs, durationText, microUsd, moneyText } from "./quantities.ts";

test.each([
  ["500ms", 500],
  ["30s", 30_000],
  ["1.5h", 5_400_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
  ["10", undefined],
  ["", undefined],
  ["0s", undefined],
  ["-1s", undefined],
  ["1h x", undefined],
])("%s is %s ms", (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each([
  ["20usd", 20_000_000],
  ["0.50usd", 500_000],
  ["$3", 3_000_000],
  ["20", undefined],
  ["20eur", undefined],
  ["-1usd", undefined],
])("%s is %s millionths of a dollar", (text, amount) => {
  expect(microUsd(text)).toBe(amount);
});

test("what is written can be read again: money exactly, a duration in its two largest units", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (amount) => {
      expect(microUsd(moneyText(amount))).toBe(amount);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 ** 10 }), (ms) => {
      const read = durationMs(durationText(ms)) ?? 0;
      expect(Math.abs(read - ms)).toBeLessThan(ms < 60_000 ? 1_000 : ms * 0.05);
    }),
  );
});
