/**
 * Reads TAP as `node --test`, tape and AVA write it (and TAP 13 and 14 in general): nested subtests, YAML
 * blocks, skip and todo. https://testanything.org/tap-version-14-specification.html
 */
import { isFileName, separator, type TestReport, type TestResult, type UnreadableReport } from "./report.ts";

/** A result whose children, one level further in, were reported before it. */
interface Point {
  name: string;
  ok: boolean;
  directive: "skip" | "todo" | undefined;
  suite: boolean;
  children: Point[];
  /** Of tape, which prints a test's title as a comment, and its assertions as points without a dash. */
  group?: Group;
}

interface Group {
  title: string;
}

interface Level {
  points: Point[];
  plan: number | undefined;
}

const indentWidth = 4;

class TapReader {
  readonly #levels: Level[] = [];
  readonly gaps: string[] = [];
  #versioned = false;
  /** Indentation of the YAML block we are in. */
  #block: number | undefined;
  #last: Point | undefined;
  #group: Group | undefined;

  read(line: string): void {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    const text = line.slice(indent);
    if (this.#block !== undefined) {
      if (text === "" || indent >= this.#block) {
        this.#readBlock(indent, text);
        return;
      }
      // Otherwise whoever prints the beginning of a block hides all results that follow.
      this.#block = undefined;
      this.gaps.push("a YAML block does not end");
    }
    if (text.startsWith("---") && this.#last !== undefined && indent % indentWidth === 2) {
      this.#block = indent;
      return;
    }
    if (indent % indentWidth !== 0) return;
    const depth = indent / indentWidth;
    if (/^TAP version 1[34]\b/.test(text)) this.#versioned = true;
    else if (text.startsWith("Bail out!")) this.gaps.push(`the run was given up: ${text.slice(0, 200)}`);
    else if (/^1\.\.\d+/.test(text)) this.#readPlan(depth, Number(/^1\.\.(\d+)/.exec(text)?.[1]));
    else if (depth === 0 && text.startsWith("# ")) this.#group = { title: text.slice(2).trim() };
    else this.#readPoint(depth, text);
  }

  /** The top level, once everything has been read. */
  points(): Point[] {
    for (const [depth, level] of this.#levels.entries()) this.#close(depth, level, depth === 0);
    return this.#levels[0]?.points ?? [];
  }

  isTap(): boolean {
    return this.#versioned || this.#levels.length > 0;
  }

  #readBlock(indent: number, text: string): void {
    if (indent === this.#block && /^\.\.\.\s*$/.test(text)) this.#block = undefined;
    else if (indent === this.#block && /^type: '?suite'?\s*$/.test(text) && this.#last !== undefined)
      this.#last.suite = true;
  }

  #readPlan(depth: number, count: number): void {
    const level = this.#level(depth);
    if (level.plan !== undefined) this.gaps.push("the report has two plans");
    level.plan = count;
  }

  #readPoint(depth: number, text: string): void {
    const match = /^(not )?ok\b(?: +\d+)?( +- +| +|$)(.*)$/.exec(text);
    if (match === null) return;
    const { description, directive } = splitDirective(match[3] ?? "");
    const inner = this.#levels[depth + 1];
    if (inner !== undefined) {
      this.#close(depth + 1, inner, true);
      this.#levels.length = depth + 1;
    }
    const group = depth === 0 && match[2]?.includes("-") === false ? this.#group : undefined;
    const point: Point = {
      ...(group === undefined ? {} : { group }),
      name: unescape(description),
      ok: match[1] === undefined,
      directive,
      suite: false,
      children: inner?.points ?? [],
    };
    this.#level(depth).points.push(point);
    this.#last = point;
  }

  #level(depth: number): Level {
    for (let at = this.#levels.length; at <= depth; at += 1)
      this.#levels.push({ points: [], plan: undefined });
    return this.#levels[depth] ?? { points: [], plan: undefined };
  }

  #close(depth: number, level: Level, planNeeded: boolean): void {
    const where = depth === 0 ? "the report" : "a subtest";
    if (level.plan === undefined) {
      if (planNeeded) this.gaps.push(`${where} ends before its plan`);
    } else if (level.plan !== level.points.length) {
      this.gaps.push(`${where} planned ${level.plan} tests and reported ${level.points.length}`);
    }
  }
}

/** Splits at the first "#" that is not escaped, if a known directive follows it. */
function splitDirective(text: string): { description: string; directive: Point["directive"] } {
  const match = /^((?:[^#\\]|\\.)*?)(?:^|\s+)#\s*(skip|todo)\b/i.exec(text);
  const word = match?.[2]?.toLowerCase();
  if (match === null || (word !== "skip" && word !== "todo")) {
    // Vitest writes durations in this place.
    return { description: text.replace(/\s+# time=\S+$/, "").trim(), directive: undefined };
  }
  return { description: match[1] ?? "", directive: word };
}

const escapes: Record<string, string> = { b: "\b", f: "\f", t: "\t", n: "\n", r: "\r", v: "\v" };

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_whole, letter: string) => escapes[letter] ?? letter);
}

function addResults(report: TestReport, point: Point, path: readonly string[]): boolean {
  const full = [...path, point.name];
  const name = full.join(separator);
  // AVA joins file and test in its own way.
  const named = name.includes(" › ") ? { name, otherName: name.replaceAll(" › ", separator) } : { name };
  const before = report.results.length;
  let ran = false;
  for (const child of point.children) ran = addResults(report, child, full) || ran;
  const leaf = point.children.length === 0;
  if (point.directive !== undefined) report.results.push({ ...named, status: "skipped" });
  else if (!point.ok) report.results.push({ ...named, status: "failed" });
  else if (leaf && isFileName(point.name)) report.silentFiles.push(name);
  // A suite is what its tests are: an empty one says nothing, one whose tests were all skipped was skipped.
  else if (leaf && point.suite) return false;
  else if (leaf || ran) report.results.push({ ...named, status: "passed" });
  else if (report.results.length > before) report.results.push({ ...named, status: "skipped" });
  return point.ok && point.directive === undefined && (leaf || ran);
}

export function parseTap(text: string): TestReport | UnreadableReport {
  const reader = new TapReader();
  for (const line of text.split(/\r?\n/)) reader.read(line);
  const points = reader.points();
  if (!reader.isTap()) {
    if (text.trim() !== "") return { unreadable: "the output is not TAP" };
    return { results: [], gaps: ["the command wrote no report"], silentFiles: [] };
  }
  const report: TestReport = { results: [], gaps: reader.gaps, silentFiles: [] };
  const grouped = points.filter(({ group }) => group !== undefined);
  for (const group of new Set(grouped.map((point) => point.group)))
    report.results.push(groupResult(grouped.filter((point) => point.group === group)));
  for (const point of points) if (point.group === undefined) addResults(report, point, []);
  return report;
}

/** A test of tape is what its assertions are. */
function groupResult(points: readonly Point[]): TestResult {
  const name = points[0]?.group?.title ?? "";
  if (points.some(({ ok, directive }) => !ok && directive === undefined)) return { name, status: "failed" };
  const whole = points.every(({ directive }) => directive === undefined);
  return { name, status: whole ? "passed" : "skipped" };
}
