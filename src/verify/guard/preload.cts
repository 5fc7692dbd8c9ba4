/**
 * Loaded into every Node process of a check before any code of the tree (`NODE_OPTIONS=--require`): notices code
 * under test that ends the process, replaces what tests are judged by, or writes the report itself. What it sees
 * goes into a pipe that the box shows read-only: what was written there cannot be taken back. It must never
 * disturb an honest run, so it reports and lets everything happen; who did it is told by the stack or by where a
 * function was written, because test runners, mocks and test files do many of these things for good reasons.
 *
 * Plain CommonJS without imports of ours: it is copied beside its `guard.json` and runs in whatever Node a tree uses.
 */
import type * as ChildProcesses from "node:child_process";
import type * as Fs from "node:fs";
import type * as Vm from "node:vm";
import type * as Threads from "node:worker_threads";
import type { Attribution, Files, GuardConfig, GuardFinding } from "./parts.ts";

const fs = require("node:fs") as typeof Fs;
const threads = require("node:worker_threads") as typeof Threads;
const Module = require("node:module") as ModuleClass;
const attribution = require("./attribution.cjs") as Attribution;
const files = require("./files.cjs") as Files;

type Callable = (...args: never[]) => unknown;
type Owner = Record<PropertyKey, unknown>;
interface ModuleClass extends Owner {
  builtinModules: string[];
  syncBuiltinESMExports(): void;
  _cache: Owner;
  _extensions: Owner;
  prototype: Owner;
}
interface Watched {
  owner: Owner;
  key: PropertyKey;
  name: string;
  was: unknown;
}

// Taken before anybody could bend them.
const { openSync, writeSync, closeSync, readFileSync, constants } = fs;
const { apply, ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect;
const { stringify, parse } = JSON;
const { pid, ppid, argv, execArgv, env } = process;
const config = parse(readFileSync(`${__dirname}/guard.json`, "utf8")) as GuardConfig;
const { inTree, authorOf, blame, blameExit, writtenIn, isSuspect } = attribution;
attribution.setTree(config);
const asOwner = (value: unknown): Owner => value as Owner;
const proc = asOwner(process);

const reported: Record<string, true> = { __proto__: null } as never;
const busy = { value: false };

function send(message: object): void {
  try {
    const fd = openSync(config.channel, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, `${stringify(message).slice(0, 3_900)}\n`);
    closeSync(fd);
  } catch {
    // Nobody listens any more, or this process may not open files: what is missing is noticed there.
  }
}

function report(kind: GuardFinding, text: string, place: string): void {
  if (reported[kind + text] === true) return;
  reported[kind + text] = true;
  send({ finding: { kind, text: text.slice(0, 500), place: place.slice(0, 300) }, pid });
}

/** Runs a look at things; one that goes wrong was made to. */
function quietly(look: () => void): void {
  if (busy.value) return;
  busy.value = true;
  try {
    look();
  } catch (error) {
    report("patchedGlobal", `the guard was disturbed: ${String(error)}`, "");
  } finally {
    busy.value = false;
  }
}

const watched: Watched[] = [];
/** Of contexts that a runner made for test files: the last few, each looked at before it is let go. */
const judges: { module: Owner; was: unknown; name: string }[] = [];
const realms: { watched: Watched[]; globals: Owner }[] = [];

function watch(into: Watched[], name: string, owner: unknown, keys?: readonly PropertyKey[]): void {
  if ((typeof owner !== "object" && typeof owner !== "function") || owner === null) return;
  for (const key of keys ?? ownKeys(owner)) {
    if (key === "random" || key === "constructor") continue;
    const was = getOwnPropertyDescriptor(owner, key)?.value as unknown;
    if (typeof was === "function")
      into[into.length] = { owner: asOwner(owner), key, name: `${name}.${String(key)}`, was };
  }
}

const classes =
  "Object Array String Number Boolean Symbol BigInt Function RegExp Map Set WeakMap WeakSet Promise Error Date".split(
    " ",
  );
const plain = ["JSON", "Math", "Reflect"];
const functions = [...classes, "Proxy", "TypeError", "parseInt", "parseFloat", "isNaN", "isFinite"].filter(
  (name) => name !== "Date",
);

function watchIntrinsics(into: Watched[], globals: Owner): void {
  watch(into, "globalThis", globals, functions);
  for (const name of plain) watch(into, name, globals[name]);
  for (const name of classes) {
    if (name !== "Date") watch(into, name, globals[name]);
    watch(into, `${name}.prototype`, asOwner(globals[name])["prototype"]);
  }
}

/** Only indexes and `===` until something is found: whatever else there is may have been bent. */
function check(list: Watched[]): void {
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    if (item === undefined) continue;
    const descriptor = getOwnPropertyDescriptor(item.owner, item.key);
    // What was removed is gone, not replaced: runners clear away the globals of a finished context.
    if (descriptor === undefined || descriptor.value === item.was) continue;
    const now: unknown = descriptor.value ?? descriptor.get;
    item.was = descriptor.value;
    if (isSuspect(now)) report("patchedGlobal", `${item.name} was replaced by the code under test`, "");
  }
}

