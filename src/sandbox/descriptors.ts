/** Keeping descriptors out of the box, and the streams of a started process. */
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { SandboxError } from "../ports/sandbox.ts";

const closeOnExec = 0o2_000_000;

/**
 * Node closes what it opened itself, but not what its own parent left open under a high number. Such descriptors
 * are replaced by /dev/null: an entry for each from `first` on, to append to `stdio`.
 */
export function maskInherited(first: number): { stdio: (number | "ignore")[]; close: () => void } {
  const leaking = readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd >= first && isInherited(fd));
  if (leaking.length === 0) return { stdio: [], close: () => undefined };
  const nothing = openSync("/dev/null", "r");
  const stdio = Array.from({ length: Math.max(...leaking) - first + 1 }, (_, index) =>
    leaking.includes(first + index) ? nothing : ("ignore" as const),
  );
  return {
    stdio,
    close: () => {
      closeSync(nothing);
    },
  };
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${String(fd)}`, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    return false;
  }
}

/** The runner's end of a piped descriptor. Errors (the other side is gone) end the stream and are no event. */
export function pipeOf(child: ChildProcess, fd: number): Socket {
  const stream: unknown = child.stdio[fd];
  if (!(stream instanceof Socket)) {
    throw new SandboxError(
      "refused",
      "the system refused to start another process: no descriptors or processes left",
    );
  }
  stream.on("error", () => undefined);
  return stream;
}

/** What a process prints; ends without an error when the pipe breaks. Both outputs must be read, or it blocks. */
export async function* byteChunks(stream: Socket): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk;
  } catch {
    // A broken pipe is the end of the output.
  }
}

/** The same, for a process whose escaped children may hold the pipe open: ends soon after `ended`. */
export async function* byteChunksUntil(
  stream: Socket,
  ended: Promise<unknown>,
): AsyncGenerator<Uint8Array, void, undefined> {
  void closeWhenQuiet(stream, ended);
  yield* byteChunks(stream);
}

/** What is still in the pipe is read first, for at most five seconds. */
async function closeWhenQuiet(stream: Socket, ended: Promise<unknown>): Promise<void> {
  await ended;
  let seen = -1;
  for (let round = 0; round < 50 && !stream.destroyed && !stream.readableEnded; round += 1) {
    if (seen === stream.bytesRead && stream.readableLength === 0) break;
    seen = stream.bytesRead;
    await sleep(100);
  }
  stream.destroy();
}
