/** The list of real bug fixes and the folder of mirrors they are read from: both come from outside, neither is part of the project. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const commit = z.string().regex(/^[0-9a-f]{40}$/, "write a whole commit id");

const taskSchema = z.object({
  id: z.string().min(1),
  /** `owner/name`. */
  repo: z.string().regex(/^[^/]+\/[^/]+$/, "write owner/name"),
  /** Broken. */
  base: commit,
  /** Repaired, with the tests that prove it. */
  fix: commit,
  source_files: z.array(z.string()).min(1),
  hidden_tests: z.array(z.string()).min(1),
  support_files: z.array(z.string()).default([]),
  old_tests: z.array(z.string()).default([]),
  /** How the hidden tests run; says which test runner the library uses. */
  test_command: z.string().min(1),
  /** What a worker is told. */
  task: z.string().min(1),
});

const listSchema = z.object({ tasks: z.array(taskSchema).min(1) });

export interface BugTask {
  id: string;
  repo: string;
  base: string;
  fix: string;
  sourceFiles: string[];
  hiddenTests: string[];
  supportFiles: string[];
  oldTests: string[];
  testCommand: string;
  goal: string;
}

/** What the evaluation needs is not there; the message says what and how to get it. */
export class MissingInput extends Error {
  override readonly name = "MissingInput";
}

export const usage = `usage: npm run eval:real-bugs -- --tasks FILE --mirrors DIR [--only ID,…] [--agents NAME,…]
                               [--parallel N] [--work DIR] [--out FILE.json]

--tasks    a list of bug fixes as JSON: { "tasks": [{ id, repo, base, fix, source_files, hidden_tests,
           support_files, old_tests, test_command, task }] }; or HOUSTON_REAL_BUGS_TASKS
--mirrors  a folder with one bare clone for each repository, named owner+name:
             git clone --mirror https://github.com/OWNER/NAME DIR/OWNER+NAME
           or HOUSTON_REAL_BUGS_MIRRORS
--work     where everything is made; kept, and dependencies found there are used again

Installs test dependencies from the npm registry, so it needs the network. Nothing of the libraries is kept in
this project.`;

/** Throws MissingInput. */
export function readTasks(file: string): BugTask[] {
  if (!existsSync(file)) throw new MissingInput(`there is no task list ${file}`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new MissingInput(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = listSchema.safeParse(value);
  if (!parsed.success)
    throw new MissingInput(`${file} is not a task list:\n${z.prettifyError(parsed.error)}`);
  return parsed.data.tasks.map((task) => ({
    id: task.id,
    repo: task.repo,
    base: task.base,
    fix: task.fix,
    sourceFiles: task.source_files,
    hiddenTests: task.hidden_tests,
    supportFiles: task.support_files,
    oldTests: task.old_tests,
    testCommand: task.test_command,
    goal: task.task,
  }));
}

/** The git directory of a repository's mirror. Throws MissingInput. */
export function findMirror(mirrors: string, repo: string): string {
  const folder = join(mirrors, repo.replace("/", "+"));
  const found = [folder, `${folder}.git`, join(folder, "repo"), join(folder, ".git")].find((place) =>
    existsSync(join(place, "HEAD")),
  );
  if (found !== undefined) return found;
  throw new MissingInput(
    `there is no mirror of ${repo}: git clone --mirror https://github.com/${repo} ${folder}`,
  );
}
