/** Files that decide which tests run, and how: what a change of them may do. */
import type { FindingDraft } from "../../protocol/finding.ts";
import { isObject } from "../reports/json.ts";
import { bare, chainOf, constantText, type Node, nodesIn, parseScript, sourceOf, walk } from "../syntax.ts";
import type { Change } from "./change.ts";
import { finding } from "./change.ts";

const configFile =
  /(?:^|\/)(?:(?:vitest|vite|jest|ava|babel|playwright|karma|wallaby|web-test-runner|cypress|uvu)\.(?:config|workspace|setup)\.[cm]?[jt]sx?(?:on)?|(?:jest|vitest|mocha|test)[.-](?:setup|globals)[^/]*\.[cm]?[jt]s|\.mocharc(?:\.\w+)?|mocha\.opts|\.taprc|\.babelrc(?:\.\w+)?|\.swcrc|\.npmrc|\.yarnrc(?:\.yml)?|\.nycrc(?:\.\w+)?|\.c8rc(?:\.\w+)?|\.env(?:\.\w+)?|\.node-version|\.nvmrc|pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml|noxfile\.py|conftest\.py|Makefile|justfile|jest\.config|\.tool-versions)$/;

export const isRunnerFile = (path: string): boolean =>
  configFile.test(path) || /(?:^|\/)tsconfig[^/]*\.json$/.test(path);

/** Settings that leave tests out, load foreign code before them, or change what a failure means. */
const risky =
  /^(?:code|test(?:Path|Match|Regex|Name|Runner|Environment|Sequencer|ResultsProcessor)(?:IgnorePatterns|Pattern)?|setupFiles\w*|globalSetup|globalTeardown|moduleNameMapper|moduleDirectories|modulePaths?|roots|rootDir|projects|workspace|transform|transformIgnorePatterns|bail|passWithNoTests|exclude|include|includeSource|dir|root|files|match|ignore\w*|require|import|loader|nodeArguments|nodeOption|node-option|environment|runner|reporters?|resolver|resolve|alias|spec|grep|fgrep|g|invert|recursive|extension|failWithoutAssertions|failFast|fail-zero|allowOnly|retry|retries|dangerouslyIgnoreUnhandledErrors|ignoredFiles|plugins|presets|overrides|preset|haste|extends|helpers|sources|onConsoleLog|onUnhandledError|paths|baseUrl|node-options|script-shell|ignore-scripts|prefix|NODE_OPTIONS|NODE_PATH|addopts|testpaths|norecursedirs|python_files|python_functions|python_classes|collect_ignore\w*)$/;
const harmlessParents =
  /^(?:coverage|coverageThreshold|dependencies|devDependencies|optimizeDeps|build|server)$/;

export function reviewRunnerFile({ path, before, after }: Change): FindingDraft[] {
  if (before === after) return [];
  if (after === undefined)
    return [finding("runnerChanged", "blocking", "a file that decides how tests run was deleted", path)];
  const settings = settingsOf(path, after);
  const old = before === undefined ? new Map<string, string>() : settingsOf(path, before);
  if (settings === undefined || old === undefined)
    return [
      finding(
        "runnerChanged",
        "blocking",
        "a file that decides how tests run was changed and cannot be read",
        path,
      ),
    ];
  const changed = changedKeys(old, settings).filter((key) => isRisky(path, key, settings.get(key)));
  if (changed.length > 0)
    return [
      finding(
        "runnerChanged",
        "blocking",
        `changes how tests run: ${changed.join(", ").slice(0, 300)}`,
        path,
      ),
    ];
  return [finding("runnerChanged", "nonBlocking", "a file that decides how tests run was changed", path)];
}

/** Of two sets of settings, those that are new, gone or different. */
export function changedKeys(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => before.get(key) !== after.get(key),
  );
}

