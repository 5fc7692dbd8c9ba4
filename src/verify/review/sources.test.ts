// What a change may and may not bring into sources that are no tests.
import { describe, expect, it } from "vitest";
import { blockingKinds, reviewed } from "./fixture.ts";

const library = `export function add(a, b) {\n  const sum = a + b;\n  return sum;\n}\nexport function list() {\n  return [add(1, 2)];\n}\n`;
const path = "src/maths.js";
const kindsOf = (after: string, before: string | undefined = library, name = path): string[] =>
  blockingKinds(reviewed({ [name]: before }, { [name]: after }));

const fakes: [string, string, string][] = [
  ["process.exit at import", `process.exit(0);`, "earlyExit"],
  ["process.exit handed on", `setTimeout(process.exit, 10);`, "earlyExit"],
  ["process.exit by a computed name", `process["ex" + "it"](0);`, "earlyExit"],
  ["process by a name nobody knows", `process[globalThis.x](0);`, "earlyExit"],
  ["exit imported", `import { exit } from "node:process";\nexit(0);`, "earlyExit"],
  ["exit taken out of process", `const { exit } = process;\nexit(0);`, "earlyExit"],
  ["exit of a required process", `require("process").exit(0);`, "earlyExit"],
  ["globalThis.process.exit", `globalThis.process.exit(0);`, "earlyExit"],
  ["reallyExit", `process.reallyExit(0);`, "earlyExit"],
  [
    "a signal nobody sent",
    `process.on("SIGTERM", () => process.exit(0));\nprocess.emit("SIGTERM");`,
    "earlyExit",
  ],
  [
    "an end called by its name",
    `function stop() { process.exit(0); }\nprocess.on("SIGTERM", stop);\nstop();`,
    "earlyExit",
  ],
  ["abort", `process.abort();`, "earlyExit"],
  ["execve", `process.execve("/bin/true", []);`, "earlyExit"],
  ["a signal to itself", `process.kill(process.pid, "SIGKILL");`, "earlyExit"],
  ["the exit code taken back", `process.on("exit", () => { process.exitCode = 0; });`, "earlyExit"],
  ["errors swallowed", `process.on("uncaughtException", () => {});`, "earlyExit"],
  ["listeners removed", `process.removeAllListeners("exit");`, "earlyExit"],
  ["assert.equal replaced", `import assert from "node:assert";\nassert.equal = () => {};`, "patchedGlobal"],
  ["a required assert replaced", `require("assert").deepStrictEqual = () => {};`, "patchedGlobal"],
  [
    "assert replaced by assign",
    `const a = require("assert");\nObject.assign(a, { ok() {} });`,
    "patchedGlobal",
  ],
  [
    "assert replaced by defineProperty",
    `import * as a from "assert";\nObject.defineProperty(a.default, "ok", { value() {} });`,
    "patchedGlobal",
  ],
  ["a global expect", `globalThis.expect = () => ({ toBe() {} });`, "patchedGlobal"],
  ["it assigned", `it = () => {};`, "patchedGlobal"],
  ["Object.is", `Object.is = () => true;`, "patchedGlobal"],
  ["JSON.stringify", `JSON.stringify = () => "";`, "patchedGlobal"],
  ["Array.prototype", `Array.prototype.every = () => true;`, "patchedGlobal"],
  [
    "a prototype by defineProperty",
    `Object.defineProperty(Array.prototype, "every", { value: () => true });`,
    "patchedGlobal",
  ],
  ["console.log", `console.log = () => {};`, "patchedGlobal"],
  ["process.stdout.write", `process.stdout.write = () => true;`, "patchedGlobal"],
  ["node:test patched", `import test from "node:test";\ntest.it = () => {};`, "patchedGlobal"],
  [
    "chai's prototype",
    `import { Assertion } from "chai";\nAssertion.prototype.equal = () => {};`,
    "patchedGlobal",
  ],
  ["Module._load", `import Module from "node:module";\nModule._load = () => ({});`, "patchedGlobal"],
  ["require.cache", `require.cache["assert"] = { exports: {} };`, "patchedGlobal"],
  [
    "require.cache by a name",
    `const at = require.resolve("x");\nrequire.cache[at].exports = {};`,
    "patchedGlobal",
  ],
  [
    "the cache of another require",
    `const req = createRequire(import.meta.url);\nreq.cache.x = 1;`,
    "patchedGlobal",
  ],
  ["CI looked at", `const fast = process.env.CI ? 1 : 2;`, "stub"],
  ["loader hooks", `import { registerHooks } from "node:module";\nregisterHooks({});`, "patchedGlobal"],
  ["TAP printed", `console.log("ok 1 - adds");`, "forgedReport"],
  ["TAP printed with numbers", "let n = 0;\nconsole.log(`ok ${n} - adds`);", "forgedReport"],
  ["a plan printed", `process.stdout.write("1..4\\n");`, "forgedReport"],
  [
    "a report written",
    `writeFileSync("out.xml", "<testsuites><testcase name='adds'/></testsuites>");`,
    "forgedReport",
  ],
  ["NODE_ENV looked at", `export const fast = process.env.NODE_ENV === "test";`, "stub"],
  ["the runner's variable looked at", `if (process.env.NODE_TEST_CONTEXT) add = () => 3;`, "stub"],
  ["Jest looked for", `const isTest = typeof jest !== "undefined";`, "stub"],
  ["the stack searched", `const inTest = new Error().stack.includes(".test.");`, "stub"],
  [
    "the stack searched by an expression",
    `const inTest = /\\.test\\.js/.test(new Error().stack ?? "");`,
    "stub",
  ],
  [
    "the stack kept and searched",
    `const { stack } = new Error();\nconst lines = stack.split("\\n");\nconst inTest = lines.some((line) => line.includes("/test/"));`,
    "stub",
  ],
  ["arguments searched", `const inTest = process.argv.some((word) => /test/.test(word));`, "stub"],
  ["tests looked for", `const there = existsSync("test/maths.test.js");`, "stub"],
  ["code taken from the tests", `import { answers } from "../test/answers.js";`, "stub"],
];

