/** Looking at and ending processes through /proc. A zombie counts as ended: only its parent can bury it. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

interface ProcessState {
  state: string;
  parent: number;
  group: number;
  /** In clock ticks since the machine started. */
  startedAt: string;
}

/** A process and not another that got its number later. */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
}

/** Undefined when there is no such process. */
function processState(pid: number): ProcessState | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name, in parentheses, may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state = "X", parent = "0", group = "0"] = fields;
  return { state, parent: Number(parent), group: Number(group), startedAt: fields[19] ?? "" };
}

/** Undefined when there is no such process. */
export function identify(pid: number | undefined): ProcessIdentity | undefined {
  const found = pid === undefined ? undefined : processState(pid);
  return pid === undefined || found === undefined ? undefined : { pid, startedAt: found.startedAt };
}

/** Whether the process still runs. */
export function isAlive(process: ProcessIdentity): boolean {
  const found = processState(process.pid);
  return found !== undefined && found.startedAt === process.startedAt && isRunning(found);
}

const isRunning = (found: ProcessState): boolean => found.state !== "Z" && found.state !== "X";

/** Sends a signal; a process that is already gone is no error. A negative pid is a group. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone, or not ours any more.
  }
}

/** The first child of a process, also on kernels that do not list children. */
export function childOf(pid: number): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8").split(" ");
    return first === undefined || first === "" ? undefined : Number(first);
  } catch {
    return processIds().find((candidate) => processState(candidate)?.parent === pid);
  }
}

function processIds(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    // Not Linux: then only process groups can be ended.
    return [];
  }
}

/** Living processes of a group, or with `marker` in the environment they were started with. */
export function findTree(group: number, marker: string): number[] {
  return processIds().filter((pid) => {
    const found = processState(pid);
    if (found === undefined || found.state === "Z" || found.state === "X") return false;
    return found.group === group || hasMarker(pid, marker);
  });
}

function hasMarker(pid: number, marker: string): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/environ`, "latin1").includes(marker);
  } catch {
    return false;
  }
}

/** Calls `isGone` with growing pauses until it says yes. */
export async function waitUntilGone(isGone: () => boolean): Promise<void> {
  for (let pauseMs = 1; !isGone(); pauseMs = Math.min(pauseMs * 2, 50)) {
    await sleep(pauseMs);
  }
}
