/** A person's machine for tests of the real command: a repository, agents in shell, a state directory of its own. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { MissionView } from "../../src/app/missionView.ts";
import type { EventRecord, MissionEvent } from "../../src/protocol/events.ts";

const binary = join(import.meta.dirname, "../../bin/houston.js");

/** Shared, so that not every one of many short processes compiles the same files. */
const compileCache = join(tmpdir(), "houston-test-compile-cache");

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
}

export type Records = EventRecord<MissionEvent>[];

const handoff = (summary: string): string =>
  `printf '%s\\n' '{"type":"handoff","status":"done","summary":"${summary}"}'`;

/** Agents by name. `patient` works for ever the first time and is done when it finds what it left. */
const agents = {
  fixer: `cat >/dev/null; echo working >&2; echo fixed >result.txt; ${handoff("wrote result.txt")}`,
  idler: `cat >/dev/null; ${handoff("changed nothing")}`,
  patient: `cat >/dev/null
if [ -e started.txt ]; then echo fixed >result.txt; ${handoff("went on")}; exit 0; fi
echo started >started.txt; echo waiting >&2; sleep 300`,
};

export class Machine {
  readonly root = mkdtempSync(join(tmpdir(), "houston-cli-"));
  readonly repository = join(this.root, "repository");
  readonly state = join(this.root, "state");
  #files = 0;
  readonly #children = new Set<ChildProcess>();

  constructor() {
    mkdirSync(this.repository);
    writeFileSync(join(this.repository, "readme.txt"), "base\n");
    for (const args of [
      ["init", "-q", "-b", "main"],
      ["add", "-A"],
      ["commit", "-q", "-m", "base"],
    ])
      this.git(...args);
    for (const [name, script] of Object.entries(agents)) this.script(name, script);
  }

  script(name: string, text: string): void {
    writeFileSync(join(this.root, `${name}.sh`), `#!/bin/sh\n${text}\n`);
    chmodSync(join(this.root, `${name}.sh`), 0o755);
  }

  git(...args: string[]): string {
    const identity = ["-c", "user.name=u", "-c", "user.email=u@x"];
    const env = { PATH: process.env["PATH"] ?? "", GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
    return execFileSync("git", [...identity, ...args], {
      cwd: this.repository,
      env,
      encoding: "utf8",
    }).trim();
  }

  /** A mission of one task; the contract wants result.txt to say "fixed". */
  mission(agent: string, more: { agent?: object; task?: object; rest?: object } = {}): string {
    const file = join(this.root, `mission-${(this.#files += 1)}.json`);
    const content = {
      houston: 1,
      goal: `Let ${agent} do it`,
      repository: "./repository",
      agents: { it: more.agent ?? { program: [`./${agent}.sh`] } },
      contract: [
        { id: "fixed", behaviour: "The result is there", command: ["grep", "-q", "^fixed$", "result.txt"] },
      ],
      tasks: [{ id: "work", goal: "Make result.txt", agent: "it", fulfills: ["fixed"], ...more.task }],
      ...more.rest,
    };
    writeFileSync(file, JSON.stringify(content, undefined, 2));
    return file;
  }

  start(args: string[], env: Record<string, string> = {}): Started {
    const child = spawn(process.execPath, [binary, ...args], {
      cwd: this.root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: this.root,
        HOUSTON_STATE_DIR: this.state,
        NODE_COMPILE_CACHE: compileCache,
        ...env,
      },
    });
    this.#children.add(child);
    const ended = (async () => {
      const exit = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
      const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), exit]);
      this.#children.delete(child);
      return { stdout, stderr, code };
    })();
    return { child, ended };
  }

  async houston(...args: string[]): Promise<Ended> {
    return await this.start(args).ended;
  }

  /** What a command that must succeed prints, as JSON. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.houston(...args, "--json");
    if (code !== 0) throw new Error(`houston ${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  async view(missionId: string): Promise<MissionView> {
    return await this.json<MissionView>("status", missionId);
  }

  async records(missionId: string): Promise<Records> {
    const { stdout } = await this.houston("events", missionId, "--json");
    return stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Records[number]);
  }

  /** The id of the only mission, as soon as there is one. */
  async onlyMission(): Promise<string> {
    for (;;) {
      const [first] = await this.json<{ missionId: string }[]>("ls");
      if (first !== undefined) return first.missionId;
      await delay(50);
    }
  }

  /** Follows the log until it holds such an event; all events up to it. */
  async until(missionId: string, wanted: (event: MissionEvent) => boolean): Promise<Records> {
    const { child, ended } = this.start(["events", missionId, "--follow", "--json"]);
    const records: Records = [];
    let rest = "";
    const found = new Promise<boolean>((resolve) => {
      child.stdout?.on("data", (chunk) => {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const record = JSON.parse(line) as Records[number];
          records.push(record);
          if (wanted(record.event)) return resolve(true);
        }
      });
      void ended.then(() => resolve(false));
    });
    if (!(await found)) throw new Error(`the mission ended without it: ${types(records).join(", ")}`);
    child.kill("SIGINT");
    await ended;
    return records;
  }

  async remove(): Promise<void> {
    for (const child of this.#children) {
      const exit = once(child, "exit");
      if (child.kill("SIGKILL")) await exit;
    }
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (chunk) => (text += String(chunk)));
  return new Promise((resolve) => stream?.once("end", () => resolve(text)));
}

/** A machine for one test, cleared away after it. */
export async function onMachine(work: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = new Machine();
  try {
    await work(machine);
  } finally {
    await machine.remove();
  }
}

export const types = (records: Records): string[] => records.map(({ event }) => event.type);
