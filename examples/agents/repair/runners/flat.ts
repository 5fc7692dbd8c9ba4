/** Programs that print flat TAP: tape, AVA, and any other program that happens to; and programs that only exit. */

import type { Runner } from "./runner.ts";
import { nodeValueFlags } from "./nodeTest.ts";
import { parseTap } from "./tap.ts";

/**
 * Tape cannot be asked for a single test. Loaded before it, this marks the others as skipped, by the
 * names in the environment; subtests run with their parents.
 */
export const TAPE_FILTER = `
const names = JSON.parse(process.env.REPAIR_ONLY ?? "[]");
const Module = require("node:module");
const load = Module._load;
let found = names.length === 0;
Module._load = function (...args) {
  const loaded = load.apply(this, args);
  if (found) return loaded;
  const run = loaded?.Test?.prototype?.run;
  if (typeof run !== "function" || typeof loaded.createHarness !== "function") return loaded;
  found = true;
  loaded.Test.prototype.run = function () {
    if (!this.parent && !names.includes(String(this.name))) this._skip = true;
    return run.call(this);
  };
  return loaded;
};
`;

export const tapeRunner: Runner = {
  name: "tape",
  coverage: "v8",
  isolates: true,
  valueFlags: [...nodeValueFlags, "-i", "--ignore", "--ignore-pattern"],
  ownFlags: [],
  defaultGlobs: () => null,
  command({ words, files, only, tapeFilter }) {
    const names = only.map((path) => path.at(-1) ?? "");
    return {
      words: [...words, ...files],
      env: names.length === 0 ? {} : { REPAIR_ONLY: JSON.stringify(names) },
      nodeOptions: names.length === 0 ? [] : ["--require", tapeFilter],
    };
  },
  read: ({ stdout, fileName }) => parseTap(stdout, fileName),
};

export const avaRunner: Runner = {
  name: "ava",
  coverage: "v8",
  isolates: true,
  valueFlags: ["--match", "-m", "--timeout", "-T", "--concurrency", "-c", "--config", "--node-arguments"],
  ownFlags: ["--tap", "-t", "--verbose", "-v", "--watch", "-w", "--update-snapshots", "-u"],
  /** AVA's documentation, "Command Line Interface". */
  defaultGlobs: () => [
    "test.{js,cjs,mjs}",
    "src/test.{js,cjs,mjs}",
    "source/test.{js,cjs,mjs}",
    "**/test-*.{js,cjs,mjs}",
    "**/*.{spec,test}.{js,cjs,mjs}",
    "**/{test,tests,__tests__}/**/*.{js,cjs,mjs}",
  ],
  command({ words, files, only }) {
    const matches = only.map((path) => `--match=${(path.at(-1) ?? "").replaceAll("*", "\\*")}`);
    return { words: [...words, "--tap", ...matches, ...files], env: {}, nodeOptions: [] };
  },
  read: ({ stdout, fileName }) => parseTap(stdout, fileName, "flat"),
};

/** Anything else: its exit code, and its tests where it prints TAP. */
export const otherRunner: Runner = {
  name: "program",
  coverage: "v8",
  isolates: false,
  valueFlags: [],
  ownFlags: [],
  defaultGlobs: () => null,
  command: ({ words, files }) => ({ words: [...words, ...files], env: {}, nodeOptions: [] }),
  read: ({ stdout, fileName }) => parseTap(stdout, fileName),
};