function isRisky(path: string, key: string, value: string | undefined): boolean {
  const parts = key.split("\n");
  if (parts.some((part) => harmlessParents.test(part))) return false;
  if (/(?:^|\/)tsconfig[^/]*\.json$/.test(path)) {
    if (parts.some((part) => /^(?:paths|baseUrl)$/.test(part))) return true;
    return parts[0] === "exclude" && /test|spec/.test(value ?? "");
  }
  if (/(?:^|\/)(?:Makefile|justfile|conftest\.py|noxfile\.py)$/.test(path)) return true;
  if (/\.nycrc|\.c8rc/.test(path)) return parts.includes("require");
  return parts.some((part) => risky.test(part));
}

/** Paths of settings (parts joined with line breaks) with their values; undefined when it cannot be told. */
export function settingsOf(path: string, text: string): Map<string, string> | undefined {
  const settings = new Map<string, string>();
  if (/\.[cm]?[jt]sx?$/.test(path)) return scriptSettings(path, text);
  const json = parsedJson(text);
  if (json !== undefined) flatten(json, [], settings);
  else if (path.endsWith("json")) return undefined;
  else plainSettings(text, settings);
  return settings;
}

export function flatten(value: unknown, path: readonly string[], into: Map<string, string>): void {
  if (!isObject(value)) {
    into.set(path.join("\n"), JSON.stringify(value));
    return;
  }
  for (const [key, inner] of Object.entries(value)) flatten(inner, [...path, key], into);
}

/** With comments and trailing commas, as tsconfig and .babelrc have them. */
function parsedJson(text: string): unknown {
  for (const candidate of [
    text,
    text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "$1").replace(/,(\s*[}\]])/g, "$1"),
  ]) {
    try {
      return JSON.parse(candidate);
    } catch {
      // The next form.
    }
  }
  return undefined;
}

/** Lines such as `key = value`, `key: value`, `--flag value`; other lines are settings by themselves. */
function plainSettings(text: string, into: Map<string, string>): void {
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const match = /^(?:export\s+)?-{0,2}"?([\w.-]+)"?\s*(?:[=:]|\s)\s*(.*)$/.exec(line);
    const key = match?.[1] ?? line;
    into.set(into.has(key) ? `${key}\n${index}` : key, match?.[2] ?? "");
  }
}

/** The properties of all object literals; what is no property is one setting, `code`. */
function scriptSettings(path: string, text: string): Map<string, string> | undefined {
  const program = parseScript(path, text);
  if (program === undefined) return undefined;
  const settings = new Map<string, string>();
  const rest: string[] = [];
  const read = (node: Node, place: readonly string[]): void => {
    for (const property of nodesIn(node["properties"])) {
      const key = chainOf(property["key"])?.[0] ?? constantText(property["key"]) ?? "…";
      const value = bare(property["value"]);
      if (value?.type === "ObjectExpression") read(value, [...place, key]);
      else
        settings.set(
          [...place, key].join("\n"),
          value === undefined ? sourceOf(program, property) : sourceOf(program, value),
        );
    }
  };
  walk(program.root, (node) => {
    if (node.type === "ObjectExpression") {
      read(node, []);
      return false;
    }
    const isExport =
      node.type === "AssignmentExpression" &&
      /^(?:module\.)?exports$/.test((chainOf(node["left"]) ?? []).join("."));
    const isUsual = usualCalls.test((chainOf(node["callee"]) ?? []).join("."));
    if (/^(?:CallExpression|IfStatement|AssignmentExpression)$/.test(node.type) && !isExport && !isUsual)
      rest.push(sourceOf(program, node));
    return true;
  });
  if (isSetup(path)) settings.set("require", text.replace(/\s+/g, " "));
  else settings.set("code", rest.join(" "));
  return settings;
}

const usualCalls =
  /^(?:defineConfig|defineProject|defineWorkspace|mergeConfig|(?:path\.)?(?:resolve|join|dirname)|fileURLToPath|process\.cwd)$/;

/** Runs before the tests, so that all of it matters. */
const isSetup = (path: string): boolean => /[.-](?:setup|globals)[^/]*$/.test(path);
