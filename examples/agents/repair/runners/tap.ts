/** Reads TAP in its dialects: nested as `node --test` writes it, flat as AVA and other programs do, grouped as tape does. */

import { lineReached, type NamedResult } from "./runner.ts";

interface Point {
  depth: number;
  ok: boolean;
  name: string;
  directive: boolean;
  /** The comment before it: tape names its tests there. */
  group: string;
  yaml: string[];
}

interface Document {
  points: Point[];
  /** By depth, the names of the subtests each point was reported in. */
  paths: Map<Point, readonly string[]>;
  nested: boolean;
  planned: boolean;
  groups: string[];
}

const INDENT = 4;
const SUBTEST = /^( *)# Subtest: (.*)$/;
const RESULT = /^( *)(ok|not ok) \d+(?: -)? ?(.*?)(?: # (SKIP|TODO)\b.*)?$/i;

/** The tests of a report in its order; suites are not tests. Truncated reports give what they contain. */
export function parseTap(text: string, fileName = "", dialect: "any" | "flat" = "any"): NamedResult[] {
  const document = scan(text);
  if (dialect === "flat") return flatTests(document, fileName);
  if (document.nested) return nestedTests(document, fileName);
  return isGrouped(document) ? groupedTests(document) : flatTests(document, fileName);
}

/** Tape names its tests in comments, and what it reports are their assertions. */
function isGrouped({ points, groups }: Document): boolean {
  return groups.length > 0 && points.every((point) => point.group !== "");
}

function scan(text: string): Document {
  const document: Document = {
    points: [],
    paths: new Map(),
    nested: false,
    planned: false,
    groups: [],
  };
  const names: string[] = [];
  let yamlIndent: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const last = document.points.at(-1);
    if (yamlIndent !== undefined) {
      if (line === `${yamlIndent}...`) yamlIndent = undefined;
      else last?.yaml.push(line);
    } else if (/^ +---$/.test(line)) {
      yamlIndent = line.slice(0, -3);
    } else if (SUBTEST.test(line)) {
      const [, indent, name] = SUBTEST.exec(line) ?? [];
      names.length = depthOf(indent);
      names.push(unescape(name ?? ""));
      document.nested = true;
    } else if (/^1\.\.\d+/.test(line)) {
      document.planned = true;
    } else if (line.startsWith("# ")) {
      document.groups.push(line.slice(2).trim());
    } else readPoint(document, line, names);
  }
  return document;
}

function readPoint(document: Document, line: string, names: readonly string[]): void {
  const [matched, indent, word, name, directive] = RESULT.exec(line) ?? [];
  if (matched === undefined) return;
  const point: Point = {
    depth: depthOf(indent),
    ok: word?.toLowerCase() === "ok",
    name: unescape(name ?? ""),
    directive: directive !== undefined,
    group: document.groups.at(-1) ?? "",
    yaml: [],
  };
  document.points.push(point);
  document.paths.set(point, names.slice(0, point.depth));
}

function nestedTests({ points, paths }: Document, fileName: string): NamedResult[] {
  const results: NamedResult[] = [];
  let deepest = 0; // a result that is less deep than the one before is its suite
  for (const point of points) {
    const isSuite = point.depth + 1 < deepest;
    deepest = point.depth + 1;
    if (!isSuite) results.push(resultOf(point, [...(paths.get(point) ?? []), point.name], fileName));
  }
  return results;
}

function flatTests({ points }: Document, fileName: string): NamedResult[] {
  return points
    .filter((point) => point.depth === 0)
    .map((point, index) => resultOf(point, [point.name === "" ? `test ${index + 1}` : point.name], fileName));
}

function resultOf(point: Point, path: readonly string[], fileName: string): NamedResult {
  const status = point.directive ? "skipped" : point.ok ? "passed" : "failed";
  // Where the test begins is not how far it came.
  const trace = point.yaml.filter((line) => !/^\s*location:/.test(line)).join("\n");
  const progress = status === "failed" ? lineReached(trace, fileName) : undefined;
  return { path, status, ...(progress === undefined ? {} : { progress }) };
}

/** A test is a comment with the assertions after it; the more of them pass, the further it came. */
function groupedTests({ points, groups, planned }: Document): NamedResult[] {
  const byGroup = Map.groupBy(points, (point) => point.group);
  const summary = /^(tests|pass|fail|ok)\b/;
  const names = [...new Set(groups)].filter((name) => !summary.test(name) || byGroup.has(name));
  const last = names.at(-1);
  return names
    .filter((name) => !name.startsWith("SKIP ") && !/ # (SKIP|TODO)\b/.test(name))
    .map((name) => {
      const asserted = byGroup.get(name) ?? [];
      const failed = asserted.filter((point) => !point.ok && !point.directive);
      // A report without its plan was cut off in its last test.
      const passed = failed.length === 0 && (planned || name !== last);
      const aliases = asserted.map((point) => point.name);
      const progress = passed ? {} : { progress: asserted.filter((point) => point.ok).length };
      return { path: [name], status: passed ? "passed" : "failed", aliases, ...progress } as const;
    })
    .filter((result) => result.status === "failed" || result.aliases.length > 0);
}

function depthOf(indent: string | undefined): number {
  return Math.floor((indent ?? "").length / INDENT);
}

function unescape(name: string): string {
  return name.replaceAll(/\\([\\#])/g, "$1");
}
