/** JavaScript and TypeScript as a tree, and the few questions that reading a change asks of it. */
import { parseSync, visitorKeys } from "oxc-parser";

export type Node = { type: string; start: number; end: number } & Record<string, unknown>;

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

export interface Program {
  root: Node;
  text: string;
}

const extension = /\.([cm]?[jt]sx?)$/;

/** Whether a path is one of JavaScript or TypeScript. */
export const isScript = (path: string): boolean => extension.test(path);

/** Undefined when it is no JavaScript or TypeScript, or not well-formed. */
export function parseScript(path: string, text: string): Program | undefined {
  const kind = extension.exec(path)?.[1];
  if (kind === undefined) return undefined;
  const langs = kind.includes("t") ? [kind.endsWith("x") ? "tsx" : "ts"] : ["jsx", "tsx"];
  for (const lang of langs as ("ts" | "tsx" | "jsx")[]) {
    try {
      const { program, errors } = parseSync(path, text, { lang });
      const root: unknown = program;
      if (errors.length === 0 && isNode(root)) return { root, text };
    } catch {
      // Not this language.
    }
  }
  return undefined;
}

export function childrenOf(node: Node): Node[] {
  return (visitorKeys[node.type] ?? []).flatMap((key) => [node[key]].flat().filter((child) => isNode(child)));
}

/** Visits every node before its children; `false` leaves the children out. */
export function walk(node: Node, visit: (node: Node, parent: Node | undefined) => boolean | void): void {
  const step = (at: Node, parent: Node | undefined): void => {
    if (visit(at, parent) === false) return;
    for (const child of childrenOf(at)) step(child, at);
  };
  step(node, undefined);
}

export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

export const sourceOf = (program: Program, node: Node): string => program.text.slice(node.start, node.end);

/** Without what changes nothing: parentheses, type assertions, optional chains. */
export function bare(node: unknown): Node | undefined {
  if (!isNode(node)) return undefined;
  const inner =
    /^(?:ParenthesizedExpression|ChainExpression|TSAsExpression|TSNonNullExpression|TSSatisfiesExpression)$/;
  return inner.test(node.type) ? bare(node["expression"]) : node;
}

/** The names of a chain such as `t.skip.each`, calls on the way left out; undefined when it does not begin with a name. */
export function chainOf(node: unknown): string[] | undefined {
  const at = bare(node);
  if (at === undefined) return undefined;
  if (at.type === "Identifier") return [String(at["name"])];
  if (at.type === "ThisExpression") return ["this"];
  if (at.type === "CallExpression" || at.type === "NewExpression") return chainOf(at["callee"]);
  if (at.type === "TaggedTemplateExpression") return chainOf(at["tag"]);
  if (at.type === "AwaitExpression") return chainOf(at["argument"]);
  if (at.type !== "MemberExpression") return undefined;
  const object = chainOf(at["object"]);
  const property = memberName(at);
  return object === undefined || property === undefined ? undefined : [...object, property];
}

/** The property a member expression names, where it can be known: `a.b`, `a["b"]`, `a["b" + "c"]`. */
export function memberName(member: Node): string | undefined {
  const property = bare(member["property"]);
  if (property === undefined) return undefined;
  if (member["computed"] !== true) return typeof property["name"] === "string" ? property["name"] : undefined;
  return constantText(property);
}

/** The text of a string known without running anything. */
export function constantText(node: unknown): string | undefined {
  const at = bare(node);
  if (at === undefined) return undefined;
  if (at.type === "Literal" && typeof at["value"] === "string") return at["value"];
  if (at.type === "TemplateLiteral" && nodesIn(at["expressions"]).length === 0) {
    const [part] = nodesIn(at["quasis"]);
    const value = part?.["value"] as { cooked?: string } | undefined;
    return value?.cooked;
  }
  if (at.type === "BinaryExpression" && at["operator"] === "+") {
    const [left, right] = [constantText(at["left"]), constantText(at["right"])];
    return left === undefined || right === undefined ? undefined : left + right;
  }
  return undefined;
}

export const nodesIn = (value: unknown): Node[] => [value].flat().filter((item) => isNode(item));

export const isFunction = (node: Node | undefined): node is Node & { body: unknown } =>
  node !== undefined &&
  /^(?:Arrow)?Function(?:Expression|Declaration)?$|^ArrowFunctionExpression$/.test(node.type);

/** The statements of a function; of an arrow without braces, its expression. */
export function bodyOf(fn: Node): Node[] {
  const body = fn["body"];
  if (!isNode(body)) return [];
  return body.type === "BlockStatement" || body.type === "FunctionBody" ? nodesIn(body["body"]) : [body];
}

/** Where names of the file come from: import and require. */
export function importsOf(root: Node): Map<string, { from: string; name: string }> {
  const found = new Map<string, { from: string; name: string }>();
  walk(root, (node) => {
    if (node.type === "ImportDeclaration") {
      const from = constantText(node["source"]) ?? "";
      for (const specifier of nodesIn(node["specifiers"])) {
        const local = chainOf(specifier["local"])?.[0];
        const imported = bare(specifier["imported"]);
        const name = imported === undefined ? "default" : String(imported["name"] ?? imported["value"]);
        if (local !== undefined) found.set(local, { from, name });
      }
    } else if (node.type === "VariableDeclarator") {
      const required = requiredBy(node["init"]);
      const id = bare(node["id"]);
      if (required === undefined || id === undefined) return;
      if (id.type === "Identifier") found.set(String(id["name"]), required);
      for (const property of id.type === "ObjectPattern" ? nodesIn(id["properties"]) : []) {
        const local = chainOf(property["value"])?.[0];
        if (local !== undefined)
          found.set(local, { from: required.from, name: chainOf(property["key"])?.[0] ?? local });
      }
    }
  });
  return found;
}

/** `require("x")`, `await import("x")`, and a member or a call of it. */
export function requiredBy(node: unknown): { from: string; name: string } | undefined {
  const at = bare(node);
  if (at === undefined) return undefined;
  if (at.type === "AwaitExpression") return requiredBy(at["argument"]);
  if (at.type === "ImportExpression") return fromText(constantText(at["source"]));
  if (at.type === "MemberExpression") {
    const required = requiredBy(at["object"]);
    return required === undefined ? undefined : { from: required.from, name: memberName(at) ?? "" };
  }
  if (at.type !== "CallExpression") return undefined;
  const callee = chainOf(at["callee"])?.join(".");
  if (callee === "require" || callee === "process.getBuiltinModule" || callee === "module.require")
    return fromText(constantText(nodesIn(at["arguments"])[0]));
  return requiredBy(at["callee"]);
}

const fromText = (from: string | undefined): { from: string; name: string } | undefined =>
  from === undefined ? undefined : { from, name: "default" };
