/** Wrong arithmetic, numbers off by one, wrong literals, wrong variables, wrong results. */

import { type Site, enclosingFunction, textOf, visibleNames } from "../syntax.ts";
import { type Edit, type Operator, replace } from "./edit.ts";

const ARITHMETIC: Readonly<Record<string, readonly string[]>> = {
  "+": ["-", "*"],
  "-": ["+"],
  "*": ["/", "+", "**"],
  "/": ["*", "%"],
  "%": ["/", "*"],
  "&": ["|"],
  "|": ["&"],
  "<<": [">>"],
  ">>": ["<<", ">>>"],
};

const ASSIGNMENT: Readonly<Record<string, readonly string[]>> = {
  "+=": ["-=", "="],
  "-=": ["+=", "="],
  "*=": ["/=", "="],
  "/=": ["*=", "="],
  "=": ["+=", "??="],
  "||=": ["??=", "&&="],
};

const arithmetic: Operator = ({ node, source }) => {
  if (node.type !== "BinaryExpression") return [];
  const gap = { start: node.left.end, end: node.right.start };
  const between = source.slice(gap.start, gap.end);
  return (ARITHMETIC[node.operator] ?? []).map((to, index) =>
    replace(
      gap,
      between.replace(node.operator, () => to),
      "change the arithmetic",
      index === 0 ? 0.5 : 0.25,
    ),
  );
};

const assignment: Operator = ({ node, source }) => {
  if (node.type === "UpdateExpression") {
    const to = node.operator === "++" ? "--" : "++";
    const text = source.slice(node.start, node.end).replace(node.operator, () => to);
    return [replace(node, text, "change the step", 0.3)];
  }
  if (node.type !== "AssignmentExpression") return [];
  const gap = { start: node.left.end, end: node.right.start };
  const between = source.slice(gap.start, gap.end);
  return (ASSIGNMENT[node.operator] ?? []).map((to) =>
    replace(
      gap,
      between.replace(node.operator, () => to),
      "change the assignment",
      0.3,
    ),
  );
};

/** Numbers off by one or of the wrong sign, and `length` where the last index is meant. */
const offByOne: Operator = (site) => {
  const { node, ancestors } = site;
  if (node.type === "Literal" && typeof node.value === "number") {
    const unsigned = ancestors[0]?.type !== "UnaryExpression";
    const values = [node.value + 1, node.value - 1, ...(node.value > 1 ? [0, 1] : [])].filter(
      (each) => unsigned || each >= 0,
    );
    return [
      ...values.map((value, index) =>
        replace(node, String(value), "change a number", index < 2 ? 0.6 : 0.25),
      ),
      ...(unsigned && node.value !== 0 ? [replace(node, `-${node.value}`, "change a number", 0.25)] : []),
    ];
  }
  const text = textOf(site, node);
  if (isIndexLike(site) && /^[\w$.]+$/.test(text) && !/^\d/.test(text)) {
    return ["+", "-"].map((sign) => replace(node, `${text} ${sign} 1`, "shift by one", 0.4));
  }
  return [];
};

/** In `a[i]`, `a.slice(i, j)`, `x < i`, `= a.length`: where people count. */
function isIndexLike({ node, ancestors }: Site): boolean {
  const parent = ancestors[0];
  if (parent === undefined || !isValue({ node, ancestors })) return false;
  if (parent.type === "MemberExpression") return parent.computed && parent.property === node;
  if (parent.type === "BinaryExpression") return /^[<>]=?$/.test(parent.operator);
  if (parent.type !== "CallExpression" || parent.callee === node) return false;
  const name = parent.callee.type === "MemberExpression" ? parent.callee.property : parent.callee;
  return name.type === "Identifier" && /slice|substr|splice|at$|fill|repeat|pad|range/i.test(name.name);
}

const otherLiterals: Operator = (site) => {
  const { node, ancestors } = site;
  if (node.type !== "Literal") return [];
  if (typeof node.value === "boolean") return [replace(node, String(!node.value), "change a literal", 0.5)];
  if ("regex" in node && node.raw !== null) return regexEdits(node.raw, node);
  const isKey = ancestors[0]?.type === "Property" && ancestors[0].key === node;
  if (typeof node.value !== "string" || isKey || /^(Import|Export)/.test(ancestors[0]?.type ?? "")) return [];
  const quote = textOf(site, node).slice(0, 1);
  const values = [node.value.trim(), "", " ", ","].filter((each) => each !== node.value);
  return [...new Set(values)].map((value) =>
    replace(node, `${quote}${value}${quote}`, "change a literal", 0.15),
  );
};

