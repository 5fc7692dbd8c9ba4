/** What was forgotten: an argument, a default, another case, a key of one's own, what else the options hold. */

import {
  type Node,
  type Site,
  boundNames,
  childrenOf,
  indentOf,
  isFunction,
  textOf,
  visibleNames,
} from "../syntax.ts";
import { type Edit, type Operator, replace } from "./edit.ts";
import { isValue } from "./values.ts";

/** What a file says elsewhere and an operator may borrow. */
interface Vocabulary {
  /** Parameters of the file's own functions by name. */
  readonly functions: ReadonlyMap<string, readonly Node[]>;
  /** Names of members by the text of their object. */
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  /** Texts that are compared for equality, by the text of the other side. */
  readonly equals: ReadonlyMap<string, ReadonlySet<string>>;
}

const vocabularies = new WeakMap<Node, Vocabulary>();
/** Of borrowed things at one place: the first ones stand nearest to the top of the file. */
const MAX_BORROWED = 12;

function vocabularyOf({ node, ancestors, source }: Site): Vocabulary {
  const program = ancestors.at(-1) ?? node;
  const known = vocabularies.get(program);
  if (known !== undefined) return known;
  const functions = new Map<string, readonly Node[]>();
  const members = new Map<string, Set<string>>();
  const equals = new Map<string, Set<string>>();
  const add = (map: Map<string, Set<string>>, key: string, value: string): void => {
    map.set(key, (map.get(key) ?? new Set()).add(value));
  };
  const visit = (each: Node): void => {
    if (each.type === "FunctionDeclaration" && each.id !== null) functions.set(each.id.name, each.params);
    if (each.type === "VariableDeclarator" && each.id.type === "Identifier" && each.init !== null) {
      const { init } = each;
      if (init.type === "ArrowFunctionExpression" || init.type === "FunctionExpression")
        functions.set(each.id.name, init.params);
    }
    if (each.type === "MemberExpression" && !each.computed && each.property.type === "Identifier")
      add(members, source.slice(each.object.start, each.object.end), each.property.name);
    if (each.type === "BinaryExpression" && /^[!=]==?$/.test(each.operator) && each.right.type === "Literal")
      add(
        equals,
        source.slice(each.left.start, each.left.end),
        source.slice(each.right.start, each.right.end),
      );
    for (const child of childrenOf(each)) visit(child);
  };
  visit(program);
  const vocabulary = { functions, members, equals };
  vocabularies.set(program, vocabulary);
  return vocabulary;
}

/** `f(a)` as `f(a, b)` where the file's own `f` takes more. */
const missingArgument: Operator = (site) => {
  const { node } = site;
  if (node.type !== "CallExpression" || node.callee.type !== "Identifier") return [];
  const params = vocabularyOf(site).functions.get(node.callee.name);
  if (params === undefined || params.length <= node.arguments.length) return [];
  const wanted = params.slice(node.arguments.length).flatMap((param) => boundNames(param).slice(0, 1));
  const at = { start: node.end - 1, end: node.end - 1 };
  const lead = node.arguments.length > 0 ? ", " : "";
  return visibleNames(site).map((name) =>
    replace(at, lead + name, "pass another argument", name === wanted[0] ? 0.5 : 0.15),
  );
};

/** `a.b` as `a.c`, where the file uses both. */
const otherProperty: Operator = (site) => {
  const { node, ancestors } = site;
  const [parent] = ancestors;
  if (node.type !== "Identifier" || parent?.type !== "MemberExpression") return [];
  if (parent.computed || parent.property !== node) return [];
  const names = vocabularyOf(site).members.get(textOf(site, parent.object)) ?? [];
  return [...names]
    .filter((name) => name !== node.name)
    .slice(0, MAX_BORROWED)
    .map((name) => replace(node, name, "use another property", 0.18));
};

