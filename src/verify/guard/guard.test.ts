// What code under test does to the process that judges it, in real boxes: found, and honest runs left alone.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../app/systemClock.ts";
import type { Check } from "../../protocol/contract.ts";
import { createBubblewrap } from "../../sandbox/bubblewrap.ts";
import { makeTree, type TreeFixture } from "../judge/fixture.ts";

const box = createBubblewrap({ graceMs: 300 });
let tree: TreeFixture;

beforeEach(async () => {
  tree = await makeTree(box, systemClock);
});
afterEach(async () => {
  await tree.remove();
});

/** A script that asserts and has nothing but its exit code to say so. */
const plain: Check = { kind: "command", command: ["node", "check.cjs"], exitCode: 0, timeoutMs: 15_000 };
const checkFile = `const assert = require("node:assert");
const add = require("./src/add.cjs");
Promise.resolve().then(() => { assert.equal(add(1, 2), 3); });
`;
const tests = (more: Partial<Extract<Check, { kind: "tests" }>> = {}): Check => ({
  kind: "tests",
  command: ["node", "--test", "--test-reporter=tap"],
  report: { format: "tap", from: "stdout" },
  expect: ["adds"],
  timeoutMs: 15_000,
  ...more,
});
const testFile = `const assert = require("node:assert");
const test = require("node:test");
const add = require("../src/add.cjs");
test("adds", () => { assert.equal(add(1, 2), 3); });
`;
const right = "module.exports = (a, b) => a + b;\n";
const wrong = "module.exports = () => 0;\n";

const endings: [string, string, string][] = [
  ["process.exit at import", `process.exit(0);`, "earlyExit"],
  ["process.exit by another name", `const end = process["ex" + "it"]; end.call(process, 0);`, "earlyExit"],
  [
    "process.exit in a timer",
    `setTimeout(process.exit, 0, 0);\nprocess.on("uncaughtException", () => {});`,
    "earlyExit",
  ],
  [
    "process.exit in code made at run time",
    `new Function("process", "process.exit(0)\\n//# sourceURL=" + __dirname + "/../test/a.test.js")(process);`,
    "earlyExit",
  ],
  [
    "process.exit in another context",
    `require("node:vm").runInNewContext("end()", { end: () => process.exit(0) });`,
    "earlyExit",
  ],
  ["reallyExit", `process.reallyExit(0);`, "earlyExit"],
  ["another program in its place", `process.execve("/bin/true", ["true"], {});`, "earlyExit"],
  ["the exit code taken back", `process.on("exit", () => { process.exitCode = 0; });`, "earlyExit"],
  [
    "all errors swallowed",
    `process.on("uncaughtException", () => {});\nprocess.on("unhandledRejection", () => {});`,
    "earlyExit",
  ],
  ["all errors captured", `process.setUncaughtExceptionCaptureCallback(() => {});`, "earlyExit"],
  ["assert.equal replaced", `require("node:assert").equal = () => {};`, "patchedGlobal"],
  [
    "assert.equal redefined",
    `Object.defineProperty(require("assert"), "equal", { value: () => {} });`,
    "patchedGlobal",
  ],
  [
    "assert.equal replaced for a moment",
    `const a = require("assert"); const was = a.equal; a.equal = () => { a.equal = was; };`,
    "patchedGlobal",
  ],
  [
    "another assert in the cache",
    `require.cache.assert = { id: "assert", loaded: true, exports: { equal() {} } };`,
    "patchedGlobal",
  ],
  [
    "modules loaded another way",
    `const M = require("module"); const was = M._load; M._load = function (name, ...rest) { return name === "node:assert" ? { equal() {} } : was.call(this, name, ...rest); };`,
    "patchedGlobal",
  ],
  ["promises that never fail", `Promise.prototype.then = function () { return this; };`, "patchedGlobal"],
  ["native functions in place of others", `Object.is = Boolean.bind(null, true);`, "patchedGlobal"],
];

