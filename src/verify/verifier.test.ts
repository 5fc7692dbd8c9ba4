// Verdicts from real programs: only named, reported, passed tests pass; what is not the tree's fault never fails it.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { JailRequest, Mount, Sandbox } from "../ports/sandbox.ts";
import { SandboxError } from "../ports/sandbox.ts";
import type { Judgement } from "../ports/verifier.ts";
import type { Check } from "../protocol/contract.ts";
import { createNoSandbox } from "../sandbox/none.ts";
import { createVerifier } from "./verifier.ts";
import { systemClock } from "../app/systemClock.ts";

let directory = "";
let requests: JailRequest[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "houston-verify-"));
  requests = [];
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Starts the program directly, in a process group that ends with the signal. */
const direct: Sandbox = {
  kind: "none",
  probe: async () => await Promise.resolve({ ok: true, detail: "" }),
  adopt: async () => {},
  spawn: async (request) => {
    requests.push(request);
    const [program = "", ...args] = request.argv;
    const child = spawn(program, args, {
      cwd: request.cwd,
      env: { PATH: process.env["PATH"] ?? "", ...request.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const { pid } = child;
    if (pid === undefined) throw new SandboxError("invalid", "no such program");
    request.signal.addEventListener("abort", () => process.kill(-pid, "SIGKILL"));
    const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.on("close", (code, signal) => {
        resolve({ code, signal });
      });
    });
    return await Promise.resolve({ pid, stdout: child.stdout, stderr: child.stderr, exit });
  },
};

async function judge(
  check: Check,
  options: { sandbox?: Sandbox; signal?: AbortSignal; mounts?: Mount[]; baseline?: string[] } = {},
): Promise<Judgement> {
  const verifier = createVerifier({
    sandbox: options.sandbox ?? direct,
    readOnly: ["/usr"],
    clock: systemClock,
  });
  const assertion = { id: "a", behaviour: "b", check, onBase: "any" as const };
  return await verifier.judge({
    missionId: "m",
    assertion,
    directory,
    mounts: options.mounts ?? [],
    ...(options.baseline === undefined ? {} : { baseline: options.baseline }),
    services: {},
    signal: options.signal ?? new AbortController().signal,
  });
}

const node = process.execPath;
const script = (code: string, more: Partial<Extract<Check, { kind: "command" }>> = {}): Check => ({
  kind: "command",
  command: [node, "-e", code],
  exitCode: 0,
  timeoutMs: 10_000,
  ...more,
});
const tests = (more: Partial<Extract<Check, { kind: "tests" }>> = {}): Check => ({
  kind: "tests",
  command: [node, "--test", "--test-reporter=tap", "a.test.mjs"],
  report: { format: "tap", from: "stdout" },
  expect: ["adds"],
  timeoutMs: 20_000,
  ...more,
});
const file = async (name: string, content: string): Promise<void> => {
  await writeFile(join(directory, name), content);
};
const suite = (body: string): string => `import { describe, it, test } from "node:test";\n${body}`;

describe("a command", () => {
  test("passes or fails by its exit code, with both outputs as evidence", async () => {
    expect(await judge(script("process.exit(3)", { exitCode: 3 }))).toMatchObject({ value: "passed" });
    const failed = await judge(script("console.log('out'); console.error('err'); process.exit(1)"));
    expect(failed).toMatchObject({ value: "failed", reason: "ended with 1, expected 0" });
    const output = Buffer.from(failed.observations[0]?.output ?? []).toString();
    expect(output).toContain("out\n");
    expect(output).toContain("err\n");
  });

  test("output is bounded to a mebibyte", async () => {
    const { observations } = await judge(script("process.stdout.write('x'.repeat(3e6) + 'end')"));
    const output = Buffer.from(observations[0]?.output ?? []);
    expect(output.length).toBeLessThan(1024 * 1024 + 100);
    expect(output.toString("utf8", output.length - 3)).toBe("end");
  });

  test("that takes too long is inconclusive", async () => {
    const judgement = await judge(script("setInterval(() => {}, 1000)", { timeoutMs: 200 }));
    expect(judgement).toMatchObject({ value: "inconclusive", reason: "timed out after 200 ms" });
  });

  test("that is cancelled, or that the box refuses, is an error", async () => {
    const stop = new AbortController();
    const running = judge(script("setInterval(() => {}, 1000)"), { signal: stop.signal });
    await vi.waitFor(() => expect(requests).toHaveLength(1));
    stop.abort();
    expect(await running).toMatchObject({ value: "error", reason: "cancelled before the check ended" });
    expect(await judge(script(""), { signal: stop.signal })).toMatchObject({
      value: "error",
      observations: [],
    });
    const refusing: Sandbox = {
      ...direct,
      spawn: async () => await Promise.reject(new SandboxError("missing", "no bwrap")),
    };
    expect(await judge(script(""), { sandbox: refusing })).toMatchObject({
      value: "error",
      reason: "the check could not be run: no bwrap",
      observations: [],
    });
  });

  test("that something kills is inconclusive, that crashes is failed", async () => {
    expect(await judge(script("process.kill(process.pid, 'SIGKILL')"))).toMatchObject({
      value: "inconclusive",
    });
    expect(await judge(script("process.kill(process.pid, 'SIGSEGV')"))).toMatchObject({
      value: "failed",
      reason: "was ended by SIGSEGV, expected 0",
    });
  });

  test("may write only the tree and runs in the folder it names", async () => {
    await mkdir(join(directory, "pkg"));
    await judge(script("", { cwd: "pkg" }));
    expect(requests[0]).toMatchObject({
      cwd: join(directory, "pkg"),
      writable: [directory],
      readOnly: expect.arrayContaining(["/usr"]) as string[],
    });
    expect(requests[0]).not.toHaveProperty("mounts");
    expect(await judge(script("", { cwd: "../x" }))).toMatchObject({ value: "error" });
    expect(await judge(script("", { cwd: "gone" }))).toMatchObject({ value: "failed" });
    await symlink("/", join(directory, "root"));
    expect(await judge(script("", { cwd: "root/tmp" }))).toMatchObject({ value: "failed" });
    expect(requests).toHaveLength(1);
  });
});

test("sealed dependencies are shown in the tree", async () => {
  const mounts = [{ source: tmpdir(), path: "node_modules" }];
  await judge(script(""), { mounts });
  expect(requests[0]?.mounts).toEqual({ workspace: directory, list: mounts });
});

test("tests that passed on the base must still pass, and all that passed are told", async () => {
  await file("a.test.mjs", suite("test('adds', () => {}); test('works', () => {});"));
  expect(await judge(tests({ expect: [] }), { baseline: ["works"] })).toMatchObject({
    value: "passed",
    passed: ["adds", "works"],
  });
  expect(await judge(tests(), { baseline: ["gone"] })).toMatchObject({
    value: "failed",
    findings: [{ kind: "testVanished", severity: "blocking" }],
  });
});

test("output that must contain something", async () => {
  const check = script("console.log('so it is')", { outputContains: "so it" });
  expect(await judge(check)).toMatchObject({ value: "passed" });
  expect(await judge({ ...check, outputContains: "not so" } as Check)).toMatchObject({ value: "failed" });
});

/** What a shell and the box end with when the program in them was killed. */
const killed = "process.exit(137)";

test("what is killed inside the box is inconclusive, unless that is what the check expects", async () => {
  await file("a.test.mjs", killed);
  const inconclusive = { value: "inconclusive", reason: expect.stringContaining("SIGKILL") as string };
  expect(await judge(script(killed))).toMatchObject(inconclusive);
  expect(await judge(tests({ command: [node, "a.test.mjs"] }))).toMatchObject(inconclusive);
  expect(await judge(script(killed, { exitCode: 137 }))).toMatchObject({ value: "passed" });
});

describe("tests", () => {
  test("pass when every expected one is reported as passed, by full name or its last segments", async () => {
    await file(
      "a.test.mjs",
      suite("describe('maths', () => { it('adds', () => {}); it('divides', () => {}); });"),
    );
    const judgement = await judge(tests({ expect: ["adds", "maths > divides"] }));
    expect(judgement).toMatchObject({ value: "passed", reason: "2 expected tests passed" });
    expect(judgement.observations[0]?.passed).toEqual(["maths > adds", "maths > divides", "maths"]);
  });

  test("fail when one is not reported, failed, skipped or todo", async () => {
    await file(
      "a.test.mjs",
      suite(
        "test('adds', () => {}); test('bad', () => { throw 1 }); test('off', { skip: true }, () => {}); test.todo('later');",
      ),
    );
    const judgement = await judge(tests({ expect: ["adds", "gone", "bad", "off", "later"] }));
    expect(judgement.value).toBe("failed");
    expect(judgement.reason).toBe(
      'failed: "bad"; not reported: "gone"; skipped or todo: "off", "later"; the command ended with 1',
    );
  });

  test("fail when a namesake of the expected one fails", async () => {
    await file(
      "a.test.mjs",
      suite("test('adds', () => {}); describe('s', () => { it('adds', () => { throw 1 }) });"),
    );
    expect(await judge(tests())).toMatchObject({ value: "failed" });
  });

  test.each([
    ["before any test", "process.exit(0)"],
    ["inside a test", suite("test('adds', () => { process.exit(0) });")],
    ["without tests", ""],
  ])("fail when the program ends with 0 %s", async (_when, code) => {
    await file("a.test.mjs", code);
    expect(await judge(tests())).toMatchObject({ value: "failed" });
    expect(await judge(tests({ expect: [] }))).toMatchObject({ value: "failed" });
    const plain = [node, "a.test.mjs"];
    expect(await judge(tests({ command: plain, expect: [] }))).toMatchObject({ value: "failed" });
  });

  test("without names: at least one must pass and none may fail", async () => {
    await file("a.test.mjs", suite("test('adds', () => {});"));
    expect(await judge(tests({ expect: [] }))).toMatchObject({ value: "passed", reason: "1 test passed" });
    await file("a.test.mjs", suite("test('adds', () => {}); test('bad', () => { throw 1 });"));
    expect(await judge(tests({ expect: [] }))).toMatchObject({ value: "failed" });
  });

  test("fail when the command fails although all expected tests passed", async () => {
    await file("a.test.mjs", suite("test('adds', () => {}); test('other', () => { throw 1 });"));
    expect(await judge(tests())).toMatchObject({ value: "failed", reason: "the command ended with 1" });
  });

  test("are inconclusive when the report cannot be read, and failed when the command failed too", async () => {
    await file("a.test.mjs", "console.log('hello')");
    expect(await judge(tests({ command: [node, "a.test.mjs"] }))).toMatchObject({ value: "inconclusive" });
    await file("a.test.mjs", "console.log('hello'); process.exit(1)");
    expect(await judge(tests({ command: [node, "a.test.mjs"] }))).toMatchObject({ value: "failed" });
  });
});

describe("a report in a file", () => {
  const inFile = (more: Partial<Extract<Check, { kind: "tests" }>> = {}): Check =>
    tests({
      command: [node, "--test", "--test-reporter=junit", "--test-reporter-destination=out.xml", "a.test.mjs"],
      report: { format: "junit", from: { file: "out.xml" } },
      ...more,
    });
  const passing = `<testsuite name="s"><testcase name="adds"/></testsuite>`;

  test("is read after the run", async () => {
    await file("a.test.mjs", suite("describe('s', () => { it('adds', () => {}) });"));
    expect(await judge(inFile({ expect: ["s > adds"] }))).toMatchObject({ value: "passed" });
  });

  test("that came with the tree does not count", async () => {
    await file("out.xml", passing);
    expect(await judge(inFile({ command: [node, "-e", ""] }))).toMatchObject({ value: "failed" });
  });

  test("whose place is taken by a folder is written all the same", async () => {
    await mkdir(join(directory, "out.xml", "deep"), { recursive: true });
    await file("a.test.mjs", suite("describe('s', () => { it('adds', () => {}) });"));
    expect(await judge(inFile({ expect: ["s > adds"] }))).toMatchObject({ value: "passed" });
  });

  test("is not followed out of the tree, nor read from anything but a file", async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), "houston-elsewhere-"));
    await writeFile(join(elsewhere, "out.xml"), passing);
    const link = (to: string, name: string): Check =>
      inFile({
        command: [node, "-e", `fs.symlinkSync(${JSON.stringify(to)}, ${JSON.stringify(name)})`],
        report: { format: "junit", from: { file: name === "dir" ? "dir/out.xml" : name } },
      });
    expect(await judge(link(join(elsewhere, "out.xml"), "out.xml"))).toMatchObject({ value: "inconclusive" });
    expect(await judge(link(elsewhere, "dir"))).toMatchObject({ value: "inconclusive" });
    const pipe = inFile({ command: ["mkfifo", "pipe"], report: { format: "junit", from: { file: "pipe" } } });
    expect(await judge(pipe)).toMatchObject({ value: "inconclusive" });
    const outside = inFile({ report: { format: "junit", from: { file: "../out.xml" } } });
    expect(await judge(outside)).toMatchObject({ value: "error" });
    await rm(elsewhere, { recursive: true });
  });
});

test("tests of files that the plan allows to change may vanish, others may not", async () => {
  const verifier = createVerifier({ sandbox: createNoSandbox(), readOnly: [], clock: systemClock });
  const before = (text: string): Uint8Array => Buffer.from(text);
  const changes = [
    { path: "test/old.test.js", before: before('test("adds", …); test("subtracts", …)') },
    { path: "spec/kept.test.js", before: before('test("divides", …)') },
  ];
  const names = ["sums > adds", "sums > divides", "multiplies"];
  expect(await verifier.mayVanish(names, changes, ["test/**"])).toEqual(["sums > adds"]);
});
