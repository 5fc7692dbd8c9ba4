/** All small changes to a source file that might be a fix, each with a prior: the search space of the repair. */

import { callOperators } from "./operators/calls.ts";
import { conditionOperators } from "./operators/conditions.ts";
import { type Edit, generalityOf } from "./operators/edit.ts";
import { guardOperators } from "./operators/guards.ts";
import { missingOperators } from "./operators/missing.ts";
import { valueOperators } from "./operators/values.ts";
import { parseSites } from "./syntax.ts";

export interface Mutation extends Edit {
  readonly file: string;
  /** Where the mutated node starts: the place whose suspicion the mutation inherits. */
  readonly at: number;
  /** How likely the change holds beyond the tests, between 0 and 1. */
  readonly generality: number;
}

const OPERATORS = [
  ...conditionOperators,
  ...valueOperators,
  ...guardOperators,
  ...callOperators,
  ...missingOperators,
];

/**
 * In the order of the source, each resulting text once. Empty when the file does not parse.
 * Whether what results parses is not checked here, because most are never tried.
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
        mutations.push({ ...edit, file, at: site.node.start, generality: generalityOf(edit.operator) });
      }
    }
  }
  return mutations;
}
