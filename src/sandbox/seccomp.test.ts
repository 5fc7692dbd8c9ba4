// The filter of system calls: run here for every architecture, and by the kernel for this one.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBubblewrap } from "./bubblewrap.ts";
import { architectures, systemCallFilter } from "./seccomp.ts";

const allowed = 0x7fff_0000;
const notPermitted = 0x0005_0001;
const notThere = 0x0005_0026;

/** What the kernel does with a filter: linux/filter.h, as far as ours needs it. */
function judge(filter: Uint8Array, number: number, audit: number, argument = 0): number {
  const program = new DataView(filter.buffer);
  const data = new Map([
    [0, number],
    [4, audit],
    [16, argument],
  ]);
  let value = 0;
  for (let index = 0; index < filter.length / 8; index += 1) {
    const [code, k] = [program.getUint16(index * 8, true), program.getUint32(index * 8 + 4, true)];
    const jump = (isTrue: boolean): number => program.getUint8(index * 8 + (isTrue ? 2 : 3));
    if (code === 0x20) value = data.get(k) ?? Number.NaN;
    else if (code === 0x15) index += jump(value === k);
    else if (code === 0x35) index += jump(value >= k);
    else if (code === 0x45) index += jump((value & k) !== 0);
    else if (code === 0x06) return k;
    else throw new Error(`unknown instruction ${String(code)}`);
  }
  throw new Error("ran off the end");
}

describe.each(Object.entries(architectures))(
  "the filter for %s",
  (name, { audit, clone, denied, foreignFrom }) => {
    const filter = systemCallFilter(name) ?? new Uint8Array();

    test("refuses what is denied and nothing else", () => {
      const numbers = Object.values(denied);
      expect(new Set(numbers).size).toBe(numbers.length);
      for (let number = 0; number < 500; number += 1) {
        const expected = number === 435 ? notThere : numbers.includes(number) ? notPermitted : allowed;
        expect(judge(filter, number, audit), String(number)).toBe(expected);
      }
    });

    test("lets processes and threads be made, without namespaces", () => {
      const thread = 0x003d_0f00;
      expect(judge(filter, clone, audit, thread)).toBe(allowed);
      expect(judge(filter, clone, audit, 17)).toBe(allowed);
      for (const flag of [
        0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
      ]) {
        expect(judge(filter, clone, audit, flag | 17)).toBe(notPermitted);
      }
    });

    test("refuses calls under another architecture's numbers", () => {
      expect(judge(filter, 0, 0x4000_0003)).toBe(notPermitted);
      if (foreignFrom !== undefined) expect(judge(filter, foreignFrom, audit)).toBe(notPermitted);
    });
  },
);

test("there is none for an architecture whose calls are not known", () => {
  expect(systemCallFilter("s390x")).toBeUndefined();
});

describe("in a jail", () => {
  const sandbox = createBubblewrap({ graceMs: 300 });
  let workspace: string;
  beforeAll(async () => {
    workspace = await realpath(await mkdtemp(join(tmpdir(), "houston-seccomp-")));
    await sandbox.adopt(workspace);
  });
  afterAll(async () => {
    await rm(workspace, { recursive: true, force: true });
  });
  const run = async (...argv: string[]): Promise<string> => {
    const jail = await sandbox.spawn({
      argv,
      cwd: workspace,
      writable: [workspace],
      readOnly: [],
      env: {},
      stdin: new Uint8Array(),
      signal: new AbortController().signal,
    });
    const [out, err] = await Promise.all([text(jail.stdout), text(jail.stderr), jail.exit]);
    return out + err;
  };

  test("the kernel holds every program to it", async () => {
    expect(await run("sh", "-c", "grep ^Seccomp: /proc/self/status")).toMatch(/^Seccomp:\s+2\n$/);
    // Without the filter the reason is that there is no room for more namespaces.
    expect(await run("unshare", "--user", "true")).toMatch(/not permitted/);
  });

  test("every denied call is refused, tracing one's own children too (case 9)", async () => {
    const denied = architectures[process.arch]?.denied ?? {};
    // With arguments that are wrong: what is not refused says so in another way. 0 is PTRACE_TRACEME.
    const script = 'for (@ARGV) { $! = 0; my $r = syscall($_, 0, -1, -1, -1, -1); print "$_ ", $!+0, "\\n" }';
    const numbers = Object.values(denied).map(String);
    const out = await run("perl", "-e", script, ...numbers);
    expect(out.trim().split("\n")).toEqual(numbers.map((number) => `${number} 1`));
  });

  test("programs make threads and processes as ever", async () => {
    const script = `
      const { Worker } = require("node:worker_threads");
      new Worker("require('node:worker_threads').parentPort.postMessage('thread')", { eval: true })
        .on("message", (m) => console.log(m, require("node:child_process").execFileSync("echo", ["process"]).toString().trim()));`;
    expect(await run("node", "-e", script)).toBe("thread process\n");
  });
});
