/**
 * The smallest program agent in TypeScript, as a template: it reads the brief, runs the contract's
 * checks in the workspace, changes nothing, and hands over what it saw.
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The parts of the brief that this agent reads; see README.md for the rest. */
interface Brief {
  readonly task: { readonly goal: string };
  readonly assertions: readonly {
    readonly id: string;
    readonly check: { readonly command: readonly string[]; readonly cwd?: string };
  }[];
}

function emit(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const brief = JSON.parse(readFileSync(0, "utf8")) as Brief;
const commands: { command: readonly string[]; exitCode: number }[] = [];
const failed: string[] = [];

for (const [index, { id, check }] of brief.assertions.entries()) {
  emit({ type: "progress", text: `checking ${id}`, fraction: index / brief.assertions.length });
  const [program = "", ...args] = check.command;
  // Your work goes here. stdout belongs to the protocol, so children must not inherit it.
  const { status } = spawnSync(program, args, {
    cwd: check.cwd ?? ".",
    stdio: ["ignore", "ignore", "inherit"],
  });
  commands.push({ command: check.command, exitCode: status ?? 1 });
  if (status !== 0) failed.push(id);
}

emit({
  type: "handoff",
  status: failed.length === 0 ? "done" : "failed",
  summary: `${brief.task.goal}: ${failed.length} of ${brief.assertions.length} checks fail.`,
  done: [],
  leftUndone: failed.map((id) => `the check of ${id} fails`),
  commands,
  testsAdded: [],
  issues: [],
  deviations: [],
});