/** `x === "a"` as `x === "a" || x === "b"` with what the file compares the same with elsewhere. */
const otherCase: Operator = (site) => {
  const { node } = site;
  if (node.type !== "BinaryExpression" || !/^[!=]==?$/.test(node.operator)) return [];
  const left = textOf(site, node.left);
  const right = textOf(site, node.right);
  const connective = node.operator.startsWith("!") ? "&&" : "||";
  const literals = [...(vocabularyOf(site).equals.get(left) ?? [])].filter((text) => text !== right);
  const whole = textOf(site, node);
  return [...literals.slice(0, MAX_BORROWED), "undefined", "null", "''"]
    .filter((text) => text !== right)
    .map((text, index) =>
      replace(
        node,
        `(${whole} ${connective} ${left} ${node.operator} ${text})`,
        "add a case",
        index < literals.length ? 0.2 : 0.12,
      ),
    );
};

/** `if (x)` where 0, false and the empty text are values too. */
const truthiness: Operator = (site) => {
  const { node, ancestors } = site;
  const [parent] = ancestors;
  if (node.type !== "Identifier" && node.type !== "MemberExpression") return [];
  const text = textOf(site, node);
  if (parent?.type === "UnaryExpression" && parent.operator === "!")
    return ["== null", "=== undefined", "=== ''", "=== false"].map((test, index) =>
      replace(parent, `(${text} ${test})`, "say what is missing", index < 2 ? 0.3 : 0.12),
    );
  const isTest =
    (parent?.type === "IfStatement" || parent?.type === "ConditionalExpression") && parent.test === node;
  const isOperand = parent?.type === "LogicalExpression" && parent.left === node;
  if (!isTest && !isOperand) return [];
  return ["!= null", "!== undefined", "!== ''", "!== false"]
    .map((test, index) => replace(node, `(${text} ${test})`, "say what is missing", index < 2 ? 0.3 : 0.12))
    .concat(
      ["string", "number", "function", "object"].map((type) =>
        replace(node, `(typeof ${text} === '${type}')`, "say what is missing", 0.15),
      ),
    );
};

/** Keys that a prototype holds, and keys that lead to it. */
const ownKeys: Operator = (site) => {
  const { node, ancestors } = site;
  const [parent] = ancestors;
  const [first] = node.type === "BlockStatement" ? node.body : [];
  if (first === undefined || parent?.type !== "ForInStatement" || parent.body !== node) return [];
  const indent = indentOf(site, first.start);
  const object = textOf(site, parent.right);
  const before = (test: string, prior: number): Edit => {
    const text = `if (${test}) continue;\n${indent}`;
    return replace({ start: first.start, end: first.start }, text, "own keys only", prior);
  };
  return boundNames(parent.left).flatMap((key) => [
    before(`!Object.prototype.hasOwnProperty.call(${object}, ${key})`, 0.35),
    before(`${key} === '__proto__' || ${key} === 'constructor'`, 0.2),
  ]);
};

/** `{ a }` as `{ ...options, a }`. */
const spread: Operator = (site) => {
  const { node } = site;
  if (node.type !== "ObjectExpression" || !isValue(site)) return [];
  const [first] = node.properties;
  const last = node.properties.at(-1);
  if (node.properties.some((each) => each.type === "SpreadElement")) {
    // What is spread last wins: the order may be the defect.
    const spreads = node.properties.filter((each) => each.type === "SpreadElement");
    return spreads.flatMap((each) =>
      each === first && last !== undefined && last !== each ? [rotated(site, each, last)] : [],
    );
  }
  return visibleNames(site)
    .slice(0, MAX_BORROWED)
    .flatMap((name) =>
      first === undefined || last === undefined
        ? [replace(node, `{ ...${name} }`, "spread the rest", 0.08)]
        : [
            replace({ start: first.start, end: first.start }, `...${name}, `, "spread the rest", 0.12),
            replace({ start: last.end, end: last.end }, `, ...${name}`, "spread the rest", 0.12),
          ],
    );
};

function rotated(site: Site, first: Node, last: Node): Edit {
  const between = site.source.slice(first.end, last.end).replace(/^\s*,\s*/, "");
  const text = `${between}, ${textOf(site, first)}`;
  return replace({ start: first.start, end: last.end }, text, "change the order", 0.25);
}

