/** Runs programs for the evaluation: bounded in time, with Houston's own Node first on the path. */
import { spawn } from "node:child_process";
import { dirname } from "node:path";

export interface Ended {
  /** Null when it ran out of time or a signal ended it. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd: string;
  timeoutMs?: number;
  stdin?: string;
}

const defaultTimeoutMs = 120_000;

/** Never rejects for how the program ended; its whole process group ends with its time. */
export async function run(command: readonly string[], options: RunOptions): Promise<Ended> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`, NO_COLOR: "1" },
  });
  const chunks = { stdout: new Array<Buffer>(), stderr: new Array<Buffer>() };
  child.stdout.on("data", (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.stderr.push(chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  const end = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  };
  const timer = setTimeout(end, options.timeoutMs ?? defaultTimeoutMs);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  }).finally(() => clearTimeout(timer));
  const textOf = (list: Buffer[]): string => Buffer.concat(list).toString("utf8");
  return { exitCode, stdout: textOf(chunks.stdout), stderr: textOf(chunks.stderr) };
}

/** What a program printed; throws unless it ends with 0. */
export async function output(command: readonly string[], options: RunOptions): Promise<string> {
  const ended = await run(command, options);
  if (ended.exitCode === 0) return ended.stdout;
  throw new Error(
    `${command.join(" ")} ended with ${String(ended.exitCode)} in ${options.cwd}: ${ended.stderr.slice(-2_000)}${ended.stdout.slice(-1_000)}`,
  );
}

/** Independent of how the user's git is set up. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const settings = ["safe.directory=*", "user.name=Houston", "user.email=houston@localhost", "gc.auto=0"];
  return await output(["git", ...settings.flatMap((setting) => ["-c", setting]), ...args], { cwd });
}