/** Parts of patterns, each with what it is taken for. */
const REGEX_CLASSES: readonly (readonly string[])[] = [
  [" ", "\\s", "[ \\t]"],
  ["\\s", "[^]"],
  ["\\d", "\\w"],
  ["\\w", "[\\w-]", "."],
  ["[^", "["],
  [".", "[^]", "\\."],
  ["+", "+?"],
  ["*", "*?"],
];

/** Flags, anchors, `+` for `*` and back: the parts of a pattern that are most often wrong. */
function regexEdits(raw: string, node: { start: number; end: number }): Edit[] {
  const end = raw.lastIndexOf("/");
  const pattern = raw.slice(1, end);
  const flags = raw.slice(end + 1);
  const variants = ["g", "i", "u"].map((flag) =>
    flags.includes(flag) ? [pattern, flags.replace(flag, "")] : [pattern, flags + flag],
  );
  variants.push(
    pattern.startsWith("^") ? [pattern.slice(1), flags] : [`^${pattern}`, flags],
    pattern.endsWith("$") ? [pattern.slice(0, -1), flags] : [`${pattern}$`, flags],
  );
  for (const { index } of pattern.matchAll(/(?<!\\)[+*?]/g)) {
    for (const to of ["+", "*", "?"].filter((each) => each !== pattern[index])) {
      variants.push([pattern.slice(0, index) + to + pattern.slice(index + 1), flags]);
    }
  }
  for (const [from = "", ...others] of REGEX_CLASSES) {
    // Everywhere, because what is taken for something else in one place is in the others too.
    if (pattern.includes(from))
      for (const to of others) variants.push([pattern.replaceAll(from, () => to), flags]);
    for (let at = pattern.indexOf(from); at !== -1; at = pattern.indexOf(from, at + 1)) {
      for (const to of others)
        variants.push([pattern.slice(0, at) + to + pattern.slice(at + from.length), flags]);
    }
  }
  return variants.map(([body, suffix]) => replace(node, `/${body}/${suffix}`, "change a pattern", 0.2));
}

/** Another local variable in the place of this one. */
const otherVariable: Operator = (site) => {
  const { node } = site;
  if (node.type !== "Identifier" || !isValue(site)) return [];
  const visible = visibleNames(site);
  if (!visible.includes(node.name)) return [];
  return visible
    .filter((name) => name !== node.name)
    .map((name) => replace(node, name, "use another variable", 0.2));
};

/** Another result of the same function, the negated result, an empty one. */
const result: Operator = (site) => {
  const { node } = site;
  if (node.type !== "ReturnStatement" || node.argument === null) return [];
  const { argument } = node;
  const text = textOf(site, argument);
  const body = enclosingFunction(site);
  const others = body === undefined ? [] : returnedTexts(site, body).filter((each) => each !== text);
  return [
    ...others.map((other) => replace(argument, other, "return another result", 0.2)),
    replace(argument, `!(${text})`, "negate the result", 0.2),
    ...["undefined", "null", "[]", "''", "0"]
      .filter((each) => each !== text && !others.includes(each))
      .map((empty) => replace(argument, empty, "return something empty", 0.1)),
  ];
};

function returnedTexts(site: Site, body: { start: number; end: number }): string[] {
  const text = site.source.slice(body.start, body.end);
  return [...new Set([...text.matchAll(/\breturn ([^;\n]+);/g)].map((match) => match[1] ?? ""))];
}

/** Whether the node is read: neither a name being declared, assigned, or a key. */
export function isValue({ node, ancestors }: Pick<Site, "node" | "ancestors">): boolean {
  const parent = ancestors[0];
  if (parent === undefined) return false;
  if (parent.type === "MemberExpression") return parent.object === node || parent.computed;
  if (parent.type === "Property")
    return parent.value === node && !parent.shorthand && ancestors[1]?.type === "ObjectExpression";
  if (parent.type === "VariableDeclarator") return parent.init === node;
  if (parent.type === "AssignmentExpression") return parent.right === node;
  if (parent.type === "AssignmentPattern") return parent.right === node;
  if (parent.type === "ArrowFunctionExpression") return parent.body === node;
  if (parent.type === "ForOfStatement" || parent.type === "ForInStatement") return parent.right === node;
  return (
    /Expression$|^(Return|Throw|If|While|Switch|For)Statement$|^(SpreadElement|TemplateLiteral|SwitchCase)$/.test(
      parent.type,
    ) && !/^(Update|Function|Class)Expression$/.test(parent.type)
  );
}

export const valueOperators: readonly Operator[] = [
  arithmetic,
  assignment,
  offByOne,
  otherLiterals,
  otherVariable,
  result,
];
