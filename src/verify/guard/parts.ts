/** What the two parts of the guard that run inside a check's processes say to each other. */

/** Who wrote a piece of code: nobody of the tree, a dependency, a runner, the tests, or the code under test. */
export type Author = "outside" | "dependency" | "runner" | "harness" | "source";

export interface Tree {
  /** Absolute, without symlinks. */
  workspace: string;
  /** Files that the check's command names, absolute. */
  harness: string[];
  /** Source of the regular expression for test files, on paths in the tree. */
  testPath: string;
  /** The same for packages, on paths below `node_modules`. */
  runners: string;
}

export interface Attribution {
  setTree: (tree: Tree) => void;
  /** A path in the tree, or undefined for other files. */
  inTree: (file: string) => string | undefined;
  authorOf: (file: string) => Author;
  /** Code under test that is behind the current call, or undefined when a runner or the tests are. */
  blame: () => string | undefined;
  /** The same for a call that ends the process. */
  blameExit: () => string | undefined;
  /** Code under test that is about to read a test file by itself; undefined when it is none, or Node loads it. */
  readerOf: (path: string) => string | undefined;
  /** The file a function was written in, through `bind` and proxies; "" when it is native or cannot be found. */
  writtenIn: (subject: unknown) => string;
  /** Whether code under test wrote it, or nobody can say who did. */
  isSuspect: (subject: unknown) => boolean;
}

export type GuardFinding = "earlyExit" | "patchedGlobal" | "forgedReport" | "stub";

export interface GuardTools {
  config: GuardConfig;
  attribution: Attribution;
  /** Puts a function in place that looks like the original and is told of each call before it happens. */
  wrap: (owner: Record<PropertyKey, unknown>, key: string, before: (args: unknown[]) => void) => void;
  /** Looks later whether functions were replaced. */
  watch: (name: string, owner: unknown, keys?: readonly PropertyKey[]) => void;
  report: (kind: GuardFinding, text: string, place: string) => void;
}

export interface Files {
  guardFiles: (tools: GuardTools) => void;
}

/** What the preload is told, in a file beside it. */
export interface GuardConfig extends Tree {
  /** The pipe to say things into. */
  channel: string;
  /** Of the report that the check reads; empty when it reads none. */
  format: string;
  /** In the tree; empty when the report is on standard output. */
  reportFile: string;
}
