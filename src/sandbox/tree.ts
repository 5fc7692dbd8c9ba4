/** Looking at and ending processes through /proc. A zombie counts as ended: only its parent can bury it. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

interface ProcessState {
  state: string;
  group: number;
}

/** Undefined when there is no such process. */
export function processState(pid: number): ProcessState | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name, in parentheses, may itself hold spaces and parentheses.
  const [state = "X", , group = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state, group: Number(group) };
}

/** Whether the process still runs. */
export function isAlive(pid: number): boolean {
  const found = processState(pid);
  return found !== undefined && found.state !== "Z" && found.state !== "X";
}

/** Sends a signal; a process that is already gone is no error. A negative pid is a group. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone, or not ours any more.
  }
}

/** Living processes of a group, or with `marker` in the environment they were started with. */
export function findTree(group: number, marker: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
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
