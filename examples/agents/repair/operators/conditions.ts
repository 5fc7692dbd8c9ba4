/** Wrong comparisons, wrong connectives, conditions turned round, conditions with a part too many. */

import { type Node, type Site, childrenOf, enclosingFunction, textOf } from "../syntax.ts";
import { type Edit, type Operator, replace } from "./edit.ts";

/** Priors of conditions borrowed from beside the place, and from elsewhere in the function. */
const NEAR_PRIOR = 0.15;
const FAR_PRIOR = 0.08;
const MAX_BORROWED = 16;

const BOUNDARY: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };

const OTHER_COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  "<": [">", ">=", "!=="],
  "<=": [">=", ">", "==="],
  ">": ["<", "<=", "!=="],
  ">=": ["<=", "<", "==="],
  "===": ["!==", "==", "<=", ">="],
  "!==": ["===", "!=", "<", ">"],
  "==": ["!=", "==="],
  "!=": ["==", "!=="],
};

/** `a < b` as `a <= b`, then as any other comparison. */
const comparison: Operator = ({ node, source }) => {
  if (node.type !== "BinaryExpression") return [];
  const gap = { start: node.left.end, end: node.right.start };
  const between = source.slice(gap.start, gap.end);
  const swap = (to: string, operator: string, prior: number): Edit =>
    replace(
      gap,
      between.replace(node.operator, () => to),
      operator,
      prior,
    );
  const boundary = BOUNDARY[node.operator];
  return [
    ...(boundary === undefined ? [] : [swap(boundary, "move the boundary", 0.9)]),
    ...(OTHER_COMPARISONS[node.operator] ?? []).map((to) => swap(to, "change the comparison", 0.5)),
  ];
};

/** `a && b` as `a || b`, as `a`, as `b`; `a || b` as `a ?? b`. */
const connective: Operator = (site) => {
  const { node, source } = site;
  if (node.type !== "LogicalExpression") return [];
  const gap = { start: node.left.end, end: node.right.start };
  const between = source.slice(gap.start, gap.end);
  const others = ["&&", "||", "??"].filter((each) => each !== node.operator);
  return [
    ...others.map((to) => {
      const prior = node.operator === "&&" && to === "??" ? 0.1 : 0.6;
      return replace(
        gap,
        between.replace(node.operator, () => to),
        "change the connective",
        prior,
      );
    }),
    replace(node, textOf(site, node.left), "drop part of a condition", 0.35),
    replace(node, textOf(site, node.right), "drop part of a condition", 0.35),
  ];
};

/** `if (a)` as `if (!a)`, and also as always or never. */
const negation: Operator = (site) => {
  const test = conditionOf(site);
  if (test === undefined) return [];
  const text = textOf(site, test);
  const simple = /^[\w$.]+(\([^()]*\))?$/.test(text);
  const negated = text.startsWith("!") ? text.slice(1) : simple ? `!${text}` : `!(${text})`;
  return [
    replace(test, negated, "negate the condition", 0.5),
    replace(test, "true", "always true", 0.15),
    replace(test, "false", "never true", 0.15),
  ];
};

/** `if (a)` as `if (a && b)` and `if (a || b)` with a condition that the same function has elsewhere. */
const extraCondition: Operator = (site) => {
  const test = conditionOf(site);
  const around = enclosingFunction(site);
  if (test === undefined || around === undefined) return [];
  const text = textOf(site, test);
  const siblings = site.ancestors.find((each) => each.type === "BlockStatement")?.body ?? [];
  const borrowed = new Map<string, number>();
  for (const statement of siblings)
    if (statement.type === "IfStatement" && statement.test !== test)
      borrowed.set(textOf(site, statement.test), NEAR_PRIOR);
  for (const part of conditionsIn(site, around))
    if (part !== text && !borrowed.has(part) && borrowed.size < MAX_BORROWED) borrowed.set(part, FAR_PRIOR);
  return [...borrowed].flatMap(([other, prior]) => [
    replace(test, `(${text}) && (${other})`, "add a condition", prior),
    replace(test, `(${text}) || (${other})`, "add a condition", prior),
    replace(test, `(${text}) && !(${other})`, "add a condition", prior / 2),
  ]);
};

/** The parts of all conditions of a function, each once; what is not visible here gives a mutant that fails. */
function conditionsIn(site: Site, around: Node): string[] {
  const found = new Set<string>();
  const visit = (node: Node, isCondition: boolean): void => {
    if (node.type === "LogicalExpression" && isCondition) {
      visit(node.left, true);
      visit(node.right, true);
      return;
    }
    if (isCondition) found.add(textOf(site, node));
    const tested = "test" in node ? node.test : undefined;
    for (const child of childrenOf(node)) visit(child, child === tested && !/^SwitchCase$/.test(node.type));
  };
  visit(around, false);
  return [...found];
}

function conditionOf({ node }: Site): { start: number; end: number } | undefined {
  const tested = ["IfStatement", "ConditionalExpression", "WhileStatement"].includes(node.type);
  return tested && "test" in node && typeof node.test === "object" && node.test !== null
    ? node.test
    : undefined;
}

export const conditionOperators: readonly Operator[] = [comparison, connective, negation, extraCondition];
