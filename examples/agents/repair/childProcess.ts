/** Runs one command to its end, within a time and an output limit, and leaves no child of it behind. */

import { spawn } from "node:child_process";

export interface Exit {
  /** 124 when the time limit ended it, 127 when it could not be started. */
  readonly exitCode: number;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

export interface RunOptions {
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Output is discarded: results are read from report files, which the code under test does not print into. */
export function run(command: readonly string[], options: RunOptions): Promise<Exit> {
  const [program = "", ...args] = command;
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: "ignore",
      detached: true, // its own process group, so that grandchildren die with it
    });
    let timedOut = false;
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
      killGroup();
      resolve({ exitCode: timedOut ? 124 : exitCode, timedOut, durationMs: performance.now() - startedMs });
    };
    child.on("error", () => settle(127));
    child.on("exit", (code) => settle(code ?? 1));
  });
}
