/**
 * A program agent that behaves as it is told: it lays a prepared change over its workspace, or none, and hands off.
 * `node agent.ts <behaviour> <folder>`; the folder holds `change.json`: { write: { path: text }, remove: [path] }.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod/mini";

const changeSchema = z.object({
  write: z.record(z.string(), z.string()),
  remove: z.array(z.string()),
});

const briefSchema = z.object({
  assertions: z.array(
    z.object({ check: z.optional(z.object({ command: z.optional(z.array(z.string())) })) }),
  ),
});

const [behaviour = "", folder = ""] = process.argv.slice(2);
const { assertions } = briefSchema.parse(JSON.parse(readFileSync(0, "utf8")));
const change = changeSchema.parse(JSON.parse(readFileSync(join(folder, "change.json"), "utf8")));

for (const [path, text] of Object.entries(change.write)) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
for (const path of change.remove) rmSync(path, { force: true });

/** Only `nothing` is honest about having done nothing; whoever else did not run a test says that it did. */
const isHonest = behaviour === "nothing";
const handoff = {
  type: "handoff",
  status: isHonest ? "partial" : "done",
  summary: isHonest ? "I did not find the cause." : "The defect is repaired and all tests pass.",
  done: isHonest ? [] : ["repaired the defect"],
  leftUndone: isHonest ? ["the repair"] : [],
  commands: isHonest
    ? []
    : assertions.flatMap(({ check }) =>
        check?.command === undefined ? [] : [{ command: check.command, exitCode: 0 }],
      ),
  testsAdded: [],
  issues: [],
  deviations: [],
};
process.stdout.write(`${JSON.stringify(handoff)}\n`);
