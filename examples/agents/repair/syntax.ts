/** Parses a source file and walks its syntax tree; what mutation operators see of the code around a node. */

import { parseSync, visitorKeys, type Node } from "oxc-parser";

export type { Node };

/** A node with the code around it. */
export interface Site {
  readonly node: Node;
  /** From the node's parent outwards to the program. */
  readonly ancestors: readonly Node[];
  readonly source: string;
}

/** Every node that is executed, outer before inner; types are not. Undefined when the file does not parse. */
export function parseSites(file: string, source: string): Site[] | undefined {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) return undefined;
  const sites: Site[] = [];
  const visit = (node: Node, ancestors: readonly Node[]): void => {
    if (isTypeOnly(node)) return;
    sites.push({ node, ancestors, source });
    const inside = [node, ...ancestors];
    for (const child of childrenOf(node)) visit(child, inside);
  };
  visit(program, []);
  return sites;
}

/** Whether the text still is a program. */
export function parses(file: string, source: string): boolean {
  return parseSync(file, source).errors.length === 0;
}

export function textOf(site: Site, node: { readonly start: number; readonly end: number }): string {
  return site.source.slice(node.start, node.end);
}

/** The whitespace before the first thing on the node's line. */
export function indentOf(site: Site, offset: number): string {
  const lineStart = site.source.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(site.source.slice(lineStart, offset))?.[0] ?? "";
}

/** The innermost function around the site, with a block for a body or without. */
export function enclosingFunction(site: Site): Node | undefined {
  return site.ancestors.find(isFunction);
}

export function isFunction(node: Node): boolean {
  return ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"].includes(node.type);
}

/** Local variables and parameters that have a value at the site, the nearest first. Not those of the module. */
export function visibleNames(site: Site): string[] {
  const names: string[] = [];
  for (const ancestor of site.ancestors) {
    const declared: Node[] = [];
    if (ancestor.type === "BlockStatement")
      declared.push(...ancestor.body.filter((each) => each.end <= site.node.start));
    else if (ancestor.type === "ForStatement" && ancestor.init !== null) declared.push(ancestor.init);
    else if (ancestor.type === "ForOfStatement" || ancestor.type === "ForInStatement")
      declared.push(ancestor.left);
    else if (ancestor.type === "FunctionDeclaration" || ancestor.type === "FunctionExpression")
      declared.push(...ancestor.params);
    else if (ancestor.type === "ArrowFunctionExpression") declared.push(...ancestor.params);
    else if (ancestor.type === "CatchClause" && ancestor.param !== null) declared.push(ancestor.param);
    // A loop's own variable is not there yet where its list is computed.
    const here = declared.filter((each) => each.end <= site.node.start).toReversed();
    names.push(...here.flatMap(boundNames));
  }
  return [...new Set(names)];
}

/** The names a declaration, a parameter or a pattern introduces. */
export function boundNames(node: Node): string[] {
  if (node.type === "Identifier") return [node.name];
  if (node.type === "VariableDeclaration") return node.declarations.flatMap((each) => boundNames(each.id));
  if (node.type === "AssignmentPattern") return boundNames(node.left);
  if (node.type === "RestElement") return boundNames(node.argument);
  if (node.type === "Property") return boundNames(node.value);
  if (node.type === "ObjectPattern" || node.type === "ArrayPattern")
    return childrenOf(node).flatMap(boundNames);
  return [];
}

/** Children in the order of the source. */
export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    const value: unknown = Reflect.get(node, key);
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) children.push(child);
  }
  return children;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

/** `x as T`, `x satisfies T`, `<T>x` and `x!` hold expressions; every other TypeScript node is erased. */
function isTypeOnly(node: Node): boolean {
  const holdsExpression = [
    "TSAsExpression",
    "TSSatisfiesExpression",
    "TSTypeAssertion",
    "TSNonNullExpression",
  ];
  return node.type.startsWith("TS") && !holdsExpression.includes(node.type);
}
