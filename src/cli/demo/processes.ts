/** The demo's runners: started as processes of their own, killed the hard way, and nothing left behind. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { binary } from "../startRunner.ts";
import type { Demo } from "./layout.ts";

export class DemoRunner {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #logFile: string;

  /** Performs this mission; without one, all there are until they are closed. */
  constructor(demo: Demo, name: string, missionId?: string) {
    this.name = name;
    this.#logFile = join(demo.root, `${name}.log`);
    const which = missionId === undefined ? ["--until-closed"] : ["--mission", missionId];
    const log = openSync(this.#logFile, "a");
    this.#child = spawn(process.execPath, [binary, "runner", ...which], {
      stdio: ["ignore", log, log],
      env: { ...process.env, HOUSTON_STATE_DIR: demo.stateDirectory },
    });
    closeSync(log);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async ended(): Promise<void> {
    if (!this.hasEnded) await once(this.#child, "exit");
  }

  /** As a power cut or the kernel's memory killer would. */
  async kill(): Promise<void> {
    if (!this.hasEnded) this.#child.kill("SIGKILL");
    await this.ended();
  }

  /** What it said, for when something went wrong. */
  log(): string {
    return readFileSync(this.#logFile, "utf8").trim();
  }
}

/**
 * Ends whatever still works in the demo's folder: without a box, an agent outlives a runner that was
 * killed. Linux only; elsewhere the agent's broken pipe ends it.
 */
export function endWhatIsLeftIn(folder: string): void {
  let pids: number[];
  try {
    pids = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return;
  }
  for (const pid of pids) {
    if (pid === process.pid) continue;
    try {
      const place = readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, "");
      if (place === folder || place.startsWith(`${folder}/`)) process.kill(pid, "SIGKILL");
    } catch {
      // Gone meanwhile, or not ours.
    }
  }
}
