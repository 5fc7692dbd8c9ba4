/** `node --test`: every file runs in one process without `--test`, which halves the time and gives coverage of exactly it. */

import { type Runner, escapePattern } from "./runner.ts";
import { parseTap } from "./tap.ts";

const EXTENSIONS = "{js,mjs,cjs,ts,mts,cts}";

export const nodeValueFlags = [
  "--import",
  "--require",
  "-r",
  "--conditions",
  "-C",
  "--loader",
  "--experimental-loader",
  "--env-file",
];

export const nodeTestRunner: Runner = {
  name: "node --test",
  coverage: "v8",
  isolates: true,
  valueFlags: [...nodeValueFlags, "--test-reporter", "--test-reporter-destination"],
  ownFlags: ["--test-reporter", "--test-concurrency", "--test-isolation", "--experimental-test-coverage"],
  /** Node's documentation, "Running tests from the command line". */
  defaultGlobs: () => [
    `**/*.test.${EXTENSIONS}`,
    `**/*-test.${EXTENSIONS}`,
    `**/*_test.${EXTENSIONS}`,
    `**/test-*.${EXTENSIONS}`,
    `**/test.${EXTENSIONS}`,
    `**/test/**/*.${EXTENSIONS}`,
  ],
  command({ words, files, only, report }) {
    const [program = "node", ...flags] = words.filter((word) => word !== "--test" || files.length === 0);
    const patterns = only.map((path) => `--test-name-pattern=/^${escapePattern(path.join(" "))}$/`);
    return {
      words: [
        program,
        "--test-reporter=tap",
        `--test-reporter-destination=${report}`,
        ...patterns,
        ...flags,
        ...files,
      ],
      env: {},
      nodeOptions: [],
    };
  },
  read: ({ report, fileName }) => parseTap(report, fileName),
};
