/**
 * The worker of every case: applies the edits of its task's input to the workspace and says "done", whatever it
 * did. It lies alone in its folder, because a program's folder is shown in its box.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Edit, WorkerInput } from "../edits.ts";
import { huntFor } from "./hunt.mts";

interface Told {
  task: { input: WorkerInput };
  previous: unknown[];
}

const told = readFileSync(0, "utf8");
const { task, previous } = JSON.parse(told) as Told;
const round = task.input.rounds[previous.length] ?? task.input.rounds.at(-1);
if (round === undefined) throw new Error("there is no round to work on");

let found = "";
for (const edit of round.edits) apply(edit);
const handoff = { type: "handoff", status: "done", summary: `done${found}`, ...round.says };
process.stdout.write(`${JSON.stringify(handoff)}\n`);

function apply(edit: Edit): void {
  switch (edit.kind) {
    case "write":
      mkdirSync(dirname(edit.path), { recursive: true });
      writeFileSync(edit.path, edit.content);
      if (edit.executable === true) chmodSync(edit.path, 0o755);
      return;
    case "replace": {
      const text = readFileSync(edit.path, "utf8");
      if (!text.includes(edit.from)) throw new Error(`${edit.path} does not say ${edit.from}`);
      writeFileSync(
        edit.path,
        text.replaceAll(edit.from, () => edit.to),
      );
      return;
    }
    case "remove":
      return rmSync(edit.path, { recursive: true });
    case "move":
      mkdirSync(dirname(edit.to), { recursive: true });
      return renameSync(edit.path, edit.to);
    case "link":
      mkdirSync(dirname(edit.path), { recursive: true });
      rmSync(edit.path, { recursive: true, force: true });
      return symlinkSync(edit.to, edit.path);
    case "shell":
      execFileSync("/bin/sh", ["-euc", edit.script], { stdio: ["ignore", "ignore", "inherit"] });
      return;
    case "hunt": {
      const { looked, hits } = huntFor(new RegExp(edit.pattern), told);
      writeFileSync(edit.into, JSON.stringify({ looked, hits }));
      found += `; looked at ${String(looked)}, found ${JSON.stringify(hits)}`;
    }
  }
}
