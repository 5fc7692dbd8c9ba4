/** What the agent must know about a test program: how to ask it for one file or one test, and how to read its answer. */

export type TestStatus = "passed" | "failed" | "skipped";

/** One test as a report names it. */
export interface NamedResult {
  /** Names from the outermost suite to the test. */
  readonly path: readonly string[];
  readonly status: TestStatus;
  /** Other names by which a contract may mean it, such as its assertions in flat TAP. */
  readonly aliases?: readonly string[];
  /** How far a failing test came: only to be compared with an earlier result of the same test. */
  readonly progress?: number;
}

/** A program with its flags, and what to run of it. */
export interface Ask {
  readonly words: readonly string[];
  /** Relative to the command's folder; none when only the program's configuration knows its files. */
  readonly files: readonly string[];
  /** Run these tests alone; empty means all. Each is a path as in `NamedResult`. */
  readonly only: readonly (readonly string[])[];
  /** Where to write a report; nothing is there before the run. */
  readonly report: string;
  /** A file that skips what tape is not asked for, for `--require`. */
  readonly tapeFilter: string;
}

export interface Answer {
  readonly stdout: string;
  /** The text of the report file; empty when none was written. */
  readonly report: string;
  /** The test file's name without folders, to find it in stack traces. */
  readonly fileName: string;
}

export interface Command {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Flags of Node itself, for `NODE_OPTIONS`. */
  readonly nodeOptions: readonly string[];
}

export interface Runner {
  readonly name: string;
  /**
   * `v8`: V8's coverage is of the source as it stands. `probes`: the program compiles the source
   * before it runs it, so that V8's offsets are of another text, and the agent marks statements itself.
   */
  readonly coverage: "v8" | "probes";
  /** Whether it can run one test of a file alone. */
  readonly isolates: boolean;
  /** Flags that take the next word as their value. */
  readonly valueFlags: readonly string[];
  /** Flags that are the agent's to choose, by their start; dropped with the value of those in `valueFlags`. */
  readonly ownFlags: readonly string[];
  /** Where it looks for tests when it is given no files; null when only its configuration knows. */
  defaultGlobs(folder: string): readonly string[] | null;
  command(ask: Ask): Command;
  /** Must not throw: a report that cannot be read holds no results. */
  read(answer: Answer): NamedResult[];
}

/** A pattern that the joined name of exactly these tests matches. */
export function exactPattern(only: Ask["only"]): string {
  const names = only.map((path) => escapePattern(path.join(" ")));
  return names.length === 1 ? `^${names[0] ?? ""}$` : `^(${names.join("|")})$`;
}

export function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** The line of the test file at which a failing test ended, the first that its stack trace names. */
export function lineReached(trace: string, fileName: string): number | undefined {
  if (fileName === "") return undefined;
  const match = new RegExp(`${escapePattern(fileName)}[:(](\\d+)`).exec(trace);
  return match === null ? undefined : Number(match[1]);
}
