/**
 * Marks in the source that note when they are run first, for test programs that compile what they run
 * (Jest, Vitest): there V8 counts in a text that the agent never sees.
 */

import { type Site, parseSites, parses } from "./syntax.ts";

export interface Place {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** Places by file, with the marked text of each file. */
export interface Probes {
  readonly places: ReadonlyMap<string, readonly Place[]>;
  readonly marked: ReadonlyMap<string, string>;
}

/** On first use in each realm; written at once, because test programs kill their workers. */
const HEADER = `globalThis.__repairHit ??= (() => { const seen = new Set(); const fs = process.getBuiltinModule("node:fs"); return (id) => { if (seen.has(id) || !process.env.REPAIR_PROBES) return; seen.add(id); fs.appendFileSync(process.env.REPAIR_PROBES, id + "\\n"); }; })();`;

interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** Files that cannot be marked are left out. `sources` is text by path. */
export function placeProbes(sources: ReadonlyMap<string, string>): Probes {
  const places = new Map<string, Place[]>();
  const marked = new Map<string, string>();
  let nextId = 0;
  for (const [file, source] of sources) {
    const found: Place[] = [];
    const insertions: Insertion[] = [];
    const sites = parseSites(file, source) ?? [];
    for (const site of sites) {
      const around = surroundings(site);
      if (around === undefined) continue;
      const id = (nextId += 1);
      found.push({ id, start: site.node.start, end: site.node.end });
      insertions.push({ at: site.node.start, text: around.before(id) });
      if (around.after !== "") insertions.push({ at: site.node.end, text: around.after });
    }
    const text = withHeader(insertAll(source, insertions));
    if (found.length === 0 || !parses(file, text)) continue;
    places.set(file, found);
    marked.set(file, text);
  }
  return { places, marked };
}

interface Surroundings {
  before(id: number): string;
  readonly after: string;
}

const statement: Surroundings = { before: (id) => `globalThis.__repairHit?.(${id});`, after: "" };
const block: Surroundings = { before: (id) => `{globalThis.__repairHit?.(${id});`, after: "}" };
const expression: Surroundings = { before: (id) => `(globalThis.__repairHit?.(${id}),`, after: ")" };

/** What a mark at this node looks like; undefined where none is needed or possible. */
function surroundings({ node, ancestors }: Site): Surroundings | undefined {
  const [parent] = ancestors;
  if (parent === undefined || /^(Import|Export)/.test(node.type)) return undefined;
  if ("directive" in node && typeof node.directive === "string") return undefined;
  if (parent.type === "Program" || parent.type === "BlockStatement" || parent.type === "StaticBlock")
    return statement;
  if (parent.type === "SwitchCase") return parent.test === node ? undefined : statement;
  if (parent.type === "IfStatement" && parent.test !== node)
    return node.type === "BlockStatement" || node.type === "IfStatement" ? undefined : block;
  if (/^(For|While|DoWhile)/.test(parent.type) && "body" in parent && parent.body === node)
    return node.type === "BlockStatement" ? undefined : block;
  if (parent.type === "ArrowFunctionExpression" && parent.body === node)
    return node.type === "BlockStatement" ? undefined : expression;
  if (parent.type === "ConditionalExpression" && parent.test !== node) return expression;
  if (parent.type === "LogicalExpression" && parent.right === node) return expression;
  return undefined;
}

/** Where two begin at one place the outer one, which was found first, comes first; where two end, the inner. */
function insertAll(source: string, insertions: readonly Insertion[]): string {
  const opening = insertions.filter((each) => !isClosing(each));
  const closing = insertions.filter(isClosing);
  let text = "";
  let from = 0;
  const places = [...new Set(insertions.map((each) => each.at))].toSorted((a, b) => a - b);
  for (const at of places) {
    text += source.slice(from, at);
    text += closing
      .filter((each) => each.at === at)
      .toReversed()
      .map((each) => each.text)
      .join("");
    text += opening
      .filter((each) => each.at === at)
      .map((each) => each.text)
      .join("");
    from = at;
  }
  return text + source.slice(from);
}

function isClosing({ text }: Insertion): boolean {
  return text === "}" || text === ")";
}

/** After a `#!` line and directives, before everything else. */
function withHeader(text: string): string {
  const directives = /^(#![^\n]*\n)?(\s*(['"])use [a-z]+\3;?)*/.exec(text)?.[0] ?? "";
  return `${directives};${HEADER}${text.slice(directives.length)}`;
}
