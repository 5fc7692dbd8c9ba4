// Program agents: real programs in sh and Node, in the real box and without one.
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AttemptReport } from "../ports/agent.ts";
import type { Clock } from "../ports/clock.ts";
import type { Mount, Sandbox } from "../ports/sandbox.ts";
import type { Brief } from "../protocol/brief.ts";
import { createBubblewrap } from "../sandbox/bubblewrap.ts";
import { createNoSandbox } from "../sandbox/none.ts";
import { createProgramAgent } from "./program.ts";

/** Stands still until it is moved. */
class ManualClock implements Clock {
  #now = 0;
  #waits: { at: number; done: () => void }[] = [];
  now(): number {
    return this.#now;
  }
  monotonicMs(): number {
    return this.#now;
  }
  async wait(at: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((done) => {
      this.#waits.push({ at, done });
      signal.addEventListener("abort", () => {
        done();
      });
    });
  }
  pause(durationMs: number, signal: AbortSignal): Promise<void> {
    return this.wait(this.#now + durationMs, signal);
  }
  advance(byMs: number): void {
    this.#now += byMs;
    for (const wait of this.#waits) if (wait.at <= this.#now) wait.done();
  }
}

const brief: Brief = {
  schemaVersion: 1,
  mission: { id: "m", goal: "ship" },
  task: { id: "t", goal: "write" },
  attempt: { id: "t.1", number: 1 },
  assertions: [],
  handoffs: [],
  facts: [],
  previous: [],
  limits: { timeoutMs: 60_000 },
};

const line = (value: unknown): string => `echo '${JSON.stringify(value)}'`;
const handoff = (status: string, summary = "words"): string => line({ type: "handoff", status, summary });

let root: string;
let workspace: string;
let scripts: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "houston-agent-")));
  await chmod(root, 0o755);
  [workspace, scripts] = [join(root, "workspace"), join(root, "scripts")];
  await mkdir(workspace);
  await mkdir(scripts);
  await createBubblewrap().adopt(workspace);
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

interface Performed {
  report: AttemptReport;
  spooled: string;
}

interface Change {
  inactivityMs?: number;
  signal?: AbortSignal;
  onSpooled?: (all: string) => void;
  clock?: Clock;
  env?: Record<string, string>;
  mounts?: Mount[];
}

async function perform(sandbox: Sandbox, command: string[], change: Change = {}): Promise<Performed> {
  let spooled = "";
  const agent = createProgramAgent({
    sandbox,
    clock: change.clock ?? new ManualClock(),
    ...(change.env === undefined ? {} : { env: change.env }),
  });
  const report = await agent.perform({
    agent: {
      kind: "program",
      command,
      readOnly: [],
      inactivityMs: change.inactivityMs ?? 60_000,
      reserve: {},
    },
    brief,
    ...(change.mounts === undefined ? {} : { mounts: change.mounts }),
    directory: workspace,
    signal: change.signal ?? new AbortController().signal,
    spool: {
      write: (chunk) => {
        spooled += Buffer.from(chunk).toString("utf8");
        change.onSpooled?.(spooled);
      },
      close: async () => undefined,
    },
  });
  return { report, spooled };
}

const boxes: [string, Sandbox][] = [
  ["bubblewrap", createBubblewrap({ graceMs: 200 })],
  ["none", createNoSandbox({ graceMs: 200 })],
];

