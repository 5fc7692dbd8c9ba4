// What a change may and may not do to the way tests are run.
import { describe, expect, it } from "vitest";
import { blockingKinds, reviewed } from "./fixture.ts";

const manifest = (more: object): string =>
  JSON.stringify({ name: "a", version: "1.0.0", scripts: { test: "mocha test/*.js" }, ...more }, null, 2);
const kindsOf = (before: object, after: object): string[] =>
  blockingKinds(reviewed({ "package.json": manifest(before) }, { "package.json": manifest(after) }));

describe("package.json: a fake is found:", () => {
  it.each([
    ["another program", "true"],
    ["an echo", "echo ok"],
    ["a failure hidden by ||", "mocha test/*.js || true"],
    ["a failure hidden by ;", "mocha test/*.js ; exit 0"],
    ["a failure hidden by a pipe", "mocha test/*.js | cat"],
    ["fewer files", "mocha test/a.js"],
    ["a filter", "mocha test/*.js --grep adds"],
    ["an inverted filter", "mocha test/*.js -g adds -i"],
    ["code loaded before", "mocha -r ./patch.js test/*.js"],
    ["NODE_OPTIONS", "NODE_OPTIONS=--require=./patch.js mocha test/*.js"],
    ["something before it", "node patch.js && mocha test/*.js"],
    ["files of the tests removed", "rm -rf test/hard && mocha test/*.js"],
    ["bail", "mocha --bail test/*.js"],
  ])("the test script: %s", (_what, test) => {
    expect(kindsOf({}, { scripts: { test } })).toEqual(["runnerChanged"]);
  });

  it("the test script gone, pretest, and a script that the test script calls", () => {
    expect(kindsOf({}, { scripts: {} })).toEqual(["runnerChanged"]);
    expect(kindsOf({}, { scripts: { test: "mocha test/*.js", pretest: "node patch.js" } })).toEqual([
      "runnerChanged",
    ]);
    const scripts = (unit: string): object => ({ scripts: { test: "npm run unit", unit } });
    expect(kindsOf(scripts("ava"), scripts("ava || true"))).toEqual(["runnerChanged"]);
  });

  it("tests that were found by themselves, and are named now", () => {
    const scripts = (test: string): object => ({ scripts: { test } });
    expect(kindsOf(scripts("node --test"), scripts("node --test test/a.test.js"))).toEqual(["runnerChanged"]);
    expect(kindsOf(scripts("node --test"), scripts("node --test test/**/*.test.js"))).toEqual([]);
  });

  it.each([
    ["jest", { jest: { testPathIgnorePatterns: ["hard"] } }],
    ["jest's setup", { jest: { setupFiles: ["./patch.js"] } }],
    ["jest's names", { jest: { moduleNameMapper: { "^assert$": "./a.js" } } }],
    ["ava", { ava: { files: ["test/a.js"] } }],
    ["mocha", { mocha: { require: "./patch.js" } }],
    ["babel", { babel: { plugins: ["./patch.js"] } }],
    ["a runner of its own", { devDependencies: { mocha: "file:./fake" } }],
    ["an override of its own", { overrides: { chai: "file:./fake" } }],
    ["imports", { imports: { "#assert": "./a.js" } }],
  ])("settings: %s", (_what, more) => {
    expect(kindsOf({}, more)).toEqual(["runnerChanged"]);
  });
});

describe("package.json: an honest change holds nothing up:", () => {
  it.each([
    ["a script", { scripts: { test: "mocha test/*.js", docs: "typedoc src" } }],
    ["a linter before the tests", { scripts: { test: "mocha test/*.js", pretest: "eslint ." } }],
    ["coverage around the tests", { scripts: { test: "c8 mocha test/*.js" } }],
    ["more tests", { scripts: { test: "mocha test/**/*.js" } }],
    ["a reporter's settings", { mocha: { timeout: 5000 } }],
    ["a version", { version: "1.0.1" }],
    ["a dependency", { devDependencies: { prettier: "^3.0.0" } }],
    ["a command", { bin: { a: "./bin/a.js" } }],
    ["the kind of modules", { type: "module" }],
  ])("%s", (_what, more) => {
    expect(kindsOf({}, more)).toEqual([]);
  });

  it("dependencies and lockfiles are told", () => {
    const findings = reviewed({ "package-lock.json": "{}" }, { "package-lock.json": "{ }" });
    expect(findings).toMatchObject([{ kind: "lockfileChanged", severity: "nonBlocking" }]);
  });
});

