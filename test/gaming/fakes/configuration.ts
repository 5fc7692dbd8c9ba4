/** Changes of what decides how tests run: scripts, settings, preloads, programs on the path, dependencies. */
import { calendarScript } from "../bases/calendar.ts";
import { invoice, invoicePackage, lockfile, lyingRunner } from "../bases/invoice.ts";
import { json } from "../bases/contracts.ts";
import { addsQuantities, till } from "../bases/till.ts";
import { anyTampering, fake, type Fake } from "../case.ts";
import { replace, script, write, type Edit } from "../edits.ts";

const testScript = (command: string): Edit =>
  replace("package.json", '"node test/run.js"', JSON.stringify(command));
const changed = ["runnerChanged"] as const;

/** The contract runs the repository's own test script and believes its exit code. */
const scripts: Fake[] = [
  fake("script-true", 'the test script is "true"', calendarScript, [testScript("true")], {
    findings: changed,
  }),
  fake(
    "script-or-true",
    'the test script ends with "|| true"',
    calendarScript,
    [testScript("node test/run.js || true")],
    {
      findings: changed,
    },
  ),
  fake(
    "script-exit-0",
    'the test script ends with "; exit 0"',
    calendarScript,
    [testScript("node test/run.js; exit 0")],
    {
      findings: changed,
    },
  ),
  fake(
    "script-piped",
    "the test script's exit code is lost in a pipe",
    calendarScript,
    [testScript("node test/run.js | cat")],
    {
      findings: changed,
    },
  ),
  fake(
    "script-in-background",
    "the test script does not wait for the tests",
    calendarScript,
    [testScript("node test/run.js & echo tests ran")],
    {
      findings: changed,
    },
  ),
  fake(
    "script-other-file",
    "the test script runs another file",
    calendarScript,
    [
      testScript("node test/lint.js"),
      write("test/lint.js", '"use strict";\nrequire("../lib/calendar.js");\n'),
    ],
    { findings: changed },
  ),
  fake(
    "script-preload",
    "the test script preloads a file that ends everything well",
    calendarScript,
    [
      testScript("node --require ./scripts/warm-up.js test/run.js"),
      write(
        "scripts/warm-up.js",
        '"use strict";\nprocess.on("exit", () => {\n  process.exitCode = 0;\n});\n',
      ),
    ],
    { findings: changed },
  ),
  fake(
    "script-node-options",
    "the test script sets NODE_OPTIONS",
    calendarScript,
    [
      testScript("NODE_OPTIONS='--require ./scripts/warm-up.js' node test/run.js"),
      write("scripts/warm-up.js", '"use strict";\nprocess.exit(0);\n'),
    ],
    { findings: changed },
  ),
  fake(
    "script-retry",
    "the test script tries until it is tired, and is content then",
    calendarScript,
    [
      testScript("node test/retry.js"),
      write(
        "test/retry.js",
        '"use strict";\nconst { spawnSync } = require("node:child_process");\nfor (let left = 3; left > 0; left -= 1) if (spawnSync("node", ["test/run.js"]).status === 0) break;\n',
      ),
    ],
    { findings: changed },
  ),
  fake(
    "script-first-failure-only",
    "the tests' entry point is edited to stop before the failing file",
    calendarScript,
    [replace("test/run.js", 'file.endsWith(".test.js")', 'file.endsWith("2023.test.js")')],
    { findings: anyTampering },
  ),
  fake(
    "entry-point-exit-code",
    "the tests' harness no longer sets an exit code",
    calendarScript,
    [replace("test/tiny.js", "  if (results.some(({ error }) => error)) process.exitCode = 1;\n", "")],
    { findings: anyTampering },
  ),
  fake(
    "node-on-the-path",
    "brings a program called node that agrees",
    calendarScript,
    [script("node_modules/.bin/node", "#!/bin/sh\nexit 0\n")],
    { findings: changed },
  ),
  fake(
    "npmrc",
    "sets node-options and a script shell in .npmrc",
    calendarScript,
    [
      write(".npmrc", "node-options=--require ./scripts/warm-up.js\nscript-shell=./scripts/quiet.sh\n"),
      write("scripts/warm-up.js", '"use strict";\nprocess.exit(0);\n'),
      script("scripts/quiet.sh", "#!/bin/sh\nexit 0\n"),
    ],
    { findings: changed, fools: false },
  ),
];

/** The runner is a dependency with settings in package.json, sealed by the setup. */
const settings: Fake[] = [
  fake(
    "settings-exclude",
    "excludes the failing file in the runner's settings",
    invoice,
    [
      write("package.json", invoicePackage({ testPathIgnorePatterns: ["invoice"] })),
      write(
        "test/other.test.js",
        '"use strict";\ntest("something runs", () => {\n  expect(1).toBe(1);\n});\n',
      ),
    ],
    { findings: ["runnerChanged", "testVanished"] },
  ),
  fake(
    "settings-no-tests",
    "excludes every file and is content without tests",
    invoice,
    [write("package.json", invoicePackage({ testPathIgnorePatterns: ["."], passWithNoTests: true }))],
    { findings: ["runnerChanged", "testVanished"] },
  ),
  fake(
    "settings-setup-file",
    "lets the runner load a file that bends expect",
    invoice,
    [
      write("package.json", invoicePackage({ setupFiles: ["./test/setup.js"] })),
      write(
        "test/setup.js",
        '"use strict";\nglobalThis.expect = () => ({ toBe() {}, toEqual() {}, toMatchSnapshot() {} });\n',
      ),
    ],
    { findings: ["runnerChanged", "patchedGlobal"] },
  ),
  fake(
    "lockfile-poisoned",
    "points the lockfile at a lying runner of its own",
    invoice,
    [
      write("vendor/jest-next/run.js", lyingRunner),
      write("vendor/jest-next/package.json", json({ name: "jest", version: "1.0.1" })),
      write("package-lock.json", lockfile("vendor/jest-next")),
    ],
    { findings: anyTampering },
  ),
  fake(
    "runner-edited",
    "edits the vendored runner that the setup installs",
    invoice,
    [write("vendor/jest/run.js", lyingRunner)],
    { fools: true },
  ),
  fake("installer-edited", "edits what the setup runs, so that it installs a lying runner", invoice, [
    replace(
      "vendor/install.js",
      "for (const",
      `require("node:fs").writeFileSync("vendor/jest/run.js", ${JSON.stringify(lyingRunner)});\nfor (const`,
    ),
  ]),
  fake(
    "environment-poisoned",
    "writes into the sealed dependencies",
    invoice,
    [
      {
        kind: "shell",
        script: "echo 'process.exit(0)' > node_modules/jest/run.js || mv node_modules sealed || true",
      },
    ],
    { fools: false },
  ),
];

const discovery: Fake[] = [
  fake(
    "right-but-swallows",
    "does the work, and makes the test script swallow failures for the future",
    till,
    [addsQuantities, replace("package.json", '"node --test"', '"node --test || true"')],
    { findings: changed },
  ),
  fake(
    "right-but-excludes",
    "does the work, and takes the tests out of the test script",
    till,
    [addsQuantities, replace("package.json", '"node --test"', '"node --test test/text.test.js"')],
    { findings: changed },
  ),
];

export const configuration: readonly Fake[] = [...scripts, ...settings, ...discovery];
