/**
 * Which entries of a folder its .gitignore files exclude. Git itself decides, but never looks at the
 * agent's folder: it is shown an empty copy that holds only directories and the .gitignore files we
 * read, so no pipe named .gitignore can hang it and no nested repository confuses it.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkspaceError } from "../ports/workspace.ts";
import { collect, gitExit, type GitProcess, readable, startGit } from "./git.ts";
import type { Repository } from "./objects.ts";

/** An entry to be judged: a directory is matched by patterns that end in a slash. */
export interface Candidate {
  name: string;
  directory: boolean;
}

/** The .gitignore files that apply in a directory, outermost first. */
export interface Rules {
  digest: string;
  files: readonly { directory: string; content: Buffer }[];
}

export const noRules: Rules = { digest: "", files: [] };

/** The rules inside `directory` (a prefix ending in a slash, or empty), where `content` is its own .gitignore. */
export function addRules(rules: Rules, directory: string, content: Buffer): Rules {
  const digest = createHash("sha256").update(`${rules.digest}\0${directory}\0`).update(content).digest("hex");
  return { digest, files: [...rules.files, { directory, content }] };
}

/** What was decided before, by directory; valid while the rules that apply there are the same. */
export type IgnoreMemory = Map<string, { digest: string; decisions: Map<string, boolean> }>;

function decisionsUnder(rules: Rules, known: ReturnType<IgnoreMemory["get"]>): Map<string, boolean> {
  return known?.digest === rules.digest ? known.decisions : new Map<string, boolean>();
}

/** Asks one git process for the length of a capture; none is started when memory answers everything. */
export class Ignores {
  readonly #repository: Repository;
  readonly #memory: IgnoreMemory;
  /** What this capture needed to know, for the next one. */
  readonly decided: IgnoreMemory = new Map();
  readonly #copy: string;
  readonly #written = new Map<string, Buffer>();
  #process: Asking | undefined;

  /** `temporary` is a private folder of ours. */
  constructor(repository: Repository, temporary: string, memory: IgnoreMemory) {
    this.#repository = repository;
    this.#memory = memory;
    this.#copy = join(temporary, `ignores-${randomBytes(8).toString("hex")}`);
  }

  /** The names among `candidates`, entries of `directory`, that are ignored. */
  async of(directory: string, rules: Rules, candidates: readonly Candidate[]): Promise<Set<string>> {
    if (rules.files.length === 0) return new Set();
    const before = decisionsUnder(rules, this.#memory.get(directory));
    const key = (candidate: Candidate): string =>
      candidate.directory ? `${candidate.name}/` : candidate.name;
    const unknown = candidates.filter((candidate) => !before.has(key(candidate)));
    const answers = unknown.length > 0 ? await this.#ask(directory, rules, unknown) : [];
    // A directory is asked about more than once: tracked folders only when something in them needs it.
    const decisions = decisionsUnder(rules, this.decided.get(directory));
    for (const candidate of candidates) decisions.set(key(candidate), before.get(key(candidate)) ?? false);
    unknown.forEach((candidate, index) => decisions.set(key(candidate), answers[index] ?? false));
    this.decided.set(directory, { digest: rules.digest, decisions });
    return new Set(candidates.filter((candidate) => decisions.get(key(candidate))).map(({ name }) => name));
  }

  async close(): Promise<void> {
    await this.#process?.end();
    await rm(this.#copy, { recursive: true, force: true });
  }

  async #ask(directory: string, rules: Rules, candidates: readonly Candidate[]): Promise<boolean[]> {
    await mkdir(this.#at(directory), { recursive: true });
    for (const file of rules.files) {
      if (this.#written.get(file.directory) === file.content) continue;
      await writeFile(this.#at(`${file.directory}.gitignore`), file.content);
      this.#written.set(file.directory, file.content);
    }
    for (const { name, directory: isDirectory } of candidates) {
      if (isDirectory) await mkdir(this.#at(directory + name), { recursive: true });
    }
    this.#process ??= new Asking(this.#repository, this.#copy);
    // The dot keeps a leading colon from being read as pathspec magic.
    return await this.#process.ask(candidates.map(({ name }) => `./${directory}${name}`));
  }

  #at(path: string): Buffer {
    return Buffer.concat([Buffer.from(`${this.#copy}/`), Buffer.from(path, "latin1")]);
  }
}

interface Waiting {
  answers: boolean[];
  count: number;
  resolve: (answers: boolean[]) => void;
  reject: (error: Error) => void;
}

/** A running `git check-ignore`, which answers each path with four fields as soon as it is asked. */
class Asking {
  readonly #child: GitProcess;
  readonly #ended: Promise<number>;
  #fields: string[] = [];
  #partial = "";
  #waiting: Waiting | undefined;

  constructor(repository: Repository, copy: string) {
    this.#child = startGit({
      args: ["check-ignore", "--stdin", "-z", "--no-index", "--verbose", "--non-matching"],
      cwd: copy,
      place: { ...repository.place, workTree: copy },
    });
    const err = collect(this.#child.stderr, 16 * 1024);
    this.#child.stdin.on("error", () => undefined);
    this.#child.stdout.setEncoding("latin1");
    this.#child.stdout.on("data", (text: string) => {
      this.#receive(text);
    });
    this.#ended = gitExit(this.#child);
    this.#ended.then(
      (code) => {
        const message = `git check-ignore ended with ${code}: ${readable(err.bytes())}`;
        this.#waiting?.reject(new WorkspaceError("git", message));
      },
      (error: unknown) => this.#waiting?.reject(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async ask(paths: string[]): Promise<boolean[]> {
    return await new Promise((resolve, reject) => {
      this.#waiting = { answers: [], count: paths.length, resolve, reject };
      this.#child.stdin.write(Buffer.from(paths.map((path) => `${path}\0`).join(""), "latin1"));
    });
  }

  async end(): Promise<void> {
    this.#waiting = undefined;
    this.#child.stdin.end();
    await this.#ended.catch(() => undefined);
  }

  #receive(text: string): void {
    const fields = (this.#partial + text).split("\0");
    this.#partial = fields.pop() ?? "";
    this.#fields.push(...fields);
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    // Source, line, pattern, path; a pattern that starts with "!" takes the entry back in.
    const complete = this.#fields.length - (this.#fields.length % 4);
    for (let at = 0; at < complete; at += 4) {
      const pattern = this.#fields[at + 2] ?? "";
      waiting.answers.push(pattern !== "" && !pattern.startsWith("!"));
    }
    this.#fields = this.#fields.slice(complete);
    if (waiting.answers.length < waiting.count) return;
    this.#waiting = undefined;
    waiting.resolve(waiting.answers);
  }
}
