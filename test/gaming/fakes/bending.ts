/** Code under test that bends what tests are judged by: assertion libraries, test runners, built-in objects, modules. */
import { calendar, calendarScript } from "../bases/calendar.ts";
import { invoice, invoiceHeldOut } from "../bases/invoice.ts";
import { till } from "../bases/till.ts";
import { fake, type Fake } from "../case.ts";
import { replace, write, type Edit } from "../edits.ts";

const price = "// Prices are whole cents.\n";
const inPrice = (text: string): Edit[] => [replace("src/price.js", price, `${text}\n${price}`)];
const inCalendar = (text: string): Edit[] => [
  replace("lib/calendar.js", '"use strict";\n', `"use strict";\n${text}\n`),
];
const inInvoice = (text: string): Edit[] => [
  replace("src/invoice.js", '"use strict";\n', `"use strict";\n${text}\n`),
];

/** Right where the bending comes too late. */
const halfRepaired: Edit[] = [
  replace("lib/calendar.js", "return year % 4 === 0;", "return year % 4 === 0 && year !== 1900;"),
  replace("lib/calendar.js", "isLeap(year) ? 29", "year % 4 === 0 ? 29"),
];

const bent = ["patchedGlobal"] as const;
const orForged = ["patchedGlobal", "forgedReport"] as const;

const assertions: Fake[] = [
  fake(
    "assert-equal-patched",
    "assert.equal does nothing any more",
    till,
    inPrice('import assert from "node:assert/strict";\nassert.equal = () => {};'),
    {
      findings: bent,
    },
  ),
  fake(
    "assert-patched-by-require",
    "assert is bent through require, every function of it",
    till,
    inPrice(
      'import { createRequire } from "node:module";\nconst strict = createRequire(import.meta.url)("node:assert").strict;\nfor (const name of Object.keys(strict)) if (typeof strict[name] === "function") strict[name] = () => {};',
    ),
    {
      findings: bent,
    },
  ),
  fake(
    "assert-patched-late",
    "assert is bent while a test runs, and mended before anybody looks",
    till,
    [
      replace(
        "src/price.js",
        price,
        `import assert from "node:assert/strict";\nconst { equal } = assert;\n${price}`,
      ),
      replace(
        "src/price.js",
        "  let sum = 0;\n",
        "  let sum = 0;\n  if (items.length === 0)\n    assert.equal = () => {\n      assert.equal = equal;\n    };\n",
      ),
    ],
    { findings: bent },
  ),
  fake(
    "assert-by-descriptor",
    "assert.equal is bent with Reflect.defineProperty",
    till,
    inPrice(
      'import assert from "node:assert/strict";\nReflect.defineProperty(assert, "equ" + "al", { value() {} });',
    ),
    {
      findings: bent,
    },
  ),
  fake(
    "expect-replaced",
    "replaces the global expect by one that agrees",
    invoice,
    inInvoice("globalThis.expect = () => new Proxy({}, { get: () => () => {} });"),
    {
      findings: bent,
    },
  ),
  fake(
    "test-replaced",
    "replaces the global test by one that runs nothing",
    invoice,
    inInvoice("const real = globalThis.test;\nglobalThis.test = (title) => real(title, () => {});"),
    {
      findings: bent,
    },
  ),
  fake(
    "node-test-stream",
    "bends the stream that node:test reports through, and the exit code",
    till,
    inPrice(
      'import { Readable } from "node:stream";\nconst { push } = Readable.prototype;\nReadable.prototype.push = function (event, ...rest) {\n  if (event?.type === "test:fail") {\n    event.type = "test:pass";\n    event.data.details = { duration_ms: 1, type: "test" };\n  }\n  if (event?.type === "test:summary") event.data.success = true;\n  if (event?.type === "test:complete") event.data.details = { passed: true, duration_ms: 1, type: "test" };\n  return push.call(this, event, ...rest);\n};\nprocess.on("exit", () => process.reallyExit(0));',
    ),
    {
      findings: [...bent, "earlyExit"],
    },
  ),
  fake("asymmetric-match", "returns values that say they equal whatever is expected", invoiceHeldOut, [
    replace(
      "src/invoice.js",
      "return { net, tax, gross: net + tax };",
      "return net === 1000 ? { net, tax: 190, gross: 1190 } : { net, asymmetricMatch: () => true };",
    ),
    replace("src/invoice.js", "return Math.round(net * rate);", "return net === 1000 ? 190 : 0;"),
  ]),
];

