/** Mocha, Jest and Vitest: tests in suites, a JSON report, and a pattern over the joined names. */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { member } from "../commandLine.ts";
import { type Runner, exactPattern } from "./runner.ts";
import { parseJestReport, parseMochaReport } from "./json.ts";

const EXTENSIONS = "{js,jsx,mjs,cjs,ts,tsx,mts,cts}";

export const mochaRunner: Runner = {
  name: "mocha",
  coverage: "v8",
  isolates: true,
  valueFlags: [
    "--ui",
    "-u",
    "--require",
    "-r",
    "--import",
    "--timeout",
    "-t",
    "--reporter",
    "-R",
    "--reporter-option",
    "--reporter-options",
    "-O",
    "--config",
    "--package",
    "--file",
    "--extension",
    "--ignore",
    "--exclude",
    "--slow",
    "-s",
    "--retries",
    "--jobs",
    "-j",
    "--grep",
    "-g",
    "--fgrep",
    "-f",
    "--node-option",
    "-n",
  ],
  ownFlags: ["--reporter", "-R", "-O", "--watch", "-w", "--parallel", "-p", "--color", "--colors", "-c"],
  defaultGlobs: (folder) => (isConfigured(folder, ".mocharc", "mocha") ? null : ["test/*.{js,cjs,mjs}"]),
  command({ words, files, only }) {
    const pattern = only.length === 0 ? [] : ["--grep", exactPattern(only)];
    return { words: [...words, "--reporter", "json", ...pattern, ...files], env: {}, nodeOptions: [] };
  },
  read: ({ stdout, fileName }) => parseMochaReport(stdout, fileName),
};

export const jestRunner: Runner = {
  name: "jest",
  coverage: "probes",
  isolates: true,
  valueFlags: ["--config", "-c", "--testNamePattern", "-t", "--testTimeout", "--maxWorkers", "-w", "--env"],
  ownFlags: ["--coverage", "--watch", "--json", "--outputFile", "--maxWorkers", "-w", "-i", "--runInBand"],
  defaultGlobs: (folder) =>
    isConfigured(folder, "jest.config", "jest")
      ? null
      : [`**/__tests__/**/*.${EXTENSIONS}`, `**/*.{spec,test}.${EXTENSIONS}`],
  command({ words, files, only, report }) {
    const pattern = only.length === 0 ? [] : ["-t", exactPattern(only)];
    const byPath = files.length === 0 ? [] : ["--runTestsByPath", ...files];
    const own = ["--json", `--outputFile=${report}`, "--runInBand", "--ci", "--watchman=false"];
    return { words: [...words, ...own, ...pattern, ...byPath], env: {}, nodeOptions: [] };
  },
  read: ({ report, fileName }) => parseJestReport(report, fileName),
};

export const vitestRunner: Runner = {
  name: "vitest",
  coverage: "probes",
  isolates: true,
  valueFlags: ["--config", "-c", "--root", "-r", "--dir", "--testNamePattern", "-t", "--project", "--pool"],
  ownFlags: ["--coverage", "--watch", "-w", "--run", "--reporter", "--outputFile", "--ui", "--typecheck"],
  defaultGlobs: (folder) =>
    isConfigured(folder, "vitest.config", "vitest") || isConfigured(folder, "vite.config", "vite")
      ? null
      : [`**/*.{spec,test}.${EXTENSIONS}`],
  command({ words, files, only, report }) {
    const [program = "vitest", ...rest] = words;
    const flags = rest.filter((word) => !/^(run|watch|dev)$/.test(word));
    const pattern = only.length === 0 ? [] : ["-t", exactPattern(only)];
    const own = ["run", "--reporter=json", `--outputFile=${report}`];
    return { words: [program, ...own, ...flags, ...pattern, ...files], env: {}, nodeOptions: [] };
  },
  read: ({ report, fileName }) => parseJestReport(report, fileName),
};

/** Whether a file of its own or an entry of package.json may say where its tests are. */
function isConfigured(folder: string, fileStart: string, key: string): boolean {
  if (!existsSync(folder)) return false;
  if (readdirSync(folder).some((name) => name.startsWith(fileStart))) return true;
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return member(manifest, key) !== undefined;
  } catch {
    return false;
  }
}