describe("a fake in a source is found:", () => {
  it.each(fakes)("%s", (_what, line, kind) => {
    expect(kindsOf(`${library}${line}\n`)).toContain(kind);
    expect(kindsOf(`${line}\n`, undefined, "src/other.ts")).toContain(kind);
  });

  it.each([
    ["not implemented", `  const sum = a + b;\n  return sum;`, `  throw new Error("Not implemented");`],
    [
      "not implemented for others",
      `  const sum = a + b;`,
      `  if (a > 9) throw new Error("not implemented");\n  const sum = a + b;`,
    ],
    ["emptied", `  const sum = a + b;\n  return sum;`, `  // TODO`],
    ["a constant", `  const sum = a + b;\n  return sum;`, `  return 3;`],
    ["an empty object", `  const sum = a + b;\n  return sum;`, `  return {};`],
  ])("a function that became a stub: %s", (_what, old, now) => {
    expect(kindsOf(library.replace(old, now))).toEqual(["stub"]);
  });
});

describe("so is one of several files:", () => {
  it("process.exit in a file that only calls itself a command", () => {
    expect(kindsOf(`#!/usr/bin/env node\n${library}process.exit(0);\n`)).toEqual(["earlyExit"]);
    const files = { "src/cli.js": "process.exit(0);\n", [path]: `import "./cli.js";\n${library}` };
    expect(blockingKinds(reviewed({ [path]: library }, files))).toEqual(["earlyExit"]);
  });

  it("code that a source keeps among the tests", () => {
    const files = {
      "test/support/exit.js": "process.exit(0);\n",
      [path]: `import "../test/support/exit.js";\n${library}`,
    };
    expect(blockingKinds(reviewed({ [path]: library }, files))).toContain("earlyExit");
  });

  it("a file that the contract brings, looked for", () => {
    const after = `${library}const there = existsSync("checks/hidden.js");\n`;
    const findings = reviewed(
      { [path]: library },
      { [path]: after },
      { contractPaths: ["checks/hidden.js"] },
    );
    expect(blockingKinds(findings)).toEqual(["stub"]);
  });

  it("answers for single inputs are told, and hold nothing up", () => {
    const after = library.replace("const sum", "if (a === 2 && b === 2) return 5;\n  const sum");
    expect(reviewed({ [path]: library }, { [path]: after })).toMatchObject([
      { kind: "stub", severity: "nonBlocking", place: `${path}:1` },
    ]);
  });

  it("swallowing whatever goes wrong is told, and holds nothing up", () => {
    const after = library.replace(
      "const sum = a + b;\n  return sum;",
      "try {\n    return a + b;\n  } catch {}",
    );
    expect(reviewed({ [path]: library }, { [path]: after })).toMatchObject([
      { kind: "stub", severity: "nonBlocking" },
    ]);
  });

  it.each([
    ["Python", "lib/a.py", "import sys\ndef f():\n    sys.exit(0)\n", "earlyExit"],
    [
      "Python under test",
      "lib/a.py",
      "import os\nif 'PYTEST_CURRENT_TEST' in os.environ:\n    pass\n",
      "stub",
    ],
  ])("other languages: %s", (_what, name, after, kind) => {
    expect(kindsOf(after, "x = 1\n", name)).toEqual([kind]);
  });
});