test.each(endings)("%s is found", async (_what, code, kind) => {
  await tree.write({
    "check.cjs": checkFile.replace("const assert", `require("./src/add.cjs");\nconst assert`),
    "src/add.cjs": `${wrong}${code}\n`,
  });
  const judgement = await tree.judge(plain);
  expect(judgement).toMatchObject({ value: "failed" });
  expect(judgement.findings?.map((finding) => finding.kind)).toContain(kind);
  expect(judgement.findings?.every(({ severity }) => severity === "blocking")).toBe(true);
});

describe("the same code", () => {
  test("is seen in tests that run in processes of their own, with its place", async () => {
    await tree.write({ "test/add.test.cjs": testFile, "src/add.cjs": `${wrong}process.exit(0);\n` });
    expect(await tree.judge(tests())).toMatchObject({
      value: "failed",
      findings: [{ kind: "earlyExit", place: "src/add.cjs:2" }],
    });
  });

  test("is seen in worker threads", async () => {
    const run = `const { Worker } = require("node:worker_threads");
new Worker("require('./src/add.cjs'); require('node:worker_threads').parentPort.postMessage(1)", { eval: true });\n`;
    await tree.write({ "check.cjs": run, "src/add.cjs": `${right}Object.is = () => true;\n` });
    expect(await tree.judge(plain)).toMatchObject({ value: "failed", findings: [{ kind: "patchedGlobal" }] });
  });

  test("is seen through a script of the package", async () => {
    const manifest = JSON.stringify({ scripts: { test: "node check.cjs" } });
    await tree.write({
      "package.json": manifest,
      "check.cjs": checkFile,
      "src/add.cjs": `${wrong}process.exit(0);\n`,
    });
    const npm: Check = { ...plain, command: ["sh", "-c", "npm test"] };
    expect(await tree.judge(npm)).toMatchObject({ value: "failed", findings: [{ kind: "earlyExit" }] });
  });

  test("cannot write the report itself, on standard output or in its file", async () => {
    const forged = "TAP version 13\\nok 1 - adds\\n1..1\\n";
    await tree.write({
      "check.cjs": checkFile,
      "src/add.cjs": `${right}require("fs").writeSync(1, "${forged}");\n`,
    });
    const direct = tests({ command: ["node", "check.cjs"] });
    expect(await tree.judge(direct)).toMatchObject({ value: "failed", findings: [{ kind: "forgedReport" }] });
    await tree.write({ "src/add.cjs": `${right}require("fs").writeFileSync("out.tap", "${forged}");\n` });
    const inFile = tests({
      command: ["node", "check.cjs"],
      report: { format: "tap", from: { file: "out.tap" } },
    });
    expect(await tree.judge(inFile)).toMatchObject({ value: "failed", findings: [{ kind: "forgedReport" }] });
  });
});

describe("code under test", () => {
  test("cannot bend what tests are built on", async () => {
    const harness = `exports.equal = (a, b) => { if (a !== b) throw new Error("no"); };\n`;
    const uses = `const { equal } = require("./test/own.cjs");\nequal(require("./src/add.cjs")(1, 2), 3);\n`;
    for (const bend of [
      `require("../test/own.cjs").equal = () => {};`,
      `require.cache[require.resolve("../test/own.cjs")].exports = {};`,
    ]) {
      await tree.write({ "test/own.cjs": harness, "check.cjs": uses, "src/add.cjs": `${right}${bend}\n` });
      expect(await tree.judge(plain)).toMatchObject({
        value: "failed",
        findings: [{ kind: "patchedGlobal" }],
      });
    }
  });

  test("cannot read what the tests want", async () => {
    const reads = `const fs = require("fs");\nconst wanted = fs.readdirSync("test").map((name) => fs.readFileSync("test/" + name, "utf8")).join();
module.exports = () => Number(/, (\\d+)\\)/.exec(wanted.slice(wanted.indexOf("equal")).slice(12))[1]);\n`;
    await tree.write({ "test/add.test.cjs": testFile, "src/add.cjs": reads });
    expect(await tree.judge(tests())).toMatchObject({
      value: "failed",
      findings: [{ kind: "stub", place: "src/add.cjs:2" }],
    });
  });

  test("cannot make its process vanish", async () => {
    const killer = `require("node:child_process").spawnSync("sh", ["-c", "kill -9 $PPID"]);`;
    await tree.write({ "check.cjs": checkFile, "src/add.cjs": `${right}${killer}\n` });
    const hidden: Check = { ...plain, command: ["sh", "-c", "node check.cjs || true"] };
    expect(await tree.judge(hidden)).toMatchObject({ value: "inconclusive" });
  });
});