describe.each(boxes)("a program in %s", (_, sandbox) => {
  const sh = async (script: string, change: Change = {}): Promise<Performed> =>
    await perform(sandbox, ["sh", "-c", script], change);

  test("finds sealed dependencies in its folder", async () => {
    const source = join(root, "sealed");
    await mkdir(source, { recursive: true });
    await writeFile(join(source, "dependency"), "sealed");
    const mounts = [{ source, path: "node_modules" }];
    const { spooled } = await sh(`cat node_modules/dependency; ${handoff("done")}`, { mounts });
    expect(spooled).toMatch(/^sealed\{/);
  });

  test("gets the brief, works in its folder, hands off", async () => {
    await writeFile(join(scripts, "beside.mjs"), "export const word = 'beside';\n");
    await writeFile(
      join(scripts, "agent.mjs"),
      `import { readFileSync, writeFileSync } from "node:fs";
      import { word } from "./beside.mjs";
      const brief = JSON.parse(readFileSync(0, "utf8"));
      writeFileSync("made.txt", [word, brief.task.goal, process.env.KEY].join(" "));
      console.log(JSON.stringify({ type: "progress", text: "half", fraction: 0.5 }));
      console.log("chatter"); console.error("mutter");
      console.log(JSON.stringify({ type: "usage", tokens: 5 }));
      console.log(JSON.stringify({ type: "usage", tokens: 7, costMicroUsd: 3 }));
      console.log(JSON.stringify({ type: "usage", tokens: -1000 }));
      process.stdout.write(JSON.stringify({ type: "handoff", status: "done", summary: "made", done: ["it"] }));`,
    );
    const { report, spooled } = await perform(sandbox, ["node", join(scripts, "agent.mjs")], {
      env: { KEY: "k" },
    });
    expect(report).toMatchObject({ status: "handedOff", usage: { tokens: 12, costMicroUsd: 3 } });
    const nothing = { leftUndone: [], commands: [], testsAdded: [], issues: [], deviations: [] };
    expect(report.status === "handedOff" && report.handoff).toEqual({
      status: "done",
      summary: "made",
      done: ["it"],
      ...nothing,
    });
    expect(spooled).toContain("chatter\n");
    expect(spooled).toContain("mutter\n");
    expect(report.status === "handedOff" && Buffer.from(report.output ?? []).toString()).toContain("chatter");
    expect(await readFile(join(workspace, "made.txt"), "utf8")).toBe("beside write k");
  });

  test("its claim names what is done about it", async () => {
    expect((await sh(handoff("partial"))).report.status).toBe("handedOff");
    for (const [status, code] of [
      ["failed", "agentFailed"],
      ["blocked", "blocked"],
      ["impossible", "impossible"],
    ] as const) {
      const { report } = await sh(handoff(status));
      expect(report).toMatchObject({ status: "failed", error: { code, message: "words" } });
    }
  });

  test("an exit code counts more than a handoff, and says what stderr said", async () => {
    const { report } = await sh(`${handoff("done")}; echo 'no such tool' >&2; exit 4`);
    expect(report).toMatchObject({ status: "failed", error: { code: "agentFailed" } });
    expect(report.status === "failed" && report.error.message).toBe(
      "the program exited with 4: no such tool",
    );
    expect((await perform(sandbox, ["nonesuch"])).report.status).toBe("failed");
  });
});

describe.each(boxes)("the lines of a program in %s", (_, sandbox) => {
  const sh = async (script: string, change: Change = {}): Promise<Performed> =>
    await perform(sandbox, ["sh", "-c", script], change);

  test("no handoff, a wrong one, or two are malformed; a wrong one before a right one is noise", async () => {
    const message = async (script: string): Promise<string> => {
      const { report } = await sh(script);
      return report.status === "failed" ? `${report.error.code}: ${report.error.message}` : report.status;
    };
    expect(await message("echo hello; echo '{broken'")).toMatch(
      /^malformedHandoff: .*without a handoff.*2 other/,
    );
    expect(await message(`echo hello; ${handoff("perfect")}`)).toMatch(/^malformedHandoff: line 2: status: /);
    expect(await message(`${handoff("done")}; ${handoff("done")}`)).toMatch(
      /^malformedHandoff: .*lines 1, 2/,
    );
    expect(await message(`${handoff("perfect")}; ${handoff("done")}`)).toBe("handedOff");
  });

  test("a line beyond all bounds is dropped, the rest is read", async () => {
    const { report } = await sh(`head -c 3000000 /dev/zero | tr '\\0' x; echo; ${handoff("done")}`);
    expect(report.status).toBe("handedOff");
    expect(report.status === "handedOff" && (report.output?.length ?? 0)).toBeLessThanOrEqual(1_048_576);
  });

  test("silence ends it", async () => {
    const clock = new ManualClock();
    const { report } = await sh("echo a; exec sleep 1000", {
      clock,
      inactivityMs: 500,
      onSpooled: () => {
        // After the wait for the next byte has begun again.
        setImmediate(() => {
          clock.advance(500);
        });
      },
    });
    expect(report).toMatchObject({ status: "failed", error: { code: "stall" } });
  });

  test("a word now and then keeps it alive", async () => {
    const clock = new ManualClock();
    let words = 0;
    const script = `for i in 1 2 3 4; do echo $i >&2; sleep 0.02; done; ${handoff("done")}`;
    const { report } = await sh(script, {
      clock,
      inactivityMs: 500,
      onSpooled: () => {
        words += 1;
        setImmediate(() => {
          clock.advance(400);
        });
      },
    });
    expect(words).toBeGreaterThan(1);
    expect(report.status).toBe("handedOff");
  });
});

describe.each(boxes)("ending a program in %s", (_, sandbox) => {
  const sh = async (script: string, change: Change = {}): Promise<Performed> =>
    await perform(sandbox, ["sh", "-c", script], change);

  test("aborting interrupts it, before and while it works", async () => {
    expect((await sh("true", { signal: AbortSignal.abort() })).report).toEqual({
      status: "interrupted",
      usage: {},
    });
    const stop = new AbortController();
    const { report } = await sh(`${line({ type: "usage", tokens: 9 })}; echo up; trap '' TERM; sleep 1000`, {
      signal: stop.signal,
      onSpooled: (all) => {
        if (all.includes("up")) stop.abort();
      },
    });
    expect(report).toEqual({ status: "interrupted", usage: { tokens: 9 } });
  });
});

test("a sandbox that refuses is a failure of the sandbox, not an exception", async () => {
  const missing = createBubblewrap({ toolFolders: ["/nonesuch"] });
  const { report } = await perform(missing, ["true"]);
  expect(report).toMatchObject({ status: "failed", error: { code: "sandbox" } });
  expect(report.status === "failed" && report.error.message).toMatch(/bubblewrap` as root/);
});

test("a program beside the workspace is shown alone, and what else lies there is not", async () => {
  await writeFile(
    join(root, "agent.sh"),
    `cat ${join(root, "held-out")} || ${handoff("done", "cannot see it")}\n`,
  );
  await writeFile(join(root, "held-out"), "secret check\n");
  const { report, spooled } = await perform(createBubblewrap(), ["sh", join(root, "agent.sh")]);
  expect(spooled).not.toContain("secret check");
  expect(report.status).toBe("handedOff");
});
