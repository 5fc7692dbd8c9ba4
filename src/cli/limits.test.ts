/** Budgets on the command line. */
import { expect, test } from "vitest";
import { CliError } from "./exit.ts";
import { limitsFrom } from "./limits.ts";

test("money alone, or a list of dimensions", () => {
  expect(limitsFrom("20usd", "--budget")).toEqual({ costMicroUsd: 20_000_000 });
  expect(limitsFrom("calls=10, time=5m,tokens=7,cost=0.5usd", "--raise")).toEqual({
    calls: 10,
    timeMs: 300_000,
    tokens: 7,
    costMicroUsd: 500_000,
  });
});

test.each(["", "20", "calls=x", "calls=-1", "time=5", "steps=3"])(
  "%j is refused with what would be right",
  (text) => {
    expect(() => limitsFrom(text, "--budget")).toThrow(CliError);
    expect(() => limitsFrom(text, "--budget")).toThrow(/calls=10,tokens=50000,time=5m,cost=20usd/);
  },
);
