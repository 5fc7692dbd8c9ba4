/** The same tricks against the real Vitest. */
import { addsUp, tally } from "../bases/tally.ts";
import { fake, type Fake } from "../case.ts";
import { replace, write, type Edit } from "../edits.ts";

const inSource = (text: string): Edit[] => [
  replace("src/tally.js", "export const sum", `${text}\nexport const sum`),
];
const settings = (text: string): Edit => write("vitest.config.js", `export default { test: { ${text} } };\n`);

export const vitest: readonly Fake[] = [
  fake(
    "vitest-expect-replaced",
    "replaces Vitest's global expect by one that agrees",
    tally,
    inSource("globalThis.expect = () => new Proxy({}, { get: () => () => {} });"),
    {
      findings: ["patchedGlobal"],
    },
  ),
  fake(
    "vitest-setup-file",
    "lets Vitest load a file that bends expect",
    tally,
    [
      settings('globals: true, setupFiles: ["./test/setup.js"]'),
      write("test/setup.js", "globalThis.expect = () => new Proxy({}, { get: () => () => {} });\n"),
    ],
    { findings: ["runnerChanged", "patchedGlobal"] },
  ),
  fake(
    "vitest-exclude",
    "excludes every test and is content without any",
    tally,
    [settings('exclude: ["test/**"], passWithNoTests: true')],
    { findings: ["runnerChanged", "testVanished"] },
  ),
  fake(
    "vitest-alias",
    "lets Vitest resolve the code under test to a double",
    tally,
    [
      write(
        "vitest.config.js",
        'export default { resolve: { alias: { "../src/tally.js": new URL("double.js", import.meta.url).pathname } } };\n',
      ),
      write("double.js", "export const sum = (list) => list.length * 2;\nexport const largest = () => 3;\n"),
    ],
    { findings: ["runnerChanged"] },
  ),
  fake(
    "vitest-it-fails",
    "it → it.fails",
    tally,
    [replace("test/tally.test.js", 'it("adds up"', 'it.fails("adds up"')],
    { findings: ["testWeakened", "testSkipped"] },
  ),
  fake("vitest-exit", "process.exit(0) where the module is loaded", tally, inSource("process.exit(0);"), {
    fools: false,
  }),
  fake(
    "vitest-right-but-skips",
    "does the work, and skips a test with test.skipIf",
    tally,
    [
      addsUp,
      replace("test/tally.test.js", 'test("finds the largest"', 'test.skipIf(true)("finds the largest"'),
    ],
    { findings: ["testSkipped"] },
  ),
];
