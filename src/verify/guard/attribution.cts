/**
 * Tells who in a tree did something: by the stack of a call, or by the file that a function was written in. For the
 * guard's preload, beside which it is copied.
 */
import type * as Fs from "node:fs";
import type * as Inspector from "node:inspector";
import type * as Path from "node:path";
import type { Attribution, Author, Tree } from "./parts.ts";

type Owner = Record<PropertyKey, unknown>;

const { readFileSync } = require("node:fs") as typeof Fs;
const paths = require("node:path") as typeof Path;
const { defineProperty } = Reflect;
const { pid, argv } = process;
const asOwner = (value: unknown): Owner => value as Owner;

let config: Tree = { workspace: "", harness: [], testPath: "", runners: "" };
let testPath = /^/;
let runners = /^/;

function setTree(tree: Tree): void {
  config = tree;
  testPath = new RegExp(tree.testPath);
  runners = new RegExp(tree.runners);
}

function inTree(file: string): string | undefined {
  const path = file.startsWith("file://") ? decodeURIComponent(file.slice(7)) : file;
  const clean = path.split("?")[0] ?? "";
  return clean.startsWith(`${config.workspace}/`) ? clean.slice(config.workspace.length + 1) : undefined;
}

function authorOf(file: string): Author {
  if (file === "[eval]" || file === "[stdin]" || file === "[eval1]" || config.harness.includes(file))
    return "harness";
  const path = inTree(file);
  if (path === undefined) return "outside";
  const at = path.lastIndexOf("node_modules/");
  if (at >= 0) return runners.test(path.slice(at + 13).replace(/^\.bin\//, "")) ? "runner" : "dependency";
  return config.harness.includes(`${config.workspace}/${path}`) || testPath.test(path) ? "harness" : "source";
}

interface Frame {
  file: string;
  line: number;
}

function stack(): Frame[] {
  // oxlint-disable-next-line typescript/unbound-method
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  Error.prepareStackTrace = (_error, sites) => sites;
  const sites = new Error().stack as unknown as NodeJS.CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  return sites.map((site) => {
    // Code made at run time may call itself what it likes: it is whose made it.
    const origin = site.isEval()
      ? /\(((?:file:\/\/)?\/[^()]*?):\d+:\d+\)/.exec(String(site.getEvalOrigin()))?.[1]
      : undefined;
    return { file: origin ?? site.getFileName() ?? "", line: site.getLineNumber() ?? 0 };
  });
}

/** Code of the tree that is behind the current call, or undefined when a runner or the tests are. */
function blame(): string | undefined {
  for (const { file, line } of stack()) {
    const author = authorOf(file);
    if (author === "runner" || author === "harness") return undefined;
    if (author === "source") return `${inTree(file) ?? file}:${line}`;
  }
  return undefined;
}

/** As `blame`; an exit that no code of any file called was left to a timer or a promise. */
function blameExit(): string | undefined {
  const frames = stack().filter(
    ({ file }) => !file.startsWith(__dirname) && file !== "" && !file.startsWith("node:"),
  );
  const [first, second] = frames;
  if (
    first !== undefined &&
    second !== undefined &&
    authorOf(first.file) === "runner" &&
    authorOf(second.file) === "source"
  )
    // A runner's own process.exit, which says so and passes it on.
    return `${inTree(second.file) ?? ""}:${second.line}`;
  if (frames.length > 0) return blame();
  const main = argv[1] ?? "";
  if (authorOf(main) !== "harness" || main === "") return main === "" ? undefined : "a timer or a promise";
  return readFileSync(main, "utf8").includes("exit") ? undefined : "a timer or a promise";
}

function readerOf(path: string): string | undefined {
  const file = paths.resolve(path);
  if (inTree(file) === undefined || authorOf(file) !== "harness") return undefined;
  const first = stack().find(
    ({ file: by }) => !by.startsWith(__dirname) && by !== "" && !/^node:(?!internal\/modules)/.test(by),
  );
  return first !== undefined && authorOf(first.file) === "source"
    ? `${inTree(first.file) ?? ""}:${first.line}`
    : undefined;
}

/** The file a function was written in, through `bind` and proxies; "" when it is native or cannot be found. */
function writtenIn(subject: unknown): string {
  const inspector = require("node:inspector") as typeof Inspector;
  const session = new inspector.Session();
  const scripts = new Map<string, string>();
  const holder = asOwner(globalThis);
  const key = `houston${String(pid)}`;
  let file = "";
  const look = (objectId: string | undefined, depth: number): void => {
    if (objectId === undefined || depth > 5 || file !== "") return;
    session.post("Runtime.getProperties", { objectId, ownProperties: true }, (failed, found) => {
      if (failed !== null) return;
      for (const { name, value } of found.internalProperties ?? []) {
        if (name === "[[FunctionLocation]]") file = scripts.get(scriptOf(value?.value)) ?? "";
        else if (name === "[[TargetFunction]]" || name === "[[Handler]]") look(value?.objectId, depth + 1);
      }
      // Of a proxy: what its handler does instead.
      if (depth > 0)
        for (const { value } of found.result) if (value?.type === "function") look(value.objectId, depth + 1);
    });
  };
  session.connect();
  try {
    defineProperty(holder, key, { value: subject, configurable: true, enumerable: false });
    session.on("Debugger.scriptParsed", ({ params }) =>
      scripts.set(params.scriptId, params.hasSourceURL === true ? "" : params.url),
    );
    session.post("Debugger.enable");
    session.post("Runtime.evaluate", { expression: key }, (failed, found) => {
      if (failed === null) look(found.result.objectId, 0);
    });
  } finally {
    delete holder[key];
    session.disconnect();
  }
  return file;
}

const scriptOf = (place: unknown): string => String((place as { scriptId?: unknown } | undefined)?.scriptId);

/** Whether code under test wrote it, or nobody can say who did. */
const isSuspect = (subject: unknown): boolean => {
  const file = writtenIn(subject);
  return file === "" || authorOf(file) === "source";
};

module.exports = {
  setTree,
  inTree,
  authorOf,
  blame,
  blameExit,
  readerOf,
  writtenIn,
  isSuspect,
} satisfies Attribution;