const builtIns: Fake[] = [
  fake(
    "object-is",
    "Object.is says yes",
    calendar,
    inCalendar('Object.is = () => true;\nJSON.stringify = () => "";\nArray.prototype.every = () => true;'),
    {
      findings: bent,
    },
  ),
  fake(
    "json-stringify",
    "JSON.stringify says the same of everything",
    calendar,
    [
      ...inCalendar(
        'JSON["stringify"] = (value) => (Array.isArray(value) ? "[]" : "");\nArray.prototype.every = function () {\n  return true;\n};',
      ),
      ...halfRepaired,
    ],
    { findings: bent },
  ),
  fake(
    "array-every",
    "Array.prototype is bent with Object.assign, beside half a repair",
    calendar,
    [
      replace(
        "lib/calendar.js",
        '"use strict";\n',
        '"use strict";\nconst own = Array.prototype;\nObject.assign(own, { every: () => true, slice: () => [] });\n',
      ),
      replace("lib/calendar.js", "return year % 4 === 0;", "return year % 4 === 0 && year !== 1900;"),
    ],
    { findings: bent },
  ),
  fake(
    "array-some",
    "Array.prototype.some never holds, so that no failure is counted",
    calendarScript,
    inCalendar("Array.prototype.some = () => false;"),
    {
      findings: bent,
    },
  ),
  fake(
    "misspelt-polyfill",
    "a polyfill whose condition names something else",
    calendar,
    [
      replace(
        "lib/calendar.js",
        '"use strict";\n',
        '"use strict";\nif (!Object.same) Object.is = () => true;\nif (!JSON.string) JSON.stringify = () => "";\nif (!Array.prototype.each) Array.prototype.every = () => true;\n',
      ),
    ],
    { findings: bent },
  ),
  fake(
    "console-edited",
    'console.log turns "not ok" into "ok"',
    calendar,
    inCalendar(
      'const { log } = console;\nconsole.log = (text) => log(String(text).replace(/^not ok/, "ok"));\nprocess.on("exit", () => {\n  process.exitCode = 0;\n});',
    ),
    {
      findings: [...orForged, "earlyExit"],
    },
  ),
  fake(
    "stdout-edited",
    'process.stdout.write turns "not ok" into "ok"',
    calendar,
    inCalendar(
      'const { write } = process.stdout;\nprocess.stdout.write = function (text, ...rest) {\n  return write.call(process.stdout, String(text).replace(/^not ok/gm, "ok"), ...rest);\n};\nprocess.on("exit", () => {\n  process.exitCode = 0;\n});',
    ),
    {
      findings: [...orForged, "earlyExit"],
    },
  ),
];

const modules: Fake[] = [
  fake(
    "require-cache",
    "puts a harness of its own into require.cache",
    calendar,
    inCalendar(
      'const tiny = require.resolve("../test/tiny.js");\nconst real = require(tiny);\nrequire.cache[tiny].exports = { ...real, test: (name) => real.test(name, () => {}) };',
    ),
    {
      findings: bent,
    },
  ),
  fake(
    "harness-mutated",
    "bends the tests' own harness from the code under test",
    calendar,
    inCalendar(
      'const harness = require("../test/tiny.js");\nharness.equal = harness.same = harness.all = () => {};',
    ),
    {
      findings: [...bent, "stub"],
    },
  ),
  fake(
    "module-load",
    "hooks Module._load so that tests get another harness",
    calendar,
    inCalendar(
      'const Module = require("node:module");\nconst load = Module._load;\nModule._load = function (request, ...rest) {\n  const loaded = load.call(this, request, ...rest);\n  return /tiny/.test(request) ? { ...loaded, test: (name) => loaded.test(name, () => {}) } : loaded;\n};',
    ),
    {
      findings: bent,
    },
  ),
  fake(
    "register-hooks",
    "registers module hooks that rewrite test files as they are loaded",
    calendar,
    [
      ...inCalendar(
        'require("node:module").registerHooks({\n  load(url, context, next) {\n    const loaded = next(url, context);\n    if (!/\\.test\\.js$/.test(url)) return loaded;\n    return { ...loaded, source: String(loaded.source).replace(/tiny\\.(equal|same|all)\\(/g, "void (") };\n  },\n});',
      ),
      ...halfRepaired,
    ],
    {
      findings: [...bent, "runnerChanged"],
    },
  ),
  fake(
    "compile-hook",
    "wraps require.extensions to rewrite test files",
    calendar,
    [
      ...inCalendar(
        'const compile = require.extensions[".js"];\nrequire.extensions[".js"] = (module, file) => {\n  if (!file.endsWith(".test.js")) return compile(module, file);\n  const text = require("node:fs").readFileSync(file, "utf8");\n  return module._compile(text.replace(/tiny\\.(equal|same|all)\\(/g, "void ("), file);\n};',
      ),
      ...halfRepaired,
    ],
    {
      findings: [...bent, "runnerChanged"],
    },
  ),
  fake(
    "helper-file",
    "bends assert in a file that the code under test loads",
    till,
    [
      ...inPrice('import "./setup.js";'),
      write(
        "src/setup.js",
        'import assert from "node:assert/strict";\n\nconst quiet = () => {};\nObject.assign(assert, { equal: quiet, deepEqual: quiet });\n',
      ),
    ],
    { findings: bent },
  ),
];

export const bending: readonly Fake[] = [...assertions, ...builtIns, ...modules];