const expectPassed = async (check: Check): Promise<void> => {
  const judgement = await tree.judge(check);
  expect(judgement).toMatchObject({ value: "passed" });
  expect(judgement.findings).toBeUndefined();
};

describe("an honest run is left alone:", () => {
  test("tests in processes of their own, with mocks of what they like", async () => {
    const mocks = `test("mocks", (t) => {
  t.mock.method(console, "log", () => {});
  t.mock.method(process, "exit", () => {});
  process.exit(1);
  Array.prototype.last = function () { return this.at(-1); };
  Math.max = () => 1;
});\n`;
    await tree.write({ "test/add.test.cjs": testFile + mocks, "src/add.cjs": right });
    await expectPassed(tests());
  });

  test("code that reads what tests give it, and a runner of the tree's own that loads tests", async () => {
    const runner = `for (const name of require("node:fs").readdirSync("test")) if (name.endsWith(".cjs")) require("../test/" + name);\n`;
    const reads = `module.exports = (path) => require("node:fs").readFileSync(path, "utf8").length;\n`;
    const uses = `require("node:assert").equal(require("../src/size.cjs")(__dirname + "/fixtures/a.js"), 1);\n`;
    await tree.write({
      "tools/run.cjs": runner,
      "src/size.cjs": reads,
      "test/a.cjs": uses,
      "test/fixtures/a.js": "1",
    });
    await expectPassed({ ...plain, command: ["sh", "-c", "node tools/run.cjs"] });
  });

  test("a check that ends its own process", async () => {
    await tree.write({
      "check.cjs": `${checkFile}setTimeout(() => process.exit(0), 10);\n`,
      "src/add.cjs": right,
    });
    await expectPassed(plain);
  });

  test("a command line that tests start, and one that is the check", async () => {
    const cli = `const { finish } = require("./finish.cjs");\nconsole.log("ok 1 - done");\nfinish();\n`;
    const starts = `const assert = require("node:assert");
const { spawnSync } = require("node:child_process");
require("node:test")("adds", () => { assert.equal(spawnSync(process.execPath, ["src/tool.cjs"]).status, 3); });\n`;
    await tree.write({
      "src/tool.cjs": cli,
      "src/cli.js": cli,
      "src/finish.cjs": "exports.finish = () => process.exit(3);\n",
    });
    await tree.write({ "test/tool.test.cjs": starts });
    await expectPassed(tests());
    await expectPassed({ ...plain, command: ["node", "src/cli.js"], exitCode: 3 });
  });
});

describe("programs beside the tests are left alone:", () => {
  test("a server that a test starts and kills", async () => {
    const starts = `const { once } = require("node:events");
const { spawn } = require("node:child_process");
require("node:test")("adds", async () => {
  const child = spawn(process.execPath, [__dirname + "/server.cjs"], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill();
  await once(child, "exit");
});\n`;
    await tree.write({
      "test/a.test.cjs": starts,
      "test/server.cjs": "console.log(1); setInterval(() => {}, 1000);\n",
    });
    await expectPassed(tests({ command: ["node", "--test", "--test-reporter=tap", "test/a.test.cjs"] }));
  });

  test("code that is no JavaScript, and programs that clear their environment", async () => {
    await expectPassed({ ...plain, command: ["sh", "-c", "exit 0"] });
    await tree.write({ "check.cjs": checkFile, "src/add.cjs": right });
    await expectPassed({ ...plain, command: ["env", "-i", process.execPath, "check.cjs"] });
  });
});
