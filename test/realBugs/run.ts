/**
 * `npm run eval:real-bugs`: missions about real bugs of public libraries, each with several agents: one that
 * repairs by search, and a scripted one that leaves behind the right change, wrong ones, nothing, and lies. Fails
 * if a mission is called verified whose result fails upstream's own tests. Exit codes: 0, 1 false completions, 2
 * something is missing.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openHouston } from "../../src/app/index.ts";
import { agentNames, Trial } from "./trial.ts";
import { isFalseCompletion, rowText, totalsOf, totalsText, type Row } from "./table.ts";
import { findMirror, MissingInput, readTasks, usage, type BugTask } from "./tasks.ts";

interface Options {
  tasks: { task: BugTask; mirror: string }[];
  agents: string[];
  parallel: number;
  work: string | undefined;
  out: string | undefined;
}

/** Throws MissingInput. */
function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      tasks: { type: "string", default: process.env["HOUSTON_REAL_BUGS_TASKS"] ?? "" },
      mirrors: { type: "string", default: process.env["HOUSTON_REAL_BUGS_MIRRORS"] ?? "" },
      only: { type: "string" },
      agents: { type: "string", default: agentNames.join(",") },
      parallel: { type: "string", default: String(availableParallelism()) },
      work: { type: "string" },
      out: { type: "string" },
    },
  });
  if (values.tasks === "" || values.mirrors === "")
    throw new MissingInput("say where the task list and the mirrors are");
  const only = values.only?.split(",");
  const all = readTasks(values.tasks);
  const tasks = all.filter(({ id }) => only === undefined || only.includes(id));
  if (tasks.length === 0)
    throw new MissingInput(`--only names none of the tasks: ${all.map(({ id }) => id).join(", ")}`);
  const agents = values.agents.split(",");
  const unknown = agents.find((agent) => !agentNames.includes(agent));
  if (unknown !== undefined)
    throw new MissingInput(`there is no agent ${unknown}: use ${agentNames.join(", ")}`);
  const { mirrors } = values;
  return {
    tasks: tasks.map((task) => ({ task, mirror: findMirror(resolve(mirrors), task.repo) })),
    agents,
    parallel: Math.max(1, Number(values.parallel) || 1),
    work: values.work === undefined ? undefined : resolve(values.work),
    out: values.out,
  };
}

/** So many tasks at a time; the missions of a task come one after the other. */
async function evaluate(options: Options, work: string): Promise<Row[]> {
  const rows: Row[] = [];
  const cache = join(work, "dependencies");
  mkdirSync(cache, { recursive: true });
  const houston = await openHouston({ stateDirectory: mkdtempSync(join(work, "state-")) });
  const waiting = [...options.tasks];
  const runSome = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const folder = mkdtempSync(join(work, `${next.task.id}-`));
      const trial = new Trial({ ...next, folder, cache, houston, tell: (text) => console.error(text) });
      for await (const row of trial.rows(options.agents)) {
        rows.push(row);
        console.log(rowText(row));
        if (options.out !== undefined) save(options.out, rows);
      }
      remove(folder);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.parallel }, runSome));
  } finally {
    await houston.close();
  }
  return rows;
}

function save(file: string, rows: readonly Row[]): void {
  writeFileSync(file, `${JSON.stringify({ totals: totalsOf(rows), rows }, null, 2)}\n`);
}

/** Sealed dependencies are read-only, and not everybody may remove what is. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    console.error(`left behind: ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function main(): Promise<number> {
  const options = readOptions();
  const work = options.work ?? mkdtempSync(join(tmpdir(), "houston-real-bugs-"));
  mkdirSync(work, { recursive: true });
  try {
    const rows = await evaluate(options, work);
    const wrong = rows.filter((row) => isFalseCompletion(row));
    console.log(`\n${totalsText(rows)}\n\n${options.tasks.length} tasks, ${wrong.length} false completions`);
    return wrong.length === 0 ? 0 : 1;
  } finally {
    if (options.work === undefined) remove(work);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof MissingInput)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
