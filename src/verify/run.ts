/** Runs one program in the box, bounded in time and output, and says how it ended. */
import type { Clock } from "../ports/clock.ts";
import type { JailProcess, Mount, Sandbox } from "../ports/sandbox.ts";

export interface RunRequest {
  argv: string[];
  cwd: string;
  /** The tree being judged: all that may be written. */
  directory: string;
  mounts: readonly Mount[];
  readOnly: string[];
  env?: Record<string, string>;
  stdin?: string;
  timeoutMs: number;
  signal: AbortSignal;
}

export type RunEnd =
  | { kind: "exited"; exitCode: number | null; signal: string | null }
  | { kind: "timedOut" }
  | { kind: "cancelled" };

export interface Run {
  end: RunEnd;
  durationMs: number;
  /** Standard output and error as they came: beginning and end. */
  output: Uint8Array;
  /** Standard output alone, from its beginning. */
  stdout: string;
  stdoutCut: boolean;
}

export const maxOutputBytes = 1024 * 1024;
const maxStdoutBytes = 32 * 1024 * 1024;
/** After the signal, the sandbox has this long to end the tree. */
const endWithinMs = 15_000;

/** All that a check sees of the host; answers nothing interactively, writes no snapshots. */
const checkEnv = { CI: "1", NO_COLOR: "1" };

/** Rejects with what the sandbox threw, or when it cannot end the program. */
export async function runBounded(sandbox: Sandbox, clock: Clock, request: RunRequest): Promise<Run> {
  const { argv, cwd, directory, mounts, readOnly, timeoutMs } = request;
  const startedMs = clock.monotonicMs();
  const stop = new AbortController();
  const over = new AbortController();
  let timedOut = false;
  const deadline = clock.pause(timeoutMs, over.signal).then(() => {
    if (over.signal.aborted) return;
    timedOut = true;
    stop.abort();
  });
  const cancel = (): void => {
    stop.abort();
  };
  request.signal.addEventListener("abort", cancel, { once: true });
  try {
    if (request.signal.aborted) throw new Error("cancelled before it was started");
    const child = await sandbox.spawn({
      argv,
      cwd,
      writable: [directory],
      readOnly,
      ...(mounts.length === 0 ? {} : { mounts: { workspace: directory, list: [...mounts] } }),
      env: { ...checkEnv, ...request.env },
      stdin: Buffer.from(request.stdin ?? ""),
      signal: stop.signal,
    });
    const both = new HeadAndTail(maxOutputBytes);
    const stdout = new HeadAndTail(maxStdoutBytes);
    const ended = Promise.all([child.exit, drain(child.stdout, both, stdout), drain(child.stderr, both)]);
    const exit = await endOf(child, ended, stop.signal, clock, over.signal);
    const durationMs = Math.max(0, Math.round(clock.monotonicMs() - startedMs));
    const end: RunEnd = timedOut
      ? { kind: "timedOut" }
      : request.signal.aborted
        ? { kind: "cancelled" }
        : { kind: "exited", exitCode: exit.code, signal: exit.signal };
    const text = new TextDecoder().decode(stdout.bytes());
    return { end, durationMs, output: both.bytes(), stdout: text, stdoutCut: stdout.cut };
  } finally {
    over.abort();
    await deadline;
    request.signal.removeEventListener("abort", cancel);
  }
}

/** Waits for the end of the tree, but not for ever once it has been told to end. */
async function endOf(
  child: JailProcess,
  ended: Promise<unknown>,
  stopped: AbortSignal,
  clock: Clock,
  over: AbortSignal,
): Promise<{ code: number | null; signal: string | null }> {
  const told = new Promise<void>((resolve) => {
    if (stopped.aborted) resolve();
    stopped.addEventListener("abort", () => {
      resolve();
    });
  });
  const stuck = told.then(async () => {
    await clock.pause(endWithinMs, over);
    return "stuck" as const;
  });
  const first = await Promise.race([ended.then(() => "ended" as const), stuck]);
  if (first === "stuck") throw new Error(`the program did not end within ${endWithinMs} ms of being told to`);
  return await child.exit;
}

async function drain(stream: AsyncIterable<Uint8Array>, ...into: HeadAndTail[]): Promise<void> {
  for await (const chunk of stream) for (const target of into) target.add(chunk);
}

/** The first and the last half of a budget of bytes, with a note of what lies between. */
export class HeadAndTail {
  readonly #half: number;
  readonly #head: Uint8Array[] = [];
  #tail: Uint8Array[] = [];
  #headBytes = 0;
  #tailBytes = 0;
  #droppedBytes = 0;

  constructor(maxBytes: number) {
    this.#half = Math.floor(maxBytes / 2);
  }

  get cut(): boolean {
    return this.#droppedBytes > 0;
  }

  add(chunk: Uint8Array): void {
    const room = Math.min(this.#half - this.#headBytes, chunk.length);
    if (room > 0) this.#head.push(chunk.slice(0, room));
    this.#headBytes += room;
    if (room === chunk.length) return;
    this.#tail.push(chunk.slice(room));
    this.#tailBytes += chunk.length - room;
    if (this.#tailBytes > 2 * this.#half) this.#trim();
  }

  bytes(): Uint8Array {
    this.#trim();
    const note = this.cut ? [Buffer.from(`\n[… ${this.#droppedBytes} bytes left out …]\n`)] : [];
    return Buffer.concat([...this.#head, ...note, ...this.#tail]);
  }

  #trim(): void {
    const extra = this.#tailBytes - this.#half;
    if (extra <= 0) return;
    this.#tail = [Buffer.concat(this.#tail).subarray(extra)];
    this.#tailBytes = this.#half;
    this.#droppedBytes += extra;
  }
}