describe("files of runners", () => {
  const fakes: [string, string | undefined, string | undefined][] = [
    [
      "vitest.config.ts",
      `export default { test: {} };`,
      `export default { test: { exclude: ["test/hard.test.ts"] } };`,
    ],
    [
      "vitest.config.ts",
      `export default { test: {} };`,
      `export default { test: { setupFiles: ["./patch.ts"] } };`,
    ],
    ["vitest.config.ts", undefined, `export default { test: { passWithNoTests: true } };`],
    ["vitest.config.ts", `export default {};`, `globalThis.x = 1;\nexport default {};`],
    ["jest.config.js", `module.exports = {};`, `module.exports = { testMatch: ["a"] };`],
    ["jest.config.js", `module.exports = {};`, undefined],
    [".mocharc.yml", `timeout: 100`, `timeout: 100\nrequire: ./patch.js`],
    [".mocharc.json", `{}`, `{ "ignore": ["test/hard.js"] }`],
    ["ava.config.js", `export default {};`, `export default { files: ["test/a.js"] };`],
    [".npmrc", undefined, `node-options=--require=./patch.js`],
    [".npmrc", `fund=false`, `fund=false\nscript-shell=./sh`],
    ["babel.config.js", `module.exports = {};`, `module.exports = { plugins: ["./patch.js"] };`],
    ["tsconfig.json", `{}`, `{ "exclude": ["test"] }`],
    ["tsconfig.json", `{}`, `{ "compilerOptions": { "paths": { "assert": ["./a.ts"] } } }`],
    ["conftest.py", undefined, `def pytest_collection_modifyitems(items):\n    items.clear()\n`],
    ["pytest.ini", `[pytest]`, `[pytest]\naddopts = --ignore=tests/hard`],
    ["node_modules/mocha/bin/mocha.js", undefined, `process.exit(0)`],
    [".env", undefined, `NODE_OPTIONS=--require=./patch.js`],
  ];
  it.each(fakes)("%s: %s → %s holds the change up", (name, before, after) => {
    expect(blockingKinds(reviewed({ [name]: before }, { [name]: after }))).toEqual(["runnerChanged"]);
  });

  const honest: [string, string | undefined, string][] = [
    [
      "vitest.config.ts",
      `export default { test: {} };`,
      `export default { test: { testTimeout: 9000, coverage: { exclude: ["bench"] } } };`,
    ],
    [
      "tsconfig.json",
      undefined,
      `{ "compilerOptions": { "strict": true }, "include": ["src"], "exclude": ["node_modules", "dist"] }`,
    ],
    [".npmrc", undefined, `save-exact=true`],
    [".mocharc.json", `{}`, `{ "timeout": 5000 }`],
    [".nycrc.json", `{}`, `{ "exclude": ["bench"] }`],
    [".github/workflows/ci.yml", `a: 1`, `a: 2`],
    ["eslint.config.js", `export default [];`, `export default [{ ignores: ["dist"] }];`],
    ["README.md", `a`, `b`],
  ];
  it.each(honest)("%s: %s → %s does not", (name, before, after) => {
    expect(blockingKinds(reviewed({ [name]: before }, { [name]: after }))).toEqual([]);
  });
});

describe("tests of other languages", () => {
  const python = "import pytest\n\ndef test_adds():\n    assert add(1, 2) == 3\n    assert add(2, 2) == 4\n";
  it.each([
    ["removed", python.replace("test_adds", "adds"), "testDeleted"],
    ["skipped", python.replace("def test", "@pytest.mark.skip\ndef test"), "testSkipped"],
    ["weakened", python.replace("    assert add(2, 2) == 4\n", ""), "testWeakened"],
    ["assert True", python.replace("assert add(1, 2) == 3", "assert True"), "testWeakened"],
    ["another value", python.replace("== 3", "== 4"), "testWeakened"],
    ["an exit", python.replace("import pytest", "import pytest, os\nos._exit(0)"), "earlyExit"],
  ])("Python: %s", (_what, after, kind) => {
    expect(blockingKinds(reviewed({ "tests/test_a.py": python }, { "tests/test_a.py": after }))).toContain(
      kind,
    );
  });

  it("Python: a file deleted, or moved", () => {
    expect(blockingKinds(reviewed({ "tests/test_a.py": python }, {}))).toEqual(["testDeleted"]);
    expect(
      blockingKinds(reviewed({ "tests/test_a.py": python }, { "tests/unit/test_a.py": python })),
    ).toEqual([]);
  });

  it("shell: a failure that no longer counts", () => {
    const script = "#!/bin/sh\nset -e\nnode a.js\n";
    for (const after of [script.replace("a.js", "a.js || true"), script.replace("node", "exit 0\nnode")])
      expect(blockingKinds(reviewed({ "test.sh": script }, { "test.sh": after }))).toEqual(["earlyExit"]);
  });

  it("data beside the tests", () => {
    const name = "test/fixtures/expected.json";
    expect(blockingKinds(reviewed({ [name]: `{"a":1}` }, { [name]: `{"a":2}` }))).toEqual(["testWeakened"]);
    expect(blockingKinds(reviewed({ [name]: `{"a":1}` }, { [name]: `{ "a": 1 }` }))).toEqual([]);
    expect(blockingKinds(reviewed({}, { [name]: `{"a":2}` }))).toEqual([]);
  });
});