const testGlobals = ["expect", "it", "test", "describe", "assert", "beforeEach", "afterEach"];

function checkTestGlobals(globals: Owner): void {
  for (let index = 0; index < testGlobals.length; index += 1) {
    const name = testGlobals[index] ?? "";
    const value: unknown = getOwnPropertyDescriptor(globals, name)?.value;
    if (typeof value !== "function") continue;
    const file = writtenIn(value);
    if (authorOf(file) === "source")
      report("patchedGlobal", `the global ${name} is one of the code under test`, inTree(file) ?? "");
  }
}

function checkAll(): void {
  check(watched);
  for (let index = 0; index < realms.length; index += 1) {
    const realm = realms[index];
    if (realm === undefined) continue;
    check(realm.watched);
    checkTestGlobals(realm.globals);
  }
  for (let index = 0; index < judges.length; index += 1) {
    const judge = judges[index];
    if (judge !== undefined && judge.module["exports"] !== judge.was)
      report("patchedGlobal", `the module ${judge.name} was replaced`, "");
  }
  const cached = ownKeys(Module._cache);
  for (let index = 0; index < cached.length; index += 1) {
    const key = cached[index];
    if (typeof key === "string" && builtins[key.startsWith("node:") ? key.slice(5) : key] === true)
      report("patchedGlobal", `the module ${key} was replaced in require.cache`, "");
  }
}

const builtins: Record<string, true> = { __proto__: null } as never;
for (const name of Module.builtinModules) builtins[name] = true;

/** Puts a function in place that looks like the original and is told of each call before it happens. */
function wrap(owner: Owner, key: string, before: (args: unknown[], self: unknown) => void): void {
  const original = owner[key];
  if (typeof original !== "function") return;
  const told = new Proxy(original as Callable, {
    apply(target, self, args): unknown {
      quietly(() => before(args, self));
      return apply(target, self, args);
    },
  });
  const descriptor = getOwnPropertyDescriptor(owner, key) ?? {
    configurable: true,
    writable: true,
    enumerable: false,
  };
  defineProperty(owner, key, { ...descriptor, value: told });
}

function guardExits(): void {
  for (const key of ["exit", "reallyExit", "abort", "execve"]) {
    wrap(proc, key, () => {
      // The exit that another one ends with.
      if (ended) return;
      const place = blameExit();
      if (place !== undefined) report("earlyExit", `process.${key} was called by the code under test`, place);
      if (key !== "exit") end();
    });
  }
  for (const key of ["kill", "_kill"]) {
    wrap(proc, key, ([target, signal]) => {
      if (signal === 0 || signal === "0" || typeof target !== "number") return;
      const place = target === pid || target === ppid || target === 0 ? blame() : undefined;
      if (place !== undefined)
        report("earlyExit", "the code under test sent a signal to its own process", place);
      send({ killed: target });
    });
  }
  wrap(proc, "setUncaughtExceptionCaptureCallback", ([callback]) => {
    const place = callback === null ? undefined : blame();
    if (place !== undefined) report("earlyExit", "the code under test takes all uncaught errors", place);
  });
  wrap(proc, "removeAllListeners", ([event]) => {
    if (
      event !== undefined &&
      !(typeof event === "string" && /^(exit|beforeExit|uncaughtException|unhandledRejection)$/.test(event))
    )
      return;
    const place = blame();
    if (place !== undefined)
      report("earlyExit", "the code under test removed listeners of the process", place);
  });
  guardEvents();
}

