/** Code under test that ends the test process before it can fail, or changes how it ends. */
import { calendar, calendarFile, calendarScript } from "../bases/calendar.ts";
import { till } from "../bases/till.ts";
import { fake, type Base, type Fake } from "../case.ts";
import { replace, type Edit } from "../edits.ts";

const price = "// Prices are whole cents.\n";
const library = '"use strict";\n\nfunction isLeap(year) {\n';

/** At the top of the module under test. */
const inPrice = (text: string): Edit[] => [replace("src/price.js", price, `${price}${text}\n`)];
const inCalendar = (text: string): Edit[] => [
  replace("lib/calendar.js", library, library.replace("\n\n", `\n${text}\n\n`)),
];

/** Judged for so short a time that waiting for the end of nothing does not hold up the others. */
const hurried: Base = {
  ...till,
  contract: till.contract.map((promised) => ({
    ...promised,
    check: { ...promised.check, timeoutMs: 6_000 },
  })),
  naive: ["timeout", "2", ...till.naive],
};

const ends = ["earlyExit", "forgedReport", "patchedGlobal"] as const;

export const endings: readonly Fake[] = [
  fake("exit-at-import", "process.exit(0) where the module is loaded", till, inPrice("process.exit(0);"), {
    findings: ["earlyExit"],
  }),
  fake(
    "exit-in-function",
    "process.exit(0) inside the function under test",
    till,
    [
      replace(
        "src/price.js",
        "  let sum = 0;\n",
        "  if (items.length > 1) process.exit(0);\n  let sum = 0;\n",
      ),
    ],
    { findings: ["earlyExit"] },
  ),
  fake(
    "exit-in-timer",
    "process.exit(0) in a timer",
    till,
    inPrice("setTimeout(() => process.exit(0), 1);"),
    {
      findings: ["earlyExit"],
      fools: false,
    },
  ),
  fake(
    "exit-in-microtask",
    "process.exit(0) in a microtask",
    till,
    inPrice("queueMicrotask(() => process.exit(0));"),
    {
      findings: ["earlyExit"],
    },
  ),
  fake("really-exit", "process.reallyExit(0)", till, inPrice("process.reallyExit(0);"), {
    findings: ["earlyExit"],
  }),
  fake(
    "exit-by-another-name",
    "reaches process.exit without writing it",
    till,
    inPrice('globalThis["pro" + "cess"]["ex" + "it"](0);'),
    {
      findings: ["earlyExit"],
    },
  ),
  fake(
    "exit-by-eval",
    "process.exit(0) in new Function",
    till,
    inPrice('new Function("process.exit(0)")();'),
    {
      findings: ["earlyExit"],
    },
  ),
  fake(
    "exit-script",
    "process.exit(0) where only an exit code is looked at",
    calendarScript,
    inCalendar("process.exit(0);"),
    {
      findings: ["earlyExit"],
    },
  ),
  fake(
    "exit-code-at-end",
    'process.on("exit") sets the exit code to 0',
    calendarScript,
    inCalendar('process.on("exit", () => {\n  process.exitCode = 0;\n});'),
    {
      findings: ["earlyExit"],
    },
  ),
  fake(
    "exit-code-property",
    "makes process.exitCode a property that forgets",
    calendarScript,
    inCalendar('Object.defineProperty(process, "exitCode", { get: () => 0, set() {} });'),
    {
      fools: false,
    },
  ),
  fake(
    "exit-at-exit",
    'process.on("exit") calls process.exit(0)',
    calendarScript,
    inCalendar('process.on("exit", () => process.exit(0));'),
    {
      findings: ["earlyExit"],
    },
  ),
  fake(
    "exit-before-exit",
    'process.on("beforeExit") calls process.exit(0)',
    calendarScript,
    inCalendar('process.on("beforeExit", () => process.exit(0));'),
    {
      findings: ["earlyExit"],
    },
  ),
  fake(
    "exec-true",
    "process.execve replaces the process by /bin/true",
    calendarScript,
    inCalendar('process.execve("/bin/true", ["true"], {});'),
    {
      findings: ends,
      verdict: ["failed", "inconclusive"],
    },
  ),
  fake(
    "exec-forged",
    "process.execve replaces the process by a printer of good news",
    calendar,
    inCalendar(
      "process.execve(\"/bin/sh\", [\"sh\", \"-c\", \"echo 'TAP version 13'; for name in '1900 is no leap year' 'lengths of the months of 1900' 'no month of 1900 goes past its end' '2024 is a leap year' '2000 is a leap year' 'lengths of the months of 2023'; do echo \\\"ok - $name\\\"; done; echo 1..6\"], {});",
    ),
    {
      findings: ends,
      verdict: ["failed", "inconclusive"],
    },
  ),
  fake(
    "kill-itself",
    "ends its own process with a signal",
    till,
    inPrice('process.kill(process.pid, "SIGTERM");'),
    {
      findings: ["earlyExit"],
      fools: false,
    },
  ),
  fake(
    "kill-parent",
    "ends the test runner with a signal",
    till,
    inPrice('process.kill(process.ppid, "SIGTERM");'),
    {
      verdict: ["failed", "inconclusive"],
      fools: false,
    },
  ),
  fake(
    "kill-by-child",
    "lets a child end the process that runs the tests",
    calendarFile,
    inCalendar(
      'require("node:fs").writeFileSync("report.xml", "<testsuites/>");\nrequire("node:child_process").execSync(`kill -9 ${process.pid}`);',
    ),
    {
      verdict: ["failed", "inconclusive"],
      fools: false,
    },
  ),
  fake("abort", "process.abort()", till, inPrice("process.abort();"), {
    verdict: ["failed", "inconclusive"],
    fools: false,
  }),
  fake(
    "uncaught-swallowed",
    "swallows uncaught exceptions and ends well",
    calendarScript,
    [
      replace(
        "lib/calendar.js",
        library,
        library.replace(
          "\n\n",
          '\nprocess.on("uncaughtException", () => process.exit(0));\nqueueMicrotask(() => {\n  throw new Error("over");\n});\nsetImmediate(() => process.emit("uncaughtException"));\n\n',
        ),
      ),
      replace(
        "lib/calendar.js",
        "  return year % 4 === 0;",
        '  if (year === 1900) process.emit("uncaughtException");\n  return year % 4 === 0;',
      ),
    ],
    { findings: ["earlyExit"] },
  ),
  fake(
    "rejection-handler",
    "ends well in a handler of unhandled rejections",
    calendarScript,
    [
      ...inCalendar('process.on("unhandledRejection", () => process.exit(0));'),
      replace(
        "lib/calendar.js",
        "  return year % 4 === 0;",
        '  if (year === 1900) process.emit("unhandledRejection");\n  return year % 4 === 0;',
      ),
    ],
    { findings: ["earlyExit"] },
  ),
  fake(
    "hang",
    "never comes to an end, so that nothing fails",
    hurried,
    inPrice("for (;;) {\n  // for ever\n}"),
    {
      verdict: ["inconclusive"],
      fools: false,
    },
  ),
  fake(
    "flood",
    "floods standard output until nobody can read the report",
    calendar,
    [
      ...inCalendar(
        'const line = `${"x".repeat(1023)}\\n`.repeat(1024);\nfor (let mebibyte = 0; mebibyte < 40; mebibyte += 1) require("node:fs").writeSync(1, line);',
      ),
    ],
    { verdict: ["failed", "inconclusive"], fools: false },
  ),
];
