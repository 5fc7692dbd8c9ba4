/** Looks for a pattern in everything an agent can reach: its brief, files, environments and command lines of processes, objects of git. */
import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const maxFileBytes = 4 * 1_048_576;
/** Reading these ends nowhere or hangs. */
const skipped = ["/sys", "/dev", "/proc/kcore", "/proc/kmsg", "/proc/sysrq-trigger"];

export interface Hunt {
  /** Places that could be read. */
  looked: number;
  hits: string[];
}

export function huntFor(pattern: RegExp, brief: string): Hunt {
  const hunt: Hunt = { looked: 0, hits: [] };
  const look = (place: string, text: string): void => {
    hunt.looked += 1;
    const hit = pattern.exec(text);
    if (hit !== null) hunt.hits.push(`${place}: ${hit[0]}`);
  };
  look("brief", brief);
  look("environment", JSON.stringify(process.env));
  for (const place of files("/")) read(place, look);
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)))
    for (const part of ["environ", "cmdline", "maps", "mountinfo", "status", "comm"])
      read(`/proc/${name}/${part}`, look);
  look("git", objects());
  return hunt;
}

function read(place: string, look: (place: string, text: string) => void): void {
  try {
    look(place, readFileSync(place, "latin1"));
  } catch {
    // Closed to an agent, which is what the hunt is about.
  }
}

/** Regular files below a folder that are small enough; what belongs to the system's own programs is left out. */
function* files(folder: string): Generator<string> {
  let entries: string[] = [];
  try {
    entries = readdirSync(folder);
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry);
    if (skipped.includes(path) || /^\/(proc|usr\/(?!local))/.test(path)) continue;
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) yield* files(path);
    else if (found?.isFile() === true && found.size <= maxFileBytes) yield path;
  }
}

function objects(): string {
  try {
    return execFileSync("git", ["cat-file", "--batch-all-objects", "--batch"], {
      encoding: "latin1",
      maxBuffer: 256 * 1_048_576,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "";
  }
}