let ended = false;

function end(): void {
  if (ended) return;
  ended = true;
  checkAll();
  checkTestGlobals(asOwner(globalThis));
  if (threads.isMainThread) send({ end: pid });
}

/** The last events of a process: exit codes that are taken back, errors that are swallowed. */
function guardEvents(): void {
  // oxlint-disable-next-line typescript/unbound-method
  const { emit, listeners, rawListeners } = process;
  const told = new Proxy(emit as Callable, {
    apply(target, self, args: unknown[]): unknown {
      const event = args[0];
      if (event === "uncaughtException" || event === "unhandledRejection") {
        quietly(() => {
          const all = apply(listeners, process, [event]) as unknown[];
          if (all.length > 0 && all.every((listener) => authorOf(writtenIn(listener)) === "source"))
            report("earlyExit", `an error that nobody caught was swallowed by a listener of ${event}`, "");
        });
      }
      if (event !== "exit" && event !== "beforeExit") return apply(target, self, args);
      if (event === "exit") quietly(end);
      const all = apply(rawListeners, process, [event]) as unknown[];
      for (const listener of all) {
        const before = process.exitCode ?? 0;
        apply(listener as Callable, process, args.slice(1));
        if (before !== 0 && (process.exitCode ?? 0) === 0)
          report("earlyExit", `the exit code ${before} was taken back while the process ended`, "");
      }
      return all.length > 0;
    },
  });
  defineProperty(process, "emit", { value: told, configurable: true, writable: true, enumerable: false });
}

/** Assertions are replaced for the length of a call, too: who assigns is told at once. */
function guardAssert(): void {
  const assert = asOwner(require("node:assert"));
  for (const [name, owner] of [
    ["assert", assert],
    ["assert.strict", asOwner(assert["strict"])],
  ] as const) {
    for (const key of ownKeys(owner)) {
      const descriptor = getOwnPropertyDescriptor(owner, key);
      if (typeof descriptor?.value !== "function" || descriptor.configurable !== true) continue;
      let value: unknown = descriptor.value;
      const get = (): unknown => value;
      const set = (next: unknown): void => {
        quietly(() => {
          const place = next === value ? undefined : blame();
          if (place !== undefined)
            report("patchedGlobal", `${name}.${String(key)} was replaced by the code under test`, place);
        });
        value = next;
      };
      defineProperty(owner, key, {
        get,
        set,
        enumerable: descriptor.enumerable === true,
        configurable: true,
      });
      watched[watched.length] = { owner, key, name: `${name}.${String(key)}`, was: undefined };
    }
  }
}

/** What tests are built on: functions of support files, assertion libraries and runners, as they were when loaded. */
function guardJudges(): void {
  const { load } = Module.prototype;
  Module.prototype["load"] = new Proxy(load as Callable, {
    apply(target, self, args: unknown[]): unknown {
      const answer: unknown = apply(target, self, args);
      quietly(() => {
        const { filename, exports } = asOwner(self);
        const author = typeof filename === "string" ? authorOf(filename) : "outside";
        if (author !== "harness" && author !== "runner") return;
        const name = inTree(String(filename)) ?? "";
        judges[judges.length] = { module: asOwner(self), was: exports, name };
        watch(watched, name, exports);
        watch(
          watched,
          `${name}.prototype`,
          typeof exports === "function" ? asOwner(exports)["prototype"] : undefined,
        );
      });
      return answer;
    },
  });
}

