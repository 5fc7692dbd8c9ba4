/** What a change of package.json does to the tests: scripts, settings of runners, where dependencies come from. */
import type { FindingDraft } from "../../protocol/finding.ts";
import { isObject, type JsonObject, textIn } from "../reports/json.ts";
import type { Change } from "./change.ts";
import { finding } from "./change.ts";
import { changedKeys, flatten } from "./runnerFiles.ts";
import { scriptComplaint } from "./scripts.ts";

const runnerBlocks = [
  "jest",
  "vitest",
  "mocha",
  "ava",
  "tap",
  "babel",
  "tape",
  "uvu",
  "c8",
  "nyc",
  "testling",
];
const dependencyBlocks = [
  "dependencies",
  "devDependencies",
  "optionalDependencies",
  "peerDependencies",
  "bundleDependencies",
  "bundledDependencies",
];
const harmlessSettings =
  /^(?:nyc|c8)$|coverage|[tT]imeout|verbose|color|slow|reporterOptions|concurrency|workerThreads|displayName|cache/;

export function reviewManifest({ path, before, after }: Change): FindingDraft[] {
  if (after === undefined)
    return before === undefined
      ? []
      : [finding("runnerChanged", "blocking", "package.json was deleted", path)];
  const now = parsed(after);
  if (now === undefined)
    return [finding("runnerChanged", "blocking", "package.json cannot be read any more", path)];
  const was = before === undefined ? {} : (parsed(before) ?? {});
  return [
    ...scriptFindings(was, now, path, before !== undefined),
    ...blockFindings(was, now, path),
    ...dependencyFindings(was, now, path),
  ];
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function scriptsOf(manifest: JsonObject): Map<string, string> {
  const scripts = isObject(manifest["scripts"]) ? manifest["scripts"] : {};
  return new Map(Object.entries(scripts).map(([name, text]) => [name, textIn(text)]));
}

/** Scripts that `npm test` comes to, in the manifest before or after. */
function testScripts(...all: ReadonlyMap<string, string>[]): Set<string> {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const scripts of all)
      for (const [, called] of (scripts.get(name) ?? "").matchAll(
        /(?:npm|pnpm|yarn|bun)(?:\s+-\S+)*\s+(?:run(?:-script)?\s+)?([\w:.-]+)/g,
      ))
        for (const inner of [`pre${called}`, called ?? "", `post${called}`])
          if (scripts.has(inner)) visit(inner);
  };
  for (const scripts of all)
    for (const name of scripts.keys())
      if (
        /^(?:pre|post)?(?:test|tests|check|verify|ci)(?:$|[:.-])|^(?:prepare|preinstall|install|postinstall)$/.test(
          name,
        )
      )
        visit(name);
  return reached;
}

function scriptFindings(was: JsonObject, now: JsonObject, path: string, existed: boolean): FindingDraft[] {
  const [before, after] = [scriptsOf(was), scriptsOf(now)];
  const ofTests = testScripts(before, after);
  const findings: FindingDraft[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [old, text] = [before.get(name), after.get(name)];
    if (old === text) continue;
    const complaint = ofTests.has(name) && existed ? scriptComplaint(name, old, text) : undefined;
    const severity = complaint === undefined ? "nonBlocking" : "blocking";
    const what =
      text === undefined
        ? `the script ${name} is gone`
        : `the script ${name} is now ${JSON.stringify(text.slice(0, 200))}`;
    findings.push(
      finding("runnerChanged", severity, complaint === undefined ? what : `${what}: ${complaint}`, path),
    );
  }
  return findings;
}

function blockFindings(was: JsonObject, now: JsonObject, path: string): FindingDraft[] {
  const findings: FindingDraft[] = [];
  for (const block of [...runnerBlocks, "type", "imports", "overrides", "resolutions", "pnpm", "config"]) {
    const [before, after] = [new Map<string, string>(), new Map<string, string>()];
    if (was[block] !== undefined) flatten(was[block], [block], before);
    if (now[block] !== undefined) flatten(now[block], [block], after);
    const changed = changedKeys(before, after);
    if (changed.length === 0) continue;
    const grave = /^(?:type|overrides|resolutions|pnpm)$/.test(block)
      ? changed.filter((key) => isLocal(after.get(key) ?? ""))
      : changed.filter((key) => !harmlessSettings.test(key) || /require/.test(key));
    const severity = grave.length > 0 ? "blocking" : "nonBlocking";
    findings.push(
      finding(
        "runnerChanged",
        severity,
        `changes ${changed.join(", ").replaceAll("\n", ".").slice(0, 300)}`,
        path,
      ),
    );
  }
  return findings;
}

function dependencyFindings(was: JsonObject, now: JsonObject, path: string): FindingDraft[] {
  const [before, after] = [new Map<string, string>(), new Map<string, string>()];
  for (const block of dependencyBlocks) {
    if (was[block] !== undefined) flatten(was[block], [block], before);
    if (now[block] !== undefined) flatten(now[block], [block], after);
  }
  const changed = changedKeys(before, after);
  if (changed.length === 0) return [];
  const named = changed.join(", ").replaceAll("\n", ".").slice(0, 300);
  const local = changed.some((key) => isLocal(after.get(key) ?? ""));
  return [
    finding("lockfileChanged", "nonBlocking", `changes ${named}`, path),
    ...(local
      ? [finding("runnerChanged", "blocking", `takes a dependency from somewhere of its own: ${named}`, path)]
      : []),
  ];
}

/** A package that is not the registry's own of that name. */
const isLocal = (spec: string): boolean =>
  /^"?(?:file:|link:|portal:|git|https?:|\.{0,2}\/|npm:|github:)/.test(spec);
