/** Runs the setup commands of an environment in the box, one after the other, bounded in time and output. */
import { mkdir, realpath, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../ports/clock.ts";
import { EnvironmentError } from "../ports/environment.ts";
import type { JailExit, JailRequest, Sandbox } from "../ports/sandbox.ts";
import type { SetupSpec } from "../protocol/environment.ts";
import { type HostEnv, hostPrograms, networkSettings } from "./environmentPrograms.ts";

export interface SetupRequest {
  sandbox: Sandbox;
  clock: Clock;
  hostEnv: HostEnv;
  setups: SetupSpec[];
  /** Where they run. */
  directory: string;
  /** An empty folder that only Houston writes in: home, package cache and programs are made in it. */
  scratch: string;
  signal: AbortSignal;
}

/** Kept of what a setup prints: the end, where errors are. */
const maxOutputBytes = 1024 * 1024;

/** What they printed. Throws EnvironmentError `setup` with the output when one fails, `broken` when the box does. */
export async function runSetups(request: SetupRequest): Promise<Uint8Array> {
  const output = new Tail(maxOutputBytes);
  const home = join(request.scratch, "home");
  // Not in memory, as elsewhere in the box: a package cache may be larger than that.
  await mkdir(home);
  await request.sandbox.adopt(home);
  const bin = join(request.scratch, "bin");
  await mkdir(bin, { mode: 0o755 });
  const linked = new Set<string>();
  for (const setup of request.setups) {
    output.add(Buffer.from(`$ ${setup.command.join(" ")}\n`));
    const jail = await jailFor(request, setup, home, bin, linked);
    const end = await runBounded(request, jail, setup.timeoutMs, output);
    if (end === undefined) continue;
    const where = setup.cwd === undefined ? "" : ` in ${setup.cwd}`;
    throw new EnvironmentError("setup", `\`${setup.command.join(" ")}\`${where} ${end}`, output.bytes());
  }
  return output.bytes();
}

async function jailFor(
  { sandbox, hostEnv, directory }: SetupRequest,
  { command, cwd = "", network }: SetupSpec,
  home: string,
  bin: string,
  linked: Set<string>,
): Promise<Omit<JailRequest, "signal">> {
  const programs = await hostPrograms(command[0] ?? "", hostEnv);
  for (const { name, path } of programs) {
    if (!linked.has(name)) await symlink(path, join(bin, name));
    linked.add(name);
  }
  const settings = network ? await networkSettings(hostEnv) : { env: {}, readOnly: [] };
  const node = dirname(await realpath(process.execPath));
  const others = sandbox.kind === "none" ? (hostEnv["PATH"] ?? "") : "/usr/bin:/bin";
  return {
    argv: command,
    cwd: join(directory, cwd),
    writable: [directory, home],
    readOnly: [bin, ...programs.map((program) => program.readOnly), ...settings.readOnly],
    network,
    env: {
      PATH: `${node}:${bin}:${others}`,
      HOME: home,
      npm_config_cache: join(home, "npm-cache"),
      npm_config_update_notifier: "false",
      CI: "1",
      NO_COLOR: "1",
      ...settings.env,
    },
    stdin: new Uint8Array(),
  };
}

/** Undefined when it went well; what went wrong otherwise. */
async function runBounded(
  { sandbox, clock, signal }: SetupRequest,
  jail: Omit<JailRequest, "signal">,
  timeoutMs: number,
  output: Tail,
): Promise<string | undefined> {
  const [late, over] = [new AbortController(), new AbortController()];
  const deadline = clock.pause(timeoutMs, over.signal).then(() => {
    if (!over.signal.aborted) late.abort();
  });
  try {
    const child = await sandbox.spawn({ ...jail, signal: AbortSignal.any([signal, late.signal]) });
    const drain = async (stream: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of stream) output.add(chunk);
    };
    const [exit] = await Promise.all([child.exit, drain(child.stdout), drain(child.stderr)]);
    if (signal.aborted) throw new EnvironmentError("broken", "the setup was interrupted", output.bytes());
    if (late.signal.aborted) return `did not end within ${String(timeoutMs)} ms`;
    return failureOf(exit);
  } finally {
    over.abort();
    await deadline;
  }
}

function failureOf({ code, signal }: JailExit): string | undefined {
  if (code === 0) return undefined;
  return code === null ? `was ended by ${signal ?? "a signal"}` : `exited with ${String(code)}`;
}

/** The last bytes of a stream. */
class Tail {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;
  #isCut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > 2 * this.#maxBytes) this.#trim();
  }

  bytes(): Uint8Array {
    this.#trim();
    return Buffer.concat([
      ...(this.#isCut ? [Buffer.from("[… beginning left out …]\n")] : []),
      ...this.#chunks,
    ]);
  }

  #trim(): void {
    if (this.#sizeBytes <= this.#maxBytes) return;
    this.#chunks = [Buffer.concat(this.#chunks).subarray(-this.#maxBytes)];
    this.#sizeBytes = this.#maxBytes;
    this.#isCut = true;
  }
}