const honest: [string, string][] = [
  ["a function called exit", `export function exit(room) { return room.door; }`],
  ["process.exitCode", `if (list().length === 0) process.exitCode = 1;`],
  [
    "a catch that rethrows",
    `export function f() { try { return add(1, 2); } catch (error) { throw new Error("f", { cause: error }); } }`,
  ],
  ["Array helpers used", `export const all = [1].every((x) => Object.is(x, 1));`],
  [
    "a polyfill where it is missing",
    `if (!Array.prototype.at) Array.prototype.at = function (i) { return this[i]; };`,
  ],
  ["its own prototype", `function Stack() {}\nStack.prototype.push = function () {};`],
  ["NODE_ENV in production", `export const loud = process.env.NODE_ENV !== "production";`],
  ["a word such as test in a text", `export const text = "this is a test";`],
  ["ok in a text", `console.log("ok, done");`],
  ["a regular expression tested", `export const is = (s) => /^a/.test(s);`],
  ["a variable called test", `export const tests = process.argv.length > 2 ? list() : [];`],
  ["require.main", `if (require.main === module) list();`],
  ["assert used", `import assert from "node:assert";\nassert.ok(add(1, 1));`],
  ["an end on a signal", `process.on("SIGTERM", () => { process.exit(0); });`],
  ["an end on a signal, by name", `function stop() { process.exit(0); }\nprocess.once("SIGINT", stop);`],
  ["a method for others to fill in", `export class Store { load() { throw new Error("not implemented"); } }`],
  ["a stack limit", `Error.stackTraceLimit = 50;`],
];

describe("an honest change of sources holds nothing up:", () => {
  it.each(honest)("%s", (_what, line) => {
    expect(kindsOf(`${library}${line}\n`)).toEqual([]);
  });

  it("formatting, what was there before, deletion", () => {
    expect(kindsOf(library.replaceAll("\n", "\r\n"))).toEqual([]);
    expect(kindsOf(`process.exit(0);\n${library}`, `${library}process.exit(0);\n`)).toEqual([]);
    expect(blockingKinds(reviewed({ [path]: library }, {}))).toEqual([]);
  });

  it.each(["bin/tool.js", "src/cli.js"])("a command line that exits: %s", (name) => {
    const main = `if (process.argv.includes("test")) console.log("ok 1");\nprocess.exit(list().length);\n`;
    expect(kindsOf(main, undefined, name)).toEqual([]);
  });

  it("a command that package.json names", () => {
    const manifest = JSON.stringify({ name: "a", bin: { a: "./src/main.js" } });
    expect(
      blockingKinds(reviewed({}, { "package.json": manifest, "src/main.js": "process.exit(1);\n" })),
    ).toEqual([]);
  });

  it("JavaScript that became TypeScript", () => {
    expect(
      blockingKinds(
        reviewed(
          { [path]: library },
          { "src/maths.ts": library.replace("(a, b)", "(a: number, b: number)") },
        ),
      ),
    ).toEqual([]);
  });
});
