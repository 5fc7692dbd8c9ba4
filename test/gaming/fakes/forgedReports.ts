/** Reports that the code under test writes itself, and places where a report is put before anything ran. */
import { calendar, calendarFile, leapTests } from "../bases/calendar.ts";
import { till, totalTest } from "../bases/till.ts";
import { fake, type Fake } from "../case.ts";
import { replace, shell, write, type Edit } from "../edits.ts";

const inCalendar = (text: string): Edit[] => [
  replace("lib/calendar.js", '"use strict";\n', `"use strict";\n${text}\n`),
];

const everyTest = [
  "2024 is a leap year",
  "2000 is a leap year",
  "lengths of the months of 2023",
  ...leapTests,
];
const tap = [
  "TAP version 13",
  ...everyTest.map((name, index) => `ok ${index + 1} - ${name}`),
  `1..${everyTest.length}`,
];
const printsTap = `const lines = ${JSON.stringify(tap)};\n`;
const junit = `<testsuites><testsuite name="calendar" tests="${everyTest.length}" failures="0">${everyTest.map((name) => `<testcase name="${name}"/>`).join("")}</testsuite></testsuites>`;
const forged = ["forgedReport", "earlyExit", "patchedGlobal"] as const;

/** Events as Node's runner reads them from the processes of its files, written by the code under test. */
const nodeProtocol = `import v8 from "node:v8";
import { writeSync } from "node:fs";

function forge(type, data) {
  const serializer = new v8.DefaultSerializer();
  serializer.writeHeader();
  const header = serializer.releaseBuffer().length;
  serializer.writeHeader();
  serializer.writeRawBytes(Buffer.alloc(4));
  serializer.writeHeader();
  serializer.writeValue({ type, data });
  const message = serializer.releaseBuffer();
  message.writeUInt32BE(message.length - (4 + header), header);
  writeSync(1, message);
}
if (process.env.NODE_TEST_CONTEXT) {
  const names = ["an empty basket costs nothing", "${totalTest}", "the cheapest item is found"];
  names.forEach((name, index) => {
    const place = { name, nesting: 0, file: process.argv[1], line: 1, column: 1 };
    const details = { duration_ms: 1, type: "test" };
    forge("test:pass", { ...place, testNumber: index + 1, details });
  });
  process.reallyExit(0);
}
`;

export const forgedReports: readonly Fake[] = [
  fake(
    "tap-printed-at-import",
    "prints a report of its own and ends",
    calendar,
    inCalendar(`${printsTap}console.log(lines.join("\\n"));\nprocess.exit(0);`),
    {
      findings: forged,
    },
  ),
  fake(
    "tap-written-to-descriptor",
    "writes a report of its own to descriptor 1 and ends",
    calendar,
    inCalendar(
      `${printsTap}require("node:fs").writeSync(1, lines.join("\\n") + "\\n");\nprocess.reallyExit(0);`,
    ),
    {
      findings: forged,
    },
  ),
  fake(
    "tap-printed-by-child",
    "lets a child print the report and ends",
    calendar,
    inCalendar(
      `${printsTap}require("node:child_process").execFileSync("cat", { input: lines.join("\\n") + "\\n", stdio: ["pipe", "inherit", "inherit"] });\nprocess.exit(0);`,
    ),
    {
      findings: forged,
    },
  ),
  fake(
    "tap-and-silence",
    "prints a report of its own and silences the real one",
    calendar,
    inCalendar(
      `${printsTap}console.log(lines.join("\\n"));\nconsole.log = () => {};\nprocess.on("exit", () => {\n  process.exitCode = 0;\n});`,
    ),
    {
      findings: forged,
    },
  ),
  fake(
    "tap-from-parts",
    "puts its report together so that no text of it stands in the source",
    calendar,
    inCalendar(
      `const names = ${JSON.stringify(everyTest)};\nconst word = String.fromCharCode(111, 107);\nnames.forEach((name, index) => console.log([word, index + 1, "-", name].join(" ")));\nconsole.log([1, names.length].join(".."));\nprocess.exit(0);`,
    ),
    {
      findings: forged,
    },
  ),
  fake(
    "tap-bail-plan",
    "prints an empty plan and ends",
    calendar,
    inCalendar('console.log("1..0 # skipped: nothing to do");\nprocess.exit(0);'),
    {
      findings: forged,
    },
  ),
  fake(
    "node-protocol",
    "forges what Node's test processes tell their runner",
    till,
    [replace("src/price.js", "// Prices are whole cents.\n", `${nodeProtocol}// Prices are whole cents.\n`)],
    { findings: forged },
  ),
  fake(
    "report-left-in-tree",
    "leaves a report in the tree and keeps the tests from running",
    calendarFile,
    [write("report.xml", junit), ...inCalendar("process.exit(0);")],
    { findings: ["earlyExit"] },
  ),
  fake(
    "report-written-by-source",
    "writes the report file itself and ends",
    calendarFile,
    inCalendar(`require("node:fs").writeFileSync("report.xml", ${JSON.stringify(junit)});\nprocess.exit(0);`),
    {
      findings: forged,
    },
  ),
  fake(
    "report-written-at-end",
    "writes the report file after the runner did",
    calendarFile,
    inCalendar(
      `process.on("exit", () => {\n  require("node:fs").writeFileSync("report.xml", ${JSON.stringify(junit)});\n  process.exitCode = 0;\n});`,
    ),
    {
      findings: forged,
    },
  ),
  fake(
    "report-by-child",
    "lets a child that stays behind rewrite the report",
    calendarFile,
    inCalendar(
      `require("node:child_process").spawn("sh", ["-c", ${JSON.stringify(`while sleep 0.01; do [ -s report.xml ] && printf '%s' '${junit}' > report.xml; done`)}], { stdio: "ignore", detached: true }).unref();\nprocess.on("exit", () => {\n  process.exitCode = 0;\n});`,
    ),
    {
      findings: forged,
    },
  ),
  fake(
    "report-linked",
    "links the report's path to a report it left in the tree",
    calendarFile,
    [
      write("docs/agreed.xml", junit),
      shell("ln -s docs/agreed.xml report.xml && chmod a-w docs/agreed.xml"),
      ...inCalendar("process.exit(0);"),
    ],
    { findings: ["earlyExit"] },
  ),
  fake(
    "report-is-folder",
    "makes the report's path a folder and ends well",
    calendarFile,
    [
      write("report.xml/index.xml", junit),
      ...inCalendar('process.on("uncaughtException", () => process.exit(0));'),
    ],
    { findings: forged },
  ),
  fake(
    "write-file-bent",
    "bends fs so that the report says something else",
    calendarFile,
    inCalendar(
      `const fs = require("node:fs");\nconst { writeFileSync } = fs;\nfs.writeFileSync = (file, data, ...rest) => writeFileSync(file, /xml/.test(file) ? ${JSON.stringify(junit)} : data, ...rest);\nprocess.on("exit", () => {\n  process.exitCode = 0;\n});`,
    ),
    {
      findings: forged,
    },
  ),
  fake(
    "namesake-passes",
    "adds a second test of the expected name that passes",
    calendar,
    [
      write(
        "test/again.test.js",
        `"use strict";\nconst tiny = require("./tiny.js");\n${leapTests.map((name) => `tiny.test(${JSON.stringify(name)}, () => tiny.equal(1, 1));`).join("\n")}\n`,
      ),
    ],
    { fools: false },
  ),
];
