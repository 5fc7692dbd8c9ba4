/**
 * An agent that is any program: it reads the brief as JSON on its standard input, works in its folder, prints
 * program lines (see protocol/handoff.ts) among whatever else it prints, and ends with one handoff.
 */
import type { Agent, AttemptReport, AttemptRequest } from "../ports/agent.ts";
import type { Clock } from "../ports/clock.ts";
import { SandboxError, type JailExit, type JailProcess, type Sandbox } from "../ports/sandbox.ts";
import type { CallError } from "../protocol/call.ts";
import { readOnlyFor } from "./bindings.ts";
import { createLineSplitter } from "./lines.ts";
import { createProgramOutput } from "./programOutput.ts";
import { createTranscript, type Transcript } from "./transcript.ts";

export interface ProgramAgentOptions {
  sandbox: Sandbox;
  clock: Clock;
  /** Given to every program, beside PATH, HOME and TMPDIR. */
  env?: Record<string, string>;
}

const maxLineBytes = 1_048_576;
const maxOutputBytes = 268_435_456;
/** Kept with the attempt; small enough to commit with its event, the notice included. */
const maxTranscriptBytes = 1_048_576 - 256;
const maxComplaintBytes = 4_000;

/** Runs the program in the sandbox; everything it says is a claim, and no failure of it throws. */
export function createProgramAgent(options: ProgramAgentOptions): Agent<"program"> {
  return {
    kind: "program",
    async perform(request) {
      const run = new ProgramRun(options, request);
      try {
        return await run.perform();
      } catch (error) {
        return run.report(failureToRun(error));
      }
    },
  };
}

class ProgramRun {
  readonly #options: ProgramAgentOptions;
  readonly #request: AttemptRequest<"program">;
  readonly #lines = createLineSplitter(maxLineBytes);
  readonly #output = createProgramOutput();
  readonly #transcript: Transcript = createTranscript(maxTranscriptBytes);
  readonly #complaint: Transcript = createTranscript(maxComplaintBytes);
  /** Aborts when we end the program for a reason of our own. */
  readonly #stop = new AbortController();
  #stopReason: CallError | undefined;
  /** On the clock that never jumps. */
  #lastByteMs: number;
  #sizeBytes = 0;

  constructor(options: ProgramAgentOptions, request: AttemptRequest<"program">) {
    this.#options = options;
    this.#request = request;
    this.#lastByteMs = options.clock.monotonicMs();
  }

  async perform(): Promise<AttemptReport> {
    const { agent, brief, directory, mounts = [], signal } = this.#request;
    const jail = await this.#options.sandbox.spawn({
      argv: agent.command,
      cwd: directory,
      writable: [directory],
      readOnly: await readOnlyFor(agent.command, agent.readOnly, directory),
      mounts: { workspace: directory, list: mounts },
      env: this.#options.env ?? {},
      stdin: Buffer.from(`${JSON.stringify(brief)}\n`),
      signal: AbortSignal.any([signal, this.#stop.signal]),
    });
    this.#lastByteMs = this.#options.clock.monotonicMs();
    const ended = new AbortController();
    const watched = this.#watchInactivity(ended.signal);
    try {
      const exit = await this.#listen(jail);
      return this.report(this.#stopReason ?? failureOf(exit, this.#complaint));
    } finally {
      ended.abort();
      // Nothing of the program may be left, whatever went wrong here.
      this.#stop.abort();
      await Promise.all([watched, jail.exit]);
    }
  }

  report(failure: CallError | undefined): AttemptReport {
    const usage = this.#output.usage();
    if (this.#request.signal.aborted) return { status: "interrupted", usage };
    const printed = this.#transcript.bytes();
    const output = printed.length === 0 ? {} : { output: printed };
    if (failure !== undefined) return { status: "failed", error: failure, usage, ...output };
    const conclusion = this.#output.conclude();
    return "error" in conclusion
      ? { status: "failed", error: conclusion.error, usage, ...output }
      : { status: "handedOff", handoff: conclusion.handoff, usage, ...output };
  }

  async #listen(jail: JailProcess): Promise<JailExit> {
    const readOutput = async (): Promise<void> => {
      for await (const chunk of jail.stdout) {
        this.#heard(chunk);
        for (const line of this.#lines.push(chunk)) this.#output.read(line);
      }
      for (const line of this.#lines.end()) this.#output.read(line);
    };
    const readComplaints = async (): Promise<void> => {
      for await (const chunk of jail.stderr) {
        this.#heard(chunk);
        this.#complaint.write(chunk);
      }
    };
    const [exit] = await Promise.all([jail.exit, readOutput(), readComplaints()]);
    return exit;
  }

  #heard(chunk: Uint8Array): void {
    this.#lastByteMs = this.#options.clock.monotonicMs();
    this.#request.spool.write(chunk);
    this.#transcript.write(chunk);
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > maxOutputBytes) {
      this.#end({
        code: "agentFailed",
        message: `the program printed more than ${String(maxOutputBytes)} bytes`,
      });
    }
  }

  async #watchInactivity(ended: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const { inactivityMs } = this.#request.agent;
    while (!ended.aborted) {
      const leftMs = this.#lastByteMs + inactivityMs - clock.monotonicMs();
      if (leftMs <= 0) {
        this.#end({ code: "stall", message: `not a byte of output for ${String(inactivityMs)} ms` });
        return;
      }
      await clock.pause(leftMs, ended);
    }
  }

  #end(reason: CallError): void {
    this.#stopReason ??= reason;
    this.#stop.abort();
  }
}

function failureOf(exit: JailExit, complaint: Transcript): CallError | undefined {
  if (exit.code === 0) return undefined;
  const end =
    exit.code === null ? `was ended by ${exit.signal ?? "a signal"}` : `exited with ${String(exit.code)}`;
  const said = Buffer.from(complaint.bytes()).toString("utf8").trim();
  return { code: "agentFailed", message: said === "" ? `the program ${end}` : `the program ${end}: ${said}` };
}

function failureToRun(error: unknown): CallError {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof SandboxError ? "sandbox" : "infrastructure", message };
}
