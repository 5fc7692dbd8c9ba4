/**
 * What a mission must prove and what is kept from it: upstream's tests of the fix in two halves, one held out in
 * the contract, one for the oracle; and the old tests, which every change must leave passing.
 */
import { posix } from "node:path";
import type { Files, Lab, TestRun } from "./lab.ts";
import { passedIn, plain } from "./lab.ts";
import type { Library } from "./library.ts";
import type { BugTask } from "./tasks.ts";
import { testCasesIn, withoutCases } from "./testCases.ts";

export interface TestFile {
  path: string;
  content: string;
}

export interface Exam {
  /** What the contract asks for: half of upstream's tests, in a file of their own; `names` as reports have them. */
  asked: TestFile & { names: string[]; cases: ReadonlySet<string> };
  /** What the old tests show, before and after upstream's fix; `brought` when only a part of a file does. */
  regression: { files: string[]; names: string[]; brought?: TestFile };
  /** All of upstream's tests as they were at the fix, and the tests among them that the mission never sees. */
  oracle: { files: Files; run: string[]; names: string[]; unseen: string[] };
  /** The fix itself. */
  gold: Files;
}

/** The task cannot be tried on this machine; the message says why. */
export class Untestable extends Error {
  override readonly name = "Untestable";
}

/** Throws Untestable when upstream's tests do not tell broken from repaired here. */
export async function setExam(task: BugTask, library: Library, lab: Lab): Promise<Exam> {
  const gold = await filesAt(task.sourceFiles, library.atFix);
  const upstream = await filesAt([...task.hiddenTests, ...task.supportFiles], library.atFix);
  const [hidden, ...others] = task.hiddenTests;
  const content = hidden === undefined ? undefined : upstream.get(hidden);
  if (hidden === undefined || typeof content !== "string" || others.length > 0)
    throw new Untestable("upstream's tests of the fix are not exactly one file");
  const broken = await lab.test([hidden], upstream);
  const repaired = await lab.test([hidden], upstream, gold);
  const passing = new Set(passedIn(repaired).map((name) => plain(name)));
  const known = testCasesIn(hidden, content).map(({ name }) => name);
  const sound = [...new Set(known)].filter((name) => passing.has(plain(name))).toSorted();
  const before = new Set(passedIn(broken).map((name) => plain(name)));
  const isRevealing = (name: string): boolean => !before.has(plain(name));
  const revealing = sound.filter((name) => isRevealing(name));
  if (repaired.exitCode !== 0 || revealing.length === 0)
    throw new Untestable(
      `upstream's tests end with ${String(repaired.exitCode)} on the fix, ${revealing.length} of ${sound.length} fail without it:\n${repaired.tail}`,
    );
  const half = [...everyOther(revealing), ...everyOther(sound.filter((name) => !isRevealing(name)))];
  const asked = await askedFor({ path: hidden, content }, half, lab, gold);
  if (!revealing.some((name) => asked.cases.has(name)))
    throw new Untestable("the tests that show the defect cannot be told from the others");
  const rest = (await filesAt(task.oldTests, library.atFix)).entries().filter(([path]) => path !== hidden);
  const files = new Map([...rest, ...upstream]);
  const alsoRun = await stillPassing(
    task.oldTests.filter((path) => path !== hidden),
    lab,
    files,
    gold,
  );
  return {
    asked,
    regression: await regressionOf(task, hidden, library, lab, gold),
    oracle: {
      files,
      run: [hidden, ...alsoRun],
      names: sound,
      unseen: sound.filter((name) => !asked.cases.has(name)),
    },
    gold,
  };
}

