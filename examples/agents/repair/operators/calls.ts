/** Calls of the neighbouring method, with arguments in the wrong order, without what they need; and control flow. */

import { enclosingFunction, indentOf, textOf } from "../syntax.ts";
import { type Operator, replace } from "./edit.ts";
import { isValue } from "./values.ts";

/** Methods which people take for each other. */
const NEIGHBOURS: readonly (readonly string[])[] = [
  ["floor", "ceil", "round", "trunc"],
  ["min", "max"],
  ["some", "every"],
  ["startsWith", "endsWith", "includes"],
  ["indexOf", "lastIndexOf"],
  ["find", "findLast"],
  ["findIndex", "findLastIndex"],
  ["shift", "pop"],
  ["unshift", "push"],
  ["trim", "trimStart", "trimEnd"],
  ["padStart", "padEnd"],
  ["toLowerCase", "toUpperCase"],
  ["replace", "replaceAll"],
  ["map", "flatMap", "filter"],
  ["sort", "toSorted"],
  ["reverse", "toReversed"],
  ["parseInt", "parseFloat", "Number"],
  ["keys", "values", "entries"],
  ["getDay", "getDate", "getUTCDate"],
  ["getMonth", "getUTCMonth"],
  ["getFullYear", "getUTCFullYear"],
  ["getHours", "getUTCHours"],
  ["isNaN", "isFinite", "isInteger"],
  ["then", "finally"],
  ["encodeURI", "encodeURIComponent"],
  ["decodeURI", "decodeURIComponent"],
  ["slice", "substring"],
  ["call", "apply"],
  ["charAt", "at", "charCodeAt"],
  ["match", "test", "exec", "search"],
];

const neighbour: Operator = ({ node, ancestors }) => {
  if (node.type !== "Identifier") return [];
  const [parent, grandparent] = ancestors;
  const called = parent?.type === "CallExpression" && parent.callee === node;
  const method = parent?.type === "MemberExpression" && !parent.computed && parent.property === node;
  if (!called && !(method && grandparent?.type === "CallExpression")) return [];
  const family = NEIGHBOURS.find((each) => each.includes(node.name)) ?? [];
  return family
    .filter((name) => name !== node.name)
    .map((name) => replace(node, name, "call the neighbouring method", 0.5));
};

/** `f(a, b)` as `f(b, a)`, for each two that stand side by side. */
const swappedArguments: Operator = (site) => {
  const { node } = site;
  if (node.type !== "CallExpression" && node.type !== "NewExpression") return [];
  return node.arguments.slice(1).flatMap((second, index) => {
    const first = node.arguments[index];
    if (first === undefined || textOf(site, first) === textOf(site, second)) return [];
    const between = site.source.slice(first.end, second.start);
    const text = textOf(site, second) + between + textOf(site, first);
    return [replace({ start: first.start, end: second.end }, text, "swap two arguments", 0.4)];
  });
};

/** `sort()` of numbers, `reduce` without a start, an array changed in place, text with spaces around it. */
const missingArgument: Operator = (site) => {
  const { node } = site;
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return [];
  const { property, object } = node.callee;
  if (property.type !== "Identifier") return [];
  const end = { start: node.end - 1, end: node.end - 1 };
  if (/^(toS|s)orted$|^sort$/.test(property.name) && node.arguments.length === 0) {
    return [replace(end, "(a, b) => a - b", "sort numbers as numbers", 0.5)];
  }
  if (property.name === "reduce" && node.arguments.length === 1) {
    return ["0", "''", "[]", "{}"].map((start) => replace(end, `, ${start}`, "start of a reduction", 0.4));
  }
  if (/^(sort|reverse|splice|push)$/.test(property.name)) {
    return [replace(object, `[...${textOf(site, object)}]`, "copy before changing", 0.25)];
  }
  return [];
};

/** `x` as `x.trim()` where text is taken apart or compared. */
const normalised: Operator = (site) => {
  const { node, ancestors } = site;
  if (node.type !== "Identifier" || !isValue(site)) return [];
  const [parent] = ancestors;
  const compared = parent?.type === "BinaryExpression" && /^[!=]==?$/.test(parent.operator);
  const argument = parent?.type === "CallExpression" && parent.callee !== node;
  if (!compared && !argument) return [];
  return ["trim", "toLowerCase"].map((method) =>
    replace(node, `${node.name}.${method}()`, "normalise text", 0.1),
  );
};

/** A call of an async function whose result is used without waiting for it. */
const missingAwait: Operator = (site) => {
  const { node, ancestors } = site;
  const around = enclosingFunction(site);
  if (node.type !== "CallExpression" || ancestors[0]?.type === "AwaitExpression") return [];
  if (around === undefined || !("async" in around) || around.async !== true) return [];
  const bare = ["VariableDeclarator", "ReturnStatement", "ExpressionStatement", "AssignmentExpression"];
  const text = `await ${textOf(site, node)}`;
  return [
    replace(node, bare.includes(ancestors[0]?.type ?? "") ? text : `(${text})`, "wait for a promise", 0.3),
  ];
};

/** A case that falls through by mistake, and a statement too many. */
const controlFlow: Operator = (site) => {
  const { node, ancestors } = site;
  if (node.type === "SwitchCase") {
    const last = node.consequent.at(-1);
    if (last === undefined || /^(Break|Return|Throw|Continue)Statement$/.test(last.type)) return [];
    const at = { start: last.end, end: last.end };
    return [replace(at, `\n${indentOf(site, last.start)}break;`, "end the case", 0.5)];
  }
  if (node.type === "BreakStatement") return [replace(node, "continue;", "go on with the loop", 0.2)];
  if (node.type === "ContinueStatement") return [replace(node, "break;", "leave the loop", 0.2)];
  const removable =
    node.type === "ExpressionStatement" || (node.type === "IfStatement" && node.alternate === null);
  return removable && ancestors[0]?.type === "BlockStatement"
    ? [replace(node, "", "remove a statement", 0.1)]
    : [];
};

export const callOperators: readonly Operator[] = [
  neighbour,
  swappedArguments,
  missingArgument,
  normalised,
  missingAwait,
  controlFlow,
];
