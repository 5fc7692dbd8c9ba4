/** What a mutation operator proposes: one replacement of text, with a prior for how often such a change is a fix. */

import type { Site } from "../syntax.ts";

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly operator: string;
  /**
   * Between 0 and 1, set by hand. The order follows what studies of small fixes report as common
   * (R.-M. Karampatsis, C. Sutton, "How Often Do Single-Statement Bugs Occur? The ManySStuBs4J
   * Dataset", MSR 2020; D. Kim et al., "Automatic Patch Generation Learned from Human-Written
   * Patches", ICSE 2013), not measured numbers.
   */
  readonly prior: number;
}

/** Looks at one node and must not throw; returns nothing where it does not apply. */
export type Operator = (site: Site) => Edit[];

/** Replaces a whole node. */
export function replace(
  node: { start: number; end: number },
  text: string,
  operator: string,
  prior: number,
): Edit {
  return { start: node.start, end: node.end, text, operator, prior };
}

/** Kinds of change that fit what a test shows rather than what is meant: special cases, constants, deletions. */
const GENERALITY: Readonly<Record<string, number>> = {
  "negate the condition": 0.8,
  "change a pattern": 0.8,
  "add a condition": 0.75,
  "normalise text": 0.75,
  "own keys only": 0.9,
  "add a case": 0.65,
  "convert a value": 0.75,
  "default of a parameter": 0.75,
  "change a number": 0.7,
  "optional access": 0.7,
  "guard a loop": 0.7,
  "default for a missing value": 0.65,
  "drop part of a condition": 0.65,
  "guard a parameter": 0.6,
  "guard a statement": 0.6,
  "change a literal": 0.6,
  "return another result": 0.5,
  "negate the result": 0.5,
  "remove a statement": 0.4,
  "always true": 0.35,
  "never true": 0.35,
  "return something empty": 0.3,
};

/** Between 0 and 1; a change of how something is computed holds more often than one of a special case. */
export function generalityOf(operator: string): number {
  return GENERALITY[operator] ?? 1;
}
