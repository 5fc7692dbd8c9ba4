// Marks that tell what was run, in a source that still does what it did.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { probeRecorder } from "./coverage.ts";
import { placeProbes } from "./probes.ts";

const SOURCE = `'use strict';
const pick = (a) => (a > 1 ? 'many' : { one: a });
function main(x) {
  if (x) return pick(2);
  else console.log('never');
  for (const i of []) console.log(i);
  switch (x) { case 1: return 1; default: return 0; }
}
console.log(main(true));
`;

test("a marked source prints the same, and says which of its code was run", () => {
  const folder = mkdtempSync(join(tmpdir(), "repair-probes-"));
  try {
    const probes = placeProbes(new Map([["a.cjs", SOURCE]]));
    const file = join(folder, "a.cjs");
    writeFileSync(file, probes.marked.get("a.cjs") ?? "");
    const recorder = probeRecorder(probes, folder);
    const printed = execFileSync(process.execPath, [file], { env: recorder.env, encoding: "utf8" });
    expect(printed).toBe("many\n");
    const executed = recorder.read().get("a.cjs");
    const isRun = (text: string): boolean => executed?.[SOURCE.indexOf(text)] === 1;
    expect(["return pick(2)", "'many'"].map(isRun)).toEqual([true, true]);
    expect(["{ one", "console.log('never')", "for (", "return 0"].map(isRun)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(existsSync(join(folder, "probes")) && readFileSync(join(folder, "probes"), "utf8")).not.toBe("");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("what cannot be marked is left out", () => {
  expect(placeProbes(new Map([["a.js", "if ("]])).marked.size).toBe(0);
});