/** Some tests build on others: those that do not pass without the other half are left to it. */
async function askedFor(
  hidden: TestFile,
  half: readonly string[],
  lab: Lab,
  gold: Files,
): Promise<Exam["asked"]> {
  const path = besidePath(hidden.path, "asked");
  const cases = new Set(half);
  for (;;) {
    const content = withoutCases(hidden.path, hidden.content, (name) => !cases.has(name));
    const tests = await lab.test([path], new Map([[path, content]]), gold);
    const names = passedIn(tests);
    if (tests.exitCode === 0) return { path, content, names, cases };
    const passed = new Set(names.map((name) => plain(name)));
    const lost = [...cases].filter((name) => !passed.has(plain(name)));
    if (lost.length === 0) throw new Untestable(`half of upstream's tests do not pass alone:\n${tests.tail}`);
    for (const name of lost) cases.delete(name);
  }
}

/** The first, the third and so on: of one test, that one. */
const everyOther = (names: readonly string[]): string[] => names.filter((_name, index) => index % 2 === 0);

/** `test/parse.asked.js` for `test/parse.js`, `test/defu.asked.test.ts` for `test/defu.test.ts`. */
export function besidePath(path: string, word: string): string {
  const { dir, base } = posix.parse(path);
  return posix.join(dir, base.replace(/(?=(\.test)?\.[^.]+$)/, `.${word}`));
}

async function filesAt(
  paths: readonly string[],
  read: (path: string) => Promise<string | undefined>,
): Promise<Map<string, string | null>> {
  const files = new Map<string, string | null>();
  for (const path of paths) files.set(path, (await read(path)) ?? null);
  return files;
}

/** Those of the test files that pass as a whole: together where they can, which is faster, else one by one. */
async function stillPassing(paths: readonly string[], lab: Lab, ...overlays: Files[]): Promise<string[]> {
  if (paths.length === 0 || (await lab.test(paths, ...overlays)).exitCode === 0) return [...paths];
  const passing: string[] = [];
  for (const path of paths) if ((await lab.test([path], ...overlays)).exitCode === 0) passing.push(path);
  return passing;
}

/** An old test that says what the fix changes is no promise: files, or tests of the only file, without such. */
async function regressionOf(
  task: BugTask,
  hidden: string,
  library: Library,
  lab: Lab,
  gold: Files,
): Promise<Exam["regression"]> {
  const before = await stillPassing(task.oldTests, lab);
  const files = await stillPassing(before, lab, gold);
  if (files.length > 0) return { files, names: passedIn(await lab.test(files, gold)) };
  const content = await library.atBase(hidden);
  if (content === undefined) throw new Untestable("no old test passes both before and after the fix");
  const now = new Set(passedIn(await lab.test([hidden])));
  const both = passedIn(await lab.test([hidden], gold)).filter((name) => now.has(name));
  const kept = new Set(both.map((name) => plain(name)));
  const path = besidePath(hidden, "old");
  const brought = { path, content: withoutCases(hidden, content, (name) => !kept.has(plain(name))) };
  const check = await lab.test([path], new Map([[path, brought.content]]), gold);
  if (check.exitCode !== 0) throw new Untestable(`the old tests cannot be cut down:\n${check.tail}`);
  return { files: [path], names: passedIn(check), brought };
}

/** Whether the old tests accept a change, and whether all of upstream's tests do. */
export async function judgeChange(
  exam: Exam,
  lab: Lab,
  change: Files,
): Promise<{ byOldTests: boolean; byOracle: boolean }> {
  const { regression, oracle } = exam;
  const old =
    regression.brought === undefined ? [] : [[regression.brought.path, regression.brought.content] as const];
  const byOldTests = (await lab.test(regression.files, new Map(old), change)).exitCode === 0;
  if (!byOldTests) return { byOldTests, byOracle: false };
  return { byOldTests, byOracle: accepts(oracle.names, await lab.test(oracle.run, oracle.files, change)) };
}

/** Whether all these tests passed: the exit code and every name say so. */
export function accepts(names: readonly string[], tests: Pick<TestRun, "exitCode" | "results">): boolean {
  const passed = passedIn(tests).map((name) => plain(name));
  // With several files, AVA puts the file's name before the test's.
  const isPassed = (wanted: string): boolean =>
    passed.some((name) => name === wanted || name.endsWith(` ${wanted}`));
  return tests.exitCode === 0 && names.every((name) => isPassed(plain(name)));
}
