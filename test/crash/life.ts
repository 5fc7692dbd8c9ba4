/** Lives of a mission's runner: real processes, killed at a point, at an instant, or frozen. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const binary = join(import.meta.dirname, "../../bin/houston.js");

export interface Crash {
  /** `<point>:<n>` of the engine, see `src/ports/faults.ts`. */
  at?: string;
  /** `beforeCommit:<n>` or `afterCommit:<n>` of the store. */
  store?: string;
  /** Milliseconds after its start. */
  afterMs?: number;
  /** SIGTERM once an agent is at work: the crash comes while the runner stops in good order. */
  terminate?: boolean;
}

export interface LifeSettings {
  stateDirectory: string;
  missionId: string;
  ttlMs: number;
}

export class Life {
  readonly startedAt = performance.now();
  readonly process: ChildProcess;
  #output = "";

  constructor(settings: LifeSettings, crash: Crash) {
    const { HOUSTON_CRASH_AT: _at, HOUSTON_STORE_CRASH: _store, ...environment } = process.env;
    this.process = spawn(process.execPath, [binary, "runner", "--mission", settings.missionId], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...environment,
        HOUSTON_STATE_DIR: settings.stateDirectory,
        HOUSTON_LEASE_TTL_MS: String(settings.ttlMs),
        ...(crash.at === undefined ? {} : { HOUSTON_CRASH_AT: crash.at }),
        ...(crash.store === undefined ? {} : { HOUSTON_STORE_CRASH: crash.store }),
      },
    });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on("data", (data: Buffer) => (this.#output = (this.#output + data.toString()).slice(-4_000)));
    if (crash.afterMs !== undefined) this.#later(crash.afterMs, "SIGKILL");
  }

  get output(): string {
    return this.#output;
  }

  #later(ms: number, signal: NodeJS.Signals): void {
    const timer = setTimeout(() => this.signal(signal), ms);
    this.process.once("exit", () => clearTimeout(timer));
  }

  signal(signal: NodeJS.Signals): void {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal);
  }

  /** How it ended; killed when it does not within the limit. */
  async end(limitMs: number): Promise<"killed" | "exited" | "hung"> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const timeout = new AbortController();
      const ended = once(this.process, "exit").then(() => true);
      const inTime = await Promise.race([ended, delay(limitMs, false, { signal: timeout.signal })]);
      timeout.abort();
      if (!inTime) {
        this.signal("SIGKILL");
        await ended;
        return "hung";
      }
    }
    return this.process.signalCode === "SIGKILL" ? "killed" : "exited";
  }
}
