/** A folder of the library outside any mission, where the evaluation itself runs tests: to split them, and as the oracle. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseReport } from "../../src/verify/reports/read.ts";
import type { Library } from "./library.ts";
import { git, run } from "./processes.ts";
import type { TestRunner } from "./runners.ts";

/** Files by path; null for one that is taken away. */
export type Files = ReadonlyMap<string, string | null>;

/** A branch, or the broken commit with a patch. */
export type Tree = { repository: string; branch: string } | { patch: string };

export interface TestRun {
  exitCode: number | null;
  /** By the name the report gives them; a name that stands for several tests passes when all of them do. */
  results: ReadonlyMap<string, "passed" | "failed" | "skipped">;
  /** The end of what was printed, for when nothing can be read. */
  tail: string;
}

export class Lab {
  readonly #folder: string;
  readonly #runner: TestRunner;

  private constructor(folder: string, runner: TestRunner) {
    this.#folder = folder;
    this.#runner = runner;
  }

  /** `folder` must not exist. */
  static async open(library: Library, runner: TestRunner, folder: string): Promise<Lab> {
    await git(dirname(folder), "clone", "--quiet", "--template=", library.repository, folder);
    symlinkSync(library.modules, join(folder, "node_modules"));
    return new Lab(folder, runner);
  }

  /** Runs test files of the broken commit with other files laid over it, later ones over earlier ones. */
  async test(testFiles: readonly string[], ...overlays: Files[]): Promise<TestRun> {
    await this.#reset();
    for (const overlay of overlays) for (const [path, text] of overlay) this.#write(path, text);
    return await this.#run(testFiles);
  }

  /** Runs test files on another tree; says which files of the broken commit are gone there. */
  async testTree(
    testFiles: readonly string[],
    tree: Tree,
    overlay: Files,
  ): Promise<TestRun & { deleted: string[] }> {
    await this.#reset();
    if ("branch" in tree) {
      await git(this.#folder, "fetch", "--quiet", "--no-tags", tree.repository, tree.branch);
      await git(this.#folder, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD");
    } else if (tree.patch !== "") {
      const file = join(dirname(this.#folder), "undelivered.patch");
      writeFileSync(file, tree.patch);
      await git(this.#folder, "apply", "--binary", "--whitespace=nowarn", file);
    }
    const gone = await git(this.#folder, "diff", "--name-only", "--diff-filter=D", "main");
    for (const [path, text] of overlay) this.#write(path, text);
    return { ...(await this.#run(testFiles)), deleted: gone.split("\n").filter((path) => path !== "") };
  }

  async #reset(): Promise<void> {
    await git(this.#folder, "checkout", "--quiet", "--force", "main");
    await git(this.#folder, "clean", "--quiet", "-ffdx", "--exclude=/node_modules");
  }

  #write(path: string, text: string | null): void {
    const file = join(this.#folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text === null) rmSync(file, { force: true });
    else writeFileSync(file, text);
  }

  async #run(testFiles: readonly string[]): Promise<TestRun> {
    const ended = await run(this.#runner.command(testFiles), { cwd: this.#folder });
    const report = await parseReport(this.#runner.format, ended.stdout);
    const results = new Map<string, "passed" | "failed" | "skipped">();
    for (const { name, status } of "results" in report ? report.results : [])
      if (results.get(name) === undefined || status !== "passed") results.set(name, status);
    const tail = `${ended.stdout.slice(-1_500)}\n${ended.stderr.slice(-1_500)}`;
    return { exitCode: ended.exitCode, results, tail };
  }
}

/** Reports join suites and titles in ways of their own; without what joins them, names can be compared. */
export const plain = (name: string): string => name.replaceAll(/ [>›] /g, " ");

/** Names of tests that passed. */
export const passedIn = ({ results }: Pick<TestRun, "results">): string[] =>
  [...results].filter(([, status]) => status === "passed").map(([name]) => name);
