/** Trees with a setup, and missions that ask for their environments: for the tests of environments. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync } from "node:fs";
import { cp, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Clock } from "../ports/clock.ts";
import type { EnvironmentRequest } from "../ports/environment.ts";
import type { Mount, Sandbox } from "../ports/sandbox.ts";
import type { SetupSpec } from "../protocol/environment.ts";
import { createEnvironments, type EnvironmentKeeper } from "./environment.ts";
import type { HostEnv } from "./environmentPrograms.ts";

/** Deadlines are real; the time of day is what the test says. */
export class TestClock implements Clock {
  today = 1_000_000_000_000;

  now(): number {
    return this.today;
  }
  monotonicMs(): number {
    return performance.now();
  }
  async wait(): Promise<void> {
    await Promise.reject(new Error("nothing here waits for a time of day"));
  }
  async pause(durationMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, durationMs);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

export const mission = (number: number): string => `01890000-0000-7000-8000-00000000000${String(number)}`;

export function setupOf(command: string[], change: Partial<SetupSpec> = {}): SetupSpec {
  return { command, outputs: ["deps"], lockfiles: ["lock"], network: false, timeoutMs: 60_000, ...change };
}

/** What a shell does as a setup. */
export const shell = (script: string, change: Partial<SetupSpec> = {}): SetupSpec =>
  setupOf(["sh", "-c", script], change);

export class EnvironmentFixture {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "houston-environment-")));
  /** The tree that missions ask about. */
  readonly tree = join(this.root, "tree");
  readonly directory = join(this.root, "environments");
  readonly clock = new TestClock();
  readonly sandbox: Sandbox;
  readonly environments: EnvironmentKeeper;
  /** How often a folder to build in was asked for. */
  builds = 0;
  #folders = 0;

  constructor(sandbox: Sandbox, hostEnv: HostEnv = process.env) {
    this.sandbox = sandbox;
    chmodSync(this.root, 0o755);
    mkdirSync(this.tree);
    this.environments = this.keeper(hostEnv);
  }

  /** As another process would have it. */
  keeper(hostEnv: HostEnv = process.env): EnvironmentKeeper {
    const { directory, clock, sandbox } = this;
    return createEnvironments({
      directory,
      clock,
      hostEnv,
      sandboxOf: async () => await Promise.resolve(sandbox),
    });
  }

  request(setup: SetupSpec[], change: Partial<EnvironmentRequest> = {}): EnvironmentRequest {
    return {
      missionId: mission(1),
      setup,
      network: false,
      directory: this.tree,
      fresh: async () => {
        this.builds += 1;
        return { directory: await this.folder() };
      },
      signal: new AbortController().signal,
      ...change,
    };
  }

  async seal(
    setup: SetupSpec[],
    change: Partial<EnvironmentRequest> = {},
  ): Promise<{ key: string; built: boolean; mounts: Mount[]; output: string }> {
    const { environment, mounts, output } = await this.environments.seal(this.request(setup, change));
    const { key, built } = environment;
    return { key, built, mounts, output: Buffer.from(output).toString("utf8") };
  }

  /** A workspace with the tree's files. */
  async folder(): Promise<string> {
    this.#folders += 1;
    const directory = join(this.root, `folder-${String(this.#folders)}`);
    await mkdir(directory);
    await cp(this.tree, directory, { recursive: true, verbatimSymlinks: true });
    await this.sandbox.adopt(directory);
    return directory;
  }

  /** What a shell prints in a workspace with mounts. */
  async run(script: string, workspace: string, mounts: Mount[]): Promise<string> {
    const jail = await this.sandbox.spawn({
      argv: ["sh", "-c", script],
      cwd: workspace,
      writable: [workspace],
      readOnly: [],
      mounts: { workspace, list: mounts },
      env: {},
      stdin: new Uint8Array(),
      signal: new AbortController().signal,
    });
    const [out] = await Promise.all([text(jail.stdout), text(jail.stderr), jail.exit]);
    return out;
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
