/**
 * What a check's command really starts: through npm scripts, npx, shells and wrappers to the test
 * programs, so that each can be asked for results by test. What it cannot follow it leaves as it is.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One program with its arguments and what a script sets for it. */
export interface Invocation {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Scripts that call scripts that call scripts. */
const MAX_DEPTH = 5;
const PACKAGE_MANAGERS = ["npm", "yarn", "pnpm", "bun"];
/** They run another program and pass its exit code on. */
const WRAPPERS = ["nyc", "c8", "cross-env", "env", "npx", "time"];

/** One for each part of an `a && b` chain; the command itself when it cannot be followed. */
export function invocationsOf(folder: string, command: readonly string[], depth = 0): Invocation[] {
  const { words, env } = withoutWrappers(command);
  const itself = [{ words, env }];
  if (depth >= MAX_DEPTH) return itself;
  const script = scriptOf(folder, words);
  if (script === undefined) return itself;
  const parts = splitScript(script.line);
  if (parts === undefined) return [{ words: command, env: {} }];
  const last = parts.at(-1);
  if (last !== undefined) last.push(...script.extra);
  return parts.flatMap((part) =>
    invocationsOf(folder, part, depth + 1).map((each) => ({ ...each, env: { ...env, ...each.env } })),
  );
}

/** The line of the package script or the shell that the words stand for. */
function scriptOf(
  folder: string,
  words: readonly string[],
): { line: string; extra: readonly string[] } | undefined {
  const [program = "", ...args] = words;
  if (/(^|\/)(ba|da)?sh$/.test(program) && args[0] === "-c" && args.length === 2)
    return { line: args[1] ?? "", extra: [] };
  if (!PACKAGE_MANAGERS.includes(program)) return undefined;
  const rest = args.filter((word) => !/^(--silent|-s|--quiet|-q)$/.test(word));
  const [verb = "", name = ""] = rest;
  const runs = /^run(-script)?$/.test(verb);
  const script = runs ? name : verb === "t" ? "test" : verb;
  const extra = rest.slice(runs ? 2 : 1).filter((word) => word !== "--");
  const line = packageScript(folder, script);
  return line === undefined ? undefined : { line, extra };
}

function packageScript(folder: string, name: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const line = member(member(manifest, "scripts"), name);
    return typeof line === "string" ? line : undefined;
  } catch {
    return undefined;
  }
}

export function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** The words of each part of an `a && b` chain, quotes taken off; undefined when it needs a real shell. */
function splitScript(line: string): string[][] | undefined {
  const parts: string[][] = [[]];
  for (const [token] of line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (token === "&&") parts.push([]);
    else if (/[$`\\;|<>()&]/.test(token.replaceAll(/'[^']*'/g, "").replaceAll(/"[^"$`\\]*"/g, "")))
      return undefined;
    else parts.at(-1)?.push(token.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
  }
  return parts.some((part) => part.length === 0) ? undefined : parts;
}

function withoutWrappers(command: readonly string[]): {
  words: readonly string[];
  env: Record<string, string>;
} {
  const env: Record<string, string> = {};
  let words = [...command];
  for (;;) {
    const [first = ""] = words;
    const assignment = /^([A-Za-z_]\w*)=(.*)$/.exec(first);
    if (assignment !== null) {
      env[assignment[1] ?? ""] = assignment[2] ?? "";
      words = words.slice(1);
    } else if (WRAPPERS.includes(first.replace(/^.*\//, "")) && words.length > 1) {
      const rest = words.slice(1);
      const start = rest.findIndex((word) => !word.startsWith("-"));
      if (start === -1) return { words, env };
      words = rest.slice(start);
    } else if (/^(pnpm|yarn|npm)$/.test(first) && /^(exec|dlx|x)$/.test(words[1] ?? "")) {
      words = words.slice(2).filter((word, index) => index > 0 || word !== "--");
    } else return { words, env };
  }
}
