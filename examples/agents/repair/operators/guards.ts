/** What is missing where nobody thought of nothing: null, undefined, empty text, empty lists, a blank line. */

import { type Node, type Site, boundNames, indentOf, isFunction, textOf, visibleNames } from "../syntax.ts";
import { type Edit, type Operator, replace } from "./edit.ts";
import { isValue } from "./values.ts";

const EMPTY_VALUES = ["undefined", "null", "0", "''", "[]", "false"];

/** `a.b` as `a?.b`, with a local variable or an empty value for when there is no `a`. */
const optionalAccess: Operator = (site) => {
  const { node, ancestors } = site;
  if (node.type !== "MemberExpression" || node.optional || !isValue(site)) return [];
  if (node.object.type === "ThisExpression" || node.object.type === "Super") return [];
  const object = textOf(site, node.object);
  const rest = site.source.slice(node.object.end, node.end);
  const access = `${object}?.${rest.startsWith(".") ? rest.slice(1) : rest}`;
  const called = ancestors[0]?.type === "CallExpression" && ancestors[0].callee === node;
  const whole = called ? ancestors[0] : node;
  const tail = called ? site.source.slice(node.end, ancestors[0]?.end) : "";
  const open = whole !== undefined && needsParentheses(called ? ancestors[1] : ancestors[0]);
  const withDefault = (value: string, prior: number): Edit => {
    const text = `${access}${tail} ?? ${value}`;
    return replace(whole ?? node, open ? `(${text})` : text, "default for a missing value", prior);
  };
  return [
    replace(node, access, "optional access", 0.3),
    ...visibleNames(site)
      .filter((name) => name !== object)
      .map((name) => withDefault(name, 0.25)),
    ...EMPTY_VALUES.slice(1).map((value) => withDefault(value, 0.22)),
  ];
};

function needsParentheses(parent: Node | undefined): boolean {
  if (parent === undefined) return true;
  const separate = [
    "VariableDeclarator",
    "ReturnStatement",
    "AssignmentExpression",
    "Property",
    "ArrayExpression",
  ];
  return !separate.includes(parent.type) && !(parent.type === "CallExpression");
}

/** `f(a, b)` starting with `if (a.length === 0) return ...` or `if (a == null) return ...`. */
const guardedParameter: Operator = (site) => {
  const { node, ancestors } = site;
  const [parent] = ancestors;
  if (node.type !== "BlockStatement" || parent === undefined || !isFunction(parent) || !("params" in parent))
    return [];
  const first = node.body[0];
  if (first === undefined || !Array.isArray(parent.params)) return [];
  const names = (parent.params as readonly Node[]).flatMap(boundNames);
  return names.flatMap((name) =>
    [`${name}.length === 0`, `${name} == null`].flatMap((test) =>
      [...EMPTY_VALUES, ...names.filter((other) => other !== name)].map((value) =>
        before(site, first, `if (${test}) return ${value};`, "guard a parameter", 0.2),
      ),
    ),
  );
};

/** A statement that uses members of a local variable, after a guard on that variable. */
const guardedStatement: Operator = (site) => {
  const { node, ancestors } = site;
  if (!["VariableDeclaration", "ReturnStatement", "ExpressionStatement"].includes(node.type)) return [];
  if (ancestors[0]?.type !== "BlockStatement") return [];
  const text = textOf(site, node);
  const used = visibleNames(site).filter((name) =>
    new RegExp(`(?<![\\w$.])${RegExp.escape(name)}[.[]`).test(text),
  );
  const inLoop = ancestors.slice(1).find((each) => isFunction(each) || /^(For|While)/.test(each.type));
  const exits = EMPTY_VALUES.map((value) => `return ${value};`);
  if (inLoop !== undefined && !isFunction(inLoop)) exits.unshift("continue;");
  return used.flatMap((name) =>
    [`${name}.length === 0`, `${name} == null`].flatMap((test) =>
      exits.map((exit) => before(site, node, `if (${test}) ${exit}`, "guard a statement", 0.15)),
    ),
  );
};

/** A loop that passes over what is empty. */
const guardedLoop: Operator = (site) => {
  const { node, ancestors } = site;
  const [parent] = ancestors;
  if (node.type !== "BlockStatement" || parent?.type !== "ForOfStatement") return [];
  const first = node.body[0];
  if (first === undefined) return [];
  return boundNames(parent.left).flatMap((name) =>
    [`!${name}`, `${name}.trim() === ''`, `${name} == null`].map((test) =>
      before(site, first, `if (${test}) continue;`, "guard a loop", 0.25),
    ),
  );
};

function before(
  site: Site,
  statement: { start: number },
  text: string,
  operator: string,
  prior: number,
): Edit {
  const indent = indentOf(site, statement.start);
  return { start: statement.start, end: statement.start, text: `${text}\n${indent}`, operator, prior };
}

export const guardOperators: readonly Operator[] = [
  optionalAccess,
  guardedParameter,
  guardedStatement,
  guardedLoop,
];
