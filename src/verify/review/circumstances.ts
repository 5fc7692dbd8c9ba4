/** What surrounds a suspicious line and makes it harmless: a signal that must come first, a thing that must be missing. */
import {
  bare,
  chainOf,
  constantText,
  isFunction,
  type Node,
  nodesIn,
  type Program,
  walk,
} from "../syntax.ts";

/** Functions that only run when a signal comes. */
export function signalHandlers(program: Program): Node[] {
  const handlers: Node[] = [];
  const names = new Set<string>();
  walk(program.root, (node) => {
    if (
      node.type !== "CallExpression" ||
      !/^process\.(?:on|once|addListener)$/.test((chainOf(node["callee"]) ?? []).join("."))
    )
      return;
    const [event, handler] = nodesIn(node["arguments"]);
    const inner = bare(handler);
    if (inner === undefined || constantText(event)?.startsWith("SIG") !== true) return;
    if (isFunction(inner)) handlers.push(inner);
    else names.add(chainOf(inner)?.join(".") ?? "");
  });
  walk(program.root, (node) => {
    const name = chainOf(node["id"])?.[0] ?? "";
    if (!/^(?:FunctionDeclaration|VariableDeclarator)$/.test(node.type) || !names.has(name)) return;
    // Whoever calls it by its name needs no signal.
    const calls =
      program.text.match(new RegExp(`\\b${name.replaceAll("$", "\\$")}\\s*\\(`, "gu"))?.length ?? 0;
    if (calls <= (node.type === "FunctionDeclaration" ? 1 : 0)) handlers.push(node);
  });
  return handlers;
}

/** What a condition or an assignment such as `a.b ??= c` finds missing. */
export function missingIn(node: Node): string | undefined {
  if (node.type === "AssignmentExpression" && /^(?:\|\||\?\?)=$/.test(String(node["operator"])))
    return chainOf(node["left"])?.join(".");
  if (node.type !== "IfStatement") return undefined;
  const test = bare(node["test"]);
  if (test?.type === "UnaryExpression" && test["operator"] === "!") return exactChain(test["argument"]);
  if (test?.type !== "BinaryExpression" || !/^===?$/.test(String(test["operator"]))) return undefined;
  const left = bare(test["left"]);
  return exactChain(
    left?.type === "UnaryExpression" && left["operator"] === "typeof" ? left["argument"] : left,
  );
}

const exactChain = (node: unknown): string | undefined =>
  bare(node)?.type === "MemberExpression" ? chainOf(node)?.join(".") : undefined;
