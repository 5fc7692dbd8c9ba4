/** Runs one command to its end, within a time and an output limit, and leaves no child of it behind. */

import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";

export interface Exit {
  /** 124 when the time limit ended it, 127 when it could not be started. */
  readonly exitCode: number;
  readonly timedOut: boolean;
  readonly durationMs: number;
  /** What it printed on standard output, from the start; the rest beyond a limit is dropped. */
  readonly stdout: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Folders with programs, looked through before those of PATH. */
  readonly binFolders?: readonly string[];
}

const MAX_STDOUT_BYTES = 16_777_216;
/** Output that a grandchild holds open is not waited for longer than this. */
const DRAIN_MS = 500;
/** Would make the runs of tests behave as children of whoever runs this agent. */
const NOT_INHERITED = ["NODE_TEST_CONTEXT", "NODE_V8_COVERAGE", "NODE_OPTIONS", "VITEST", "JEST_WORKER_ID"];

export function run(command: readonly string[], options: RunOptions): Promise<Exit> {
  const [program = "", ...args] = command;
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...inheritedEnvironment(options.binFolders ?? []), ...options.env },
      stdio: ["ignore", "pipe", "ignore"],
      detached: true, // its own process group, so that grandchildren die with it
    });
    let timedOut = false;
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      if (sizeBytes < MAX_STDOUT_BYTES) chunks.push(chunk);
      sizeBytes += chunk.length;
    });
    const killGroup = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // the group has ended by itself
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup();
    }, options.timeoutMs);
    const settle = (exitCode: number): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      const stdout = Buffer.concat(chunks).toString("utf8");
      const durationMs = performance.now() - startedMs;
      resolve({ exitCode: timedOut ? 124 : exitCode, timedOut, durationMs, stdout });
    };
    child.on("error", () => settle(127));
    child.on("exit", (code) => {
      killGroup();
      const drain = setTimeout(() => settle(code ?? 1), DRAIN_MS);
      child.on("close", () => {
        clearTimeout(drain);
        settle(code ?? 1);
      });
    });
  });
}

/** The Node that runs this agent comes first: a jail's PATH need not hold any. */
function inheritedEnvironment(binFolders: readonly string[]): Record<string, string> {
  const own = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || NOT_INHERITED.includes(name) ? [] : [[name, value] as const],
  );
  const path = [...binFolders, dirname(process.execPath), process.env["PATH"] ?? "/usr/bin:/bin"];
  return { ...Object.fromEntries(own), PATH: path.join(delimiter) };
}
