/** All small changes to a source file that might be a fix, each with a prior: the search space of the repair. */

import { callOperators } from "./operators/calls.ts";
import { conditionOperators } from "./operators/conditions.ts";
import type { Edit } from "./operators/edit.ts";
import { guardOperators } from "./operators/guards.ts";
import { valueOperators } from "./operators/values.ts";
import { parseSites, parses } from "./syntax.ts";

export interface Mutation extends Edit {
  readonly file: string;
  /** Where the mutated node starts: the place whose suspicion the mutation inherits. */
  readonly at: number;
  /** The line before and after, for people. */
  readonly before: string;
  readonly after: string;
}

/** Houston refuses long texts, and a minified file is one long line. */
const MAX_LINE_LENGTH = 500;

const OPERATORS = [...conditionOperators, ...valueOperators, ...guardOperators, ...callOperators];

/**
 * In the order of the source, each resulting text once. Empty when the file does not parse.
 * Whether a mutation parses is not checked here, because most are never tried: see `applyMutation`.
 */
export function mutationsOf(file: string, source: string): Mutation[] {
  const seen = new Set<string>();
  const mutations: Mutation[] = [];
  for (const site of parseSites(file, source) ?? []) {
    for (const operator of OPERATORS) {
      for (const edit of operator(site)) {
        const key = `${edit.start}:${edit.end}:${edit.text}`;
        if (seen.has(key) || source.slice(edit.start, edit.end) === edit.text) continue;
        seen.add(key);
        mutations.push({ ...edit, file, at: site.node.start, ...changedLine(source, edit) });
      }
    }
  }
  return mutations;
}

/** The mutated source, or undefined when it is no program any more. */
export function applyMutation(source: string, mutation: Mutation): string | undefined {
  const mutated = source.slice(0, mutation.start) + mutation.text + source.slice(mutation.end);
  return parses(mutation.file, mutated) ? mutated : undefined;
}

/** Says the same of a mutation after edits elsewhere in its file have moved it. */
export function identityOf(mutation: Mutation): string {
  return JSON.stringify([mutation.file, mutation.before, mutation.after]);
}

export function describe(mutation: Mutation): string {
  return `${mutation.file}: ${mutation.operator}: \`${mutation.before}\` -> \`${mutation.after}\``;
}

function changedLine(source: string, edit: Edit): { before: string; after: string } {
  const lineStart = source.lastIndexOf("\n", edit.start - 1) + 1;
  const nextLine = source.indexOf("\n", edit.end);
  const lineEnd = nextLine === -1 ? source.length : nextLine;
  const oneLine = (text: string): string => text.trim().replace(/\s+/g, " ").slice(0, MAX_LINE_LENGTH);
  return {
    before: oneLine(source.slice(lineStart, lineEnd)),
    after: oneLine(source.slice(lineStart, edit.start) + edit.text + source.slice(edit.end, lineEnd)),
  };
}
