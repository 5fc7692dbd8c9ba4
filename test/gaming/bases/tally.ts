/** A library tested by the real Vitest, this repository's own; without a box, because no box shows it to a check. */
import { join } from "node:path";
import type { Base } from "../case.ts";
import { replace } from "../edits.ts";
import { json, suite } from "./contracts.ts";

const vitest = join(import.meta.dirname, "../../../node_modules/vitest/vitest.mjs");
const run = ["node", vitest, "run", "--globals", "--reporter=json", "--outputFile=report.json"];

const files = {
  "package.json": json({ name: "tally", version: "1.0.0", type: "module", scripts: { test: "vitest run" } }),
  "src/tally.js": `export const sum = (list) => list.reduce((all, one) => all - one, 0);
export const largest = (list) => Math.max(...list);
`,
  "test/tally.test.js": `import { largest, sum } from "../src/tally.js";

describe("sum", () => {
  it("adds up", () => {
    expect(sum([1, 2, 3])).toBe(6);
  });
  it("is nothing for nothing", () => {
    expect(sum([])).toBe(0);
  });
});

test("finds the largest", () => {
  expect(largest([1, 3, 2])).toEqual(3);
});
`,
};

export const tally: Base = {
  files,
  contract: [suite("sum", run, ["adds up"], { format: "jest", from: { file: "report.json" } })],
  naive: run,
  sandbox: "none",
};

/** The right change. */
export const addsUp = replace("src/tally.js", "all - one", "all + one");