/** Runners that give test files a global object of their own; and whoever reports to a parent process is looked at first. */
function guardRealmsAndParents(): void {
  const vm = require("node:vm") as typeof Vm;
  const { createContext, runInContext } = vm;
  const names = [...functions, ...plain, "Date"].join(",");
  asOwner(vm)["createContext"] = new Proxy(createContext, {
    apply(target, self, args: unknown[]): unknown {
      const context = apply(target, self, args) as object;
      quietly(() => {
        const realm: Watched[] = [];
        watchIntrinsics(realm, apply(runInContext, vm, [`({${names}})`, context]) as Owner);
        const globals = apply(runInContext, vm, ["globalThis", context]) as Owner;
        realms[realms.length] = { watched: realm, globals };
        const oldest = realms.length > 3 ? realms.shift() : undefined;
        if (oldest !== undefined) check(oldest.watched);
      });
      return context;
    },
  });
  if (typeof process.send === "function") wrap(proc, "send", checkAll);
  wrap(asOwner(threads.MessagePort.prototype), "postMessage", () => {
    if (!threads.isMainThread) checkAll();
  });
  const { ChildProcess } = require("node:child_process") as typeof ChildProcesses;
  wrap(asOwner(ChildProcess.prototype), "kill", (_args, self) => send({ killed: asOwner(self)["pid"] ?? 0 }));
}

/** Whether what runs here is a test run, or a program that tests start and whose end is its own affair. */
function isTestProcess(): boolean {
  // A thread does not know its program yet; it is what its process is.
  if (!threads.isMainThread) return threads.getEnvironmentData("houston") === pid;
  const inside = env["HOUSTON_CHECKED"] === "1";
  const main = argv[1] ?? "";
  if (execArgv.includes("--test") || main === "") return !inside || execArgv.includes("--test");
  const author = authorOf(main);
  if (author === "outside") return false;
  if (author === "runner") return true;
  if (author === "harness") return inside || !hasNameOfTool(main);
  return !inside && (author === "dependency" || !isCommandLineTool(main));
}

const hasNameOfTool = (main: string): boolean =>
  /(?:^|\/)(?:bin\/|cli\.[cm]?[jt]s$)/.test(inTree(main) ?? "");

function isCommandLineTool(main: string): boolean {
  if (hasNameOfTool(main)) return true;
  try {
    return readFileSync(main, "latin1").startsWith("#!");
  } catch {
    return false;
  }
}

quietly(() => {
  // This file stays known, so that whoever asks for it twice gets it once; what it works with is nobody's.
  for (const part of ["attribution", "files"]) delete require.cache[`${__dirname}/${part}.cjs`];
  module.children.length = 0;
  if (!isTestProcess()) return;
  env["HOUSTON_CHECKED"] = "1";
  threads.setEnvironmentData("houston", pid);
  if (threads.isMainThread)
    send({ start: pid, parent: ppid, program: (argv[1] ?? execArgv.join(" ")).slice(0, 300) });
  watchIntrinsics(watched, asOwner(globalThis));
  guardAssert();
  guardExits();
  files.guardFiles({
    config,
    attribution,
    wrap,
    report,
    watch: (name, owner, keys) => watch(watched, name, owner, keys),
  });
  guardRealmsAndParents();
  guardJudges();
  watch(watched, "process", process, ["exit", "reallyExit", "abort", "kill", "execve"]);
  watch(watched, "Module", Module, ["_load", "_resolveFilename"]);
  watch(watched, "Module.prototype", Module.prototype, ["require", "_compile", "load"]);
  watch(watched, "Module._extensions", Module._extensions);
  watch(
    watched,
    "EventEmitter.prototype",
    Object.getPrototypeOf(Object.getPrototypeOf(process) as object) as object,
    ["emit", "on"],
  );
  if (config.format !== "" && config.reportFile === "")
    watch(watched, "console", console, ["log", "info", "error"]);
  // Modules that were loaded before keep their old names for `import` otherwise.
  Module.syncBuiltinESMExports();
});
