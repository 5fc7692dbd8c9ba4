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
