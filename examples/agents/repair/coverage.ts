/** Which code a run executed, per file and UTF-16 offset: from V8's block coverage, or from probes. */

import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Probes } from "./probes.ts";

export interface CoverageRange {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

export type Executed = Map<string, Uint8Array>;

/** Collects what the next run executes; `env` is for that run. */
export interface Recorder {
  readonly env: Readonly<Record<string, string>>;
  read(): Executed;
}

/** For programs that run the source as it stands: `NODE_V8_COVERAGE` makes every Node process write what it ran. */
export function v8Recorder(root: string, reportFolder: string): Recorder {
  const folder = join(reportFolder, "coverage");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return { env: { NODE_V8_COVERAGE: folder }, read: () => readCoverage(folder, root) };
}

/** For programs that compile the source first, so that V8's offsets are of another text. */
export function probeRecorder(probes: Probes, reportFolder: string): Recorder {
  const file = join(reportFolder, "probes");
  rmSync(file, { force: true });
  return {
    env: { REPAIR_PROBES: file },
    read() {
      const hits = new Set(textOf(file).split("\n"));
      const executed: Executed = new Map();
      for (const [path, places] of probes.places) {
        const ranges = places.map(({ id, start, end }) => ({
          startOffset: start,
          endOffset: end,
          count: hits.has(String(id)) ? 1 : 0,
        }));
        if (ranges.some((range) => range.count > 0)) executed.set(path, executedOffsets(ranges));
      }
      return executed;
    },
  };
}

/** Innermost ranges decide, so the widest are painted first. Offsets nobody describes stay 0. */
export function executedOffsets(ranges: readonly CoverageRange[]): Uint8Array {
  const length = ranges.reduce((longest, range) => Math.max(longest, range.endOffset), 0);
  const executed = new Uint8Array(length);
  const widestFirst = ranges.toSorted((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
  for (const range of widestFirst) executed.fill(range.count > 0 ? 1 : 0, range.startOffset, range.endOffset);
  return executed;
}

/** What any process of the run executed, per file under `root`; a process that was killed wrote nothing. */
function readCoverage(folder: string, root: string): Executed {
  const files: Executed = new Map();
  for (const name of readdirSync(folder)) {
    for (const script of readScripts(join(folder, name))) {
      if (!script.url.startsWith("file://")) continue;
      const file = relative(root, fileURLToPath(script.url)).split(sep).join("/");
      if (file.startsWith("../")) continue;
      const executed = executedOffsets(script.ranges);
      const known = files.get(file);
      if (known === undefined) files.set(file, executed);
      else executed.forEach((value, offset) => value === 1 && (known[offset] = 1));
    }
  }
  return files;
}

interface Script {
  url: string;
  ranges: CoverageRange[];
}

/** None when the process was killed while it wrote. */
function readScripts(path: string): Script[] {
  try {
    const { result } = JSON.parse(readFileSync(path, "utf8")) as {
      result: { url: string; functions: { ranges: CoverageRange[] }[] }[];
    };
    return result.map(({ url, functions }) => ({ url, ranges: functions.flatMap((each) => each.ranges) }));
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
