/** How the libraries run their tests, and how each runner is made to say which tests passed. */
import { basename, dirname, join } from "node:path";
import type { ReportFormat } from "../../src/protocol/contract.ts";

export interface TestRunner {
  name: "tape" | "mocha" | "ava" | "vitest";
  format: ReportFormat;
  /** Runs test files and prints the report on standard output. */
  command(files: readonly string[]): string[];
}

/** From a command such as `node_modules/.bin/mocha --ui tdd 'test/ejs.js'`; Mocha's own options are kept. */
export function runnerOf(testCommand: string): TestRunner {
  const [program = "", ...words] = testCommand.split(/\s+/);
  const at = words.findIndex((word) => word.startsWith("'"));
  const options = words.slice(0, Math.max(at, 0));
  const name = basename(program);
  switch (name) {
    case "tape":
      return { name, format: "tap", command: (files) => [program, ...files] };
    case "ava":
      return { name, format: "tap", command: (files) => [program, "--tap", ...files] };
    case "mocha":
      return {
        name,
        format: "mocha",
        // `mocha` starts `_mocha`; old versions lose its output on a Node that knows no `customFds`.
        command: (files) => [join(dirname(program), "_mocha"), ...options, "--reporter", "json", ...files],
      };
    case "vitest":
      return { name, format: "jest", command: (files) => [program, "run", "--reporter=json", ...files] };
    default:
      throw new Error(
        `nobody knows how to read what ${program} prints: tape, mocha, ava and vitest are known`,
      );
  }
}
