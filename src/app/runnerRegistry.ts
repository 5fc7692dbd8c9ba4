/**
 * Runners of this machine, one small file each: the process it is, by id, start time, boot and process
 * namespace, so that a reused process id is never mistaken for a living runner.
 */
import { mkdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunnerRegistry } from "../ports/runnerRegistry.ts";
import type { RunnerId } from "../protocol/ids.ts";

interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat. */
  startTicks: string;
  bootId: string;
  /** Process ids mean something only in here. */
  namespace: string;
}

export function createRunnerRegistry(directory: string): RunnerRegistry {
  const file = (runnerId: RunnerId): string => join(directory, runnerId.replace(/[^0-9a-zA-Z-]/g, "_"));
  return {
    async enter(runnerId) {
      const identity = await identityOf(process.pid);
      if (identity === undefined) return;
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(file(runnerId), JSON.stringify(identity), { mode: 0o600 });
    },
    async isGone(runnerId) {
      const known = await read(file(runnerId));
      const self = await identityOf(process.pid);
      if (known === undefined || self === undefined) return false;
      if (known.bootId !== self.bootId) return true;
      if (known.namespace !== self.namespace) return false;
      const startTicks = await startTicksOf(known.pid);
      return startTicks === undefined ? hasNoProcess(known.pid) : startTicks !== known.startTicks;
    },
    async leave(runnerId) {
      await rm(file(runnerId), { force: true });
    },
  };
}

async function read(path: string): Promise<ProcessIdentity | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return typeof value === "object" && value !== null && "startTicks" in value
      ? (value as ProcessIdentity)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where there is no /proc: then every lease is waited for. */
async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const [startTicks, bootId, namespace] = await Promise.all([
      startTicksOf(pid),
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readlink("/proc/self/ns/pid"),
    ]);
    return startTicks === undefined ? undefined : { pid, startTicks, bootId: bootId.trim(), namespace };
  } catch {
    return undefined;
  }
}

/** Undefined when it cannot be read; no number for the remains of a process that has ended. */
async function startTicksOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The command's name, in parentheses, may hold anything; what follows it may not.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const state = fields[0];
    return state === "Z" || state === "X" ? "ended" : fields[19];
  } catch {
    return undefined;
  }
}

/** The kernel's own word: a process that is only hidden from us is there. */
function hasNoProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
