/**
 * The guard's eyes on files: code under test that writes the report itself, and code under test that reads the tests
 * to find out what they want. Copied beside the preload.
 */
import type * as Fs from "node:fs";
import type { Files, GuardTools } from "./parts.ts";

type Owner = Record<PropertyKey, unknown>;

const fs = require("node:fs") as typeof Fs;
const { apply, getOwnPropertyDescriptor, defineProperty } = Reflect;
const asOwner = (value: unknown): Owner => value as Owner;

const reportLine: Record<string, RegExp> = {
  tap: /^\s*(?:(?:not )?ok \d|1\.\.\d|TAP version|Bail out!|---\s*$)/m,
  junit: /<testsuites?[\s>]/,
  jest: /"(?:testResults|assertionResults)"/,
  mocha: /"(?:passes|fullTitle)"/,
};

function guardReport({ config, attribution, wrap, report, watch }: GuardTools): void {
  const { blame } = attribution;
  const pattern = reportLine[config.format];
  if (pattern === undefined) return;
  const noteText = (text: unknown): void => {
    if (!pattern.test(typeof text === "string" ? text : Buffer.isBuffer(text) ? text.toString() : "")) return;
    const place = blame();
    if (place !== undefined)
      report("forgedReport", "the code under test wrote lines of a test report", place);
  };
  const isReport = (path: unknown): boolean => {
    const text = path instanceof URL ? path.pathname : String(path);
    const name = config.reportFile.slice(config.reportFile.lastIndexOf("/") + 1);
    return text === name || text.endsWith(`/${name}`);
  };
  const noteFile = (args: unknown[]): void => {
    if (config.reportFile === "" || !args.slice(0, 2).some((path) => isReport(path))) return;
    const place = blame();
    if (place !== undefined) report("forgedReport", "the code under test wrote the report's file", place);
  };
  const files = asOwner(fs);
  for (const key of ["writeSync", "write"]) {
    wrap(files, key, ([fd, text]) => {
      if (fd === 1 && config.reportFile === "") noteText(text);
    });
  }
  for (const name of "writeFile appendFile open rename copyFile link symlink".split(" ")) {
    for (const key of [name, `${name}Sync`]) wrap(files, key, noteFile);
    wrap(asOwner(fs.promises), name, noteFile);
  }
  wrap(files, "createWriteStream", noteFile);
  if (config.reportFile === "") guardStdout(noteText, wrap, watch);
}

/** Made by Node when it is first asked for, and so by us. */
function guardStdout(
  noteText: (text: unknown) => void,
  wrap: GuardTools["wrap"],
  watch: GuardTools["watch"],
): void {
  const descriptor = getOwnPropertyDescriptor(process, "stdout");
  const make = descriptor?.get;
  if (make === undefined) return;
  let made: Owner | undefined;
  const get = (): unknown => {
    if (made === undefined) {
      made = asOwner(apply(make, process, []));
      wrap(made, "write", ([text]) => noteText(text));
      watch("process.stdout", made, ["write"]);
    }
    return made;
  };
  defineProperty(process, "stdout", { ...descriptor, get });
}

const reading = "readFileSync readFile openSync open createReadStream copyFileSync copyFile".split(" ");

/** Test files alone: libraries read the data that tests give them. */
function guardReads({ attribution, wrap, report }: GuardTools): void {
  const note = ([path]: unknown[]): void => {
    const text =
      path instanceof URL
        ? path.pathname
        : typeof path === "string" || Buffer.isBuffer(path)
          ? String(path)
          : "";
    if (!/\.[cm]?[jt]sx?$/.test(text) || /(?:^|\/)(?:fixtures?|data|samples?|node_modules)\//.test(text))
      return;
    const place = attribution.readerOf(text);
    if (place !== undefined) report("stub", "the code under test read the tests", place);
  };
  for (const key of reading) {
    wrap(asOwner(fs), key, note);
    if (typeof asOwner(fs.promises)[key] === "function") wrap(asOwner(fs.promises), key, note);
  }
}

module.exports = {
  guardFiles: (tools) => {
    guardReport(tools);
    guardReads(tools);
  },
} satisfies Files;