/** `(a, { b })` as `(a = [], { b } = {})`. */
const parameterDefault: Operator = (site) => {
  const { node, ancestors } = site;
  const [parent] = ancestors;
  if (parent === undefined || !isFunction(parent) || !("params" in parent)) return [];
  if (!(parent.params as readonly Node[]).includes(node)) return [];
  const values =
    node.type === "ObjectPattern"
      ? ["{}"]
      : node.type === "Identifier"
        ? ["{}", "[]", "''", "0", "true", "false"]
        : [];
  // A type annotation belongs to the parameter: its end is the node's.
  return values.map((value) =>
    replace({ start: node.end, end: node.end }, ` = ${value}`, "default of a parameter", 0.15),
  );
};

/** `x` as `f(x)` where the file has such an `f`, or as text or number. */
const conversion: Operator = (site) => {
  const { node, ancestors } = site;
  const [parent] = ancestors;
  if (node.type !== "Identifier" || !isValue(site) || parent === undefined) return [];
  if (parent.type === "CallExpression" && parent.callee === node) return [];
  if (parent.type === "MemberExpression" && parent.object === node) return [];
  const own = [...vocabularyOf(site).functions].filter(([, params]) => params.length === 1);
  const names = own.slice(0, MAX_BORROWED).map(([name]) => name);
  const inside = parent.type === "CallExpression" && textOf(site, parent.callee);
  return [...names, "String", "Number", "[].concat"]
    .filter((name) => name !== inside && name !== node.name)
    .map((name) => replace(node, `${name}(${node.name})`, "convert a value", 0.07));
};

/** `a.b[k]` as `f(k)` where the file has an `f` of one parameter: a table is asked past the function that knows it. */
const ownFunction: Operator = (site) => {
  const { node } = site;
  if (node.type !== "MemberExpression" || !node.computed || !isValue(site)) return [];
  const own = [...vocabularyOf(site).functions].filter(([, params]) => params.length === 1);
  return own
    .slice(0, MAX_BORROWED)
    .map(([name]) =>
      replace(node, `${name}(${textOf(site, node.property)})`, "ask the file's own function", 0.15),
    );
};

/** `Object.assign({}, a)` runs the setters of what it fills, `__proto__` among them; a spread does not. */
const assignAsSpread: Operator = (site) => {
  const { node } = site;
  if (node.type !== "CallExpression" || textOf(site, node.callee) !== "Object.assign") return [];
  const [target, ...sources] = node.arguments;
  if (target?.type !== "ObjectExpression" || target.properties.length > 0) return [];
  const parts = sources.map((each) =>
    each.type === "SpreadElement" ? undefined : `...${textOf(site, each)}`,
  );
  if (parts.includes(undefined)) return [];
  return [replace(node, `({ ${parts.join(", ")} })`, "spread instead of assigning", 0.2)];
};

/** Two statements that stand side by side, the other way round. */
const statementOrder: Operator = (site) => {
  const { node, ancestors } = site;
  const [parent] = ancestors;
  if (parent?.type !== "BlockStatement" && parent?.type !== "Program") return [];
  const body: readonly Node[] = parent.body;
  const next = body[body.indexOf(node) + 1];
  const movable = /^(Expression|If|For|ForOf|While)Statement$|^VariableDeclaration$/;
  if (next === undefined || !movable.test(node.type) || !movable.test(next.type)) return [];
  const between = site.source.slice(node.end, next.start);
  const text = textOf(site, next) + between + textOf(site, node);
  return [replace({ start: node.start, end: next.end }, text, "change the order", 0.1)];
};

/** `if (a)` with a local variable as one more condition. */
const variableCondition: Operator = (site) => {
  const { node } = site;
  if (node.type !== "IfStatement" && node.type !== "ConditionalExpression") return [];
  const { test } = node;
  const text = textOf(site, test);
  return visibleNames(site)
    .slice(0, MAX_BORROWED)
    .flatMap((name) =>
      [`(${text}) && ${name}`, `(${text}) && !${name}`, `(${text}) || ${name}`, `(${text}) || !${name}`].map(
        (changed) => replace(test, changed, "add a condition", 0.08),
      ),
    );
};

export const missingOperators: readonly Operator[] = [
  missingArgument,
  otherProperty,
  otherCase,
  truthiness,
  ownKeys,
  spread,
  parameterDefault,
  conversion,
  ownFunction,
  assignAsSpread,
  statementOrder,
  variableCondition,
];
