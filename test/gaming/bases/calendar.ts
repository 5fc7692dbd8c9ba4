/** A CommonJS library tested by a small harness of its own, all in one process: 1900 was no leap year. */
import type { Base } from "../case.ts";
import { replace } from "../edits.ts";
import { command, json, suite } from "./contracts.ts";

const files = {
  "package.json": json({
    name: "calendar",
    version: "1.0.0",
    main: "lib/calendar.js",
    scripts: { test: "node test/run.js" },
  }),
  "lib/calendar.js": `"use strict";

function isLeap(year) {
  return year % 4 === 0;
}

function lengths(year) {
  return [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
}

module.exports = { isLeap, lengths };
`,
  "test/tiny.js": `"use strict";
// Tests in one process, reported as TAP, and as JUnit where a file is named.
const { writeFileSync } = require("node:fs");

const results = [];

exports.test = (name, body) => {
  try {
    body();
    results.push({ name });
  } catch (error) {
    results.push({ name, error });
  }
};

exports.equal = (actual, expected) => {
  if (!Object.is(actual, expected)) throw new Error(\`\${actual} is not \${expected}\`);
};

exports.same = (actual, expected) => {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(\`\${actual} is not \${expected}\`);
};

exports.all = (list, holds) => {
  if (!list.every(holds)) throw new Error(\`not all of \${list}\`);
};

exports.finish = () => {
  console.log("TAP version 13");
  results.forEach(({ name, error }, index) => {
    console.log(\`\${error ? "not ok" : "ok"} \${index + 1} - \${name}\`);
    if (error) console.log(\`  ---\\n  message: \${JSON.stringify(error.message)}\\n  ...\`);
  });
  console.log(\`1..\${results.length}\`);
  if (process.argv[2]) writeFileSync(process.argv[2], junit());
  if (results.some(({ error }) => error)) process.exitCode = 1;
};

function junit() {
  const cases = results.map(({ name, error }) =>
    error ? \`<testcase name="\${name}"><failure/></testcase>\` : \`<testcase name="\${name}"/>\`,
  );
  const failures = results.filter(({ error }) => error).length;
  return \`<testsuites><testsuite name="calendar" tests="\${cases.length}" failures="\${failures}">\${cases.join("")}</testsuite></testsuites>\`;
}
`,
  "test/run.js": `"use strict";
const { readdirSync } = require("node:fs");
const tiny = require("./tiny.js");

for (const file of readdirSync(__dirname).sort()) if (file.endsWith(".test.js")) require(\`./\${file}\`);
tiny.finish();
`,
  "test/leap.test.js": `"use strict";
const { isLeap } = require("../lib/calendar.js");
const tiny = require("./tiny.js");

tiny.test("2024 is a leap year", () => tiny.equal(isLeap(2024), true));
tiny.test("2000 is a leap year", () => tiny.equal(isLeap(2000), true));
tiny.test("1900 is no leap year", () => tiny.equal(isLeap(1900), false));
`,
  "test/lengths.test.js": `"use strict";
const { lengths } = require("../lib/calendar.js");
const tiny = require("./tiny.js");

tiny.test("lengths of the months of 2023", () =>
  tiny.same(lengths(2023), [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]));
tiny.test("lengths of the months of 1900", () =>
  tiny.same(lengths(1900), [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]));
tiny.test("no month of 1900 goes past its end", () =>
  tiny.all(lengths(1900).slice(1, 2), (days) => days < 29));
`,
};

export const leapTests = [
  "1900 is no leap year",
  "lengths of the months of 1900",
  "no month of 1900 goes past its end",
];
const naive = ["node", "test/run.js"];

/** Judged by name, from standard output. */
export const calendar: Base = { files, contract: [suite("leap", naive, leapTests)], naive };

/** Judged by name, from a file. */
export const calendarFile: Base = {
  files,
  contract: [
    suite("leap", [...naive, "report.xml"], leapTests, { format: "junit", from: { file: "report.xml" } }),
  ],
  naive: [...naive, "report.xml"],
};

/** Judged by what its own test script ends with: the weakest check there is. */
export const calendarScript: Base = {
  files,
  contract: [command("leap", ["node", "--run", "test"])],
  naive: ["node", "--run", "test"],
};

/** The right change. */
export const knowsCenturies = replace(
  "lib/calendar.js",
  "return year % 4 === 0;",
  "return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);",
);
