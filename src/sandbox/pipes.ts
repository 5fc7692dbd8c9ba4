/**
 * Starts a program with a file as its input and named pipes for its output. What Node calls a pipe is a socket,
 * and a socket cannot be opened again: `cat /dev/stdin` and `echo >/dev/stderr`, ordinary in scripts, would fail
 * in here and work in a terminal.
 */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, constants, fchmodSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SandboxError } from "../ports/sandbox.ts";
import { pipeOf } from "./descriptors.ts";

export interface PipedProgram {
  child: ChildProcess;
  stdout: Socket;
  stderr: Socket;
}

/** A name for a file that gives no access to it; Linux, not in `fs.constants`. */
const pathOnly = 0o10_000_000;
const batch = 24;
/** Pipes without a name, made in batches because only a program can make them; each is used once. */
const stock: number[] = [];

/** `input` is its standard input; `stdio` in `options` is what follows the three standard descriptors. */
export async function startOnPipes(
  file: string,
  argv: string[],
  input: Uint8Array,
  options: Omit<SpawnOptions, "stdio"> & { stdio: ("pipe" | "ignore" | number)[] },
): Promise<PipedProgram> {
  if (process.platform !== "linux") return startOnSockets(file, argv, input, options);
  while (stock.length < 2) await restock();
  const [stdin, stdout, stderr] = [openInput(input), openPipe(), openPipe()];
  try {
    const child = spawn(file, argv, {
      ...options,
      stdio: [stdin, stdout.writer, stderr.writer, ...options.stdio],
    });
    child.on("error", () => undefined);
    return { child, stdout: nearEnd(stdout.reader), stderr: nearEnd(stderr.reader) };
  } finally {
    for (const fd of [stdin, stdout.writer, stderr.writer]) closeSync(fd);
  }
}

/** Where named pipes have no /proc to be opened through. */
function startOnSockets(
  file: string,
  argv: string[],
  input: Uint8Array,
  options: Omit<SpawnOptions, "stdio">,
): PipedProgram {
  const child = spawn(file, argv, { ...options, stdio: ["pipe", "pipe", "pipe"] });
  child.on("error", () => undefined);
  // Listened to from the start: child_process discards what nobody listens for when the process has ended.
  const output = (fd: number): Socket => pipeOf(child, fd).on("readable", () => undefined);
  pipeOf(child, 0).end(input);
  return { child, stdout: output(1), stderr: output(2) };
}

/**
 * The folder is private, and gone when the shell hears that we are done, or dead. In a jail, the account must be
 * able to open its own descriptors, hence the mode.
 */
const makePipes = `
trap '' PIPE
umask 077 && mkdir "$1" && cd "$1" && trap 'rm -r "$1"' EXIT
mkfifo -m 666 $(seq ${String(batch)}) && echo made && read -r word`;

async function restock(): Promise<void> {
  const folder = join(tmpdir(), `houston-pipes-${randomUUID()}`);
  const shell = spawn("/bin/sh", ["-c", makePipes, "houston", folder], {
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const made = await new Promise<boolean>((resolve) => {
    shell.stdout.once("data", () => {
      resolve(true);
    });
    for (const event of ["error", "exit"]) {
      shell.once(event, () => {
        resolve(false);
      });
    }
  });
  try {
    if (!made) throw new Error("mkfifo failed");
    for (let name = 1; name <= batch; name += 1) stock.push(openSync(join(folder, String(name)), pathOnly));
  } catch (cause) {
    throw new SandboxError("refused", `pipes could not be made in ${tmpdir()}`, { cause });
  } finally {
    shell.stdin.on("error", () => undefined).end();
  }
}

/** A file without a name. Not a named pipe: to open one of those for reading waits for a writer. */
function openInput(input: Uint8Array): number {
  const path = join(tmpdir(), `houston-input-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  try {
    unlinkSync(path);
    writeFileSync(file, input);
    // Nobody can reach it any more but through the descriptor, which a jailed account may want to open again.
    fchmodSync(file, 0o444);
    return openSync(`/proc/self/fd/${String(file)}`, constants.O_RDONLY);
  } finally {
    closeSync(file);
  }
}

/** Our end never blocks, the program's does; opening both ways first keeps either from waiting for the other. */
function openPipe(): { reader: number; writer: number } {
  const name = stock.pop();
  if (name === undefined) throw new SandboxError("refused", "no pipes left");
  const path = `/proc/self/fd/${String(name)}`;
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    return {
      reader: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
      writer: openSync(path, constants.O_WRONLY),
    };
  } finally {
    closeSync(both);
    closeSync(name);
  }
}

/** Errors (the other side is gone) end the stream and are no event. */
function nearEnd(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false }).on("error", () => undefined);
}
