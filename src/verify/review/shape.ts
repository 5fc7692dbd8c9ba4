/** Code by what it does: how it is written, where it lies, and what its messages say left out. */
import { chainOf, constantText, type Node, nodesIn, type Program } from "../syntax.ts";
import { added } from "./change.ts";

/** Whether every statement of a file is still there, whatever came to it. */
export function keepsAll(was: Program, now: Program): boolean {
  return added(shapesOf(now), shapesOf(was)).length === 0;
}

const shapesOf = ({ root }: Program): string[] =>
  nodesIn(root["body"]).map((statement) => shapeOf(statement, false));

const ignored = new Set([
  "start",
  "end",
  "raw",
  "range",
  "loc",
  "typeAnnotation",
  "returnType",
  "typeParameters",
  "typeArguments",
  "phase",
]);

function shapeOf(node: Node, isMessage: boolean): string {
  if (node.type === "ImportDeclaration")
    return JSON.stringify([
      node.type,
      constantText(node["source"])?.replace(/\.[cm]?[jt]sx?$/, ""),
      nodesIn(node["specifiers"]).map((item) => shapeOf(item, false)),
    ]);
  if (isMessage && (constantText(node) !== undefined || node.type === "TemplateLiteral")) return "message";
  const inMessage =
    isMessage || (node.type === "NewExpression" && (chainOf(node["callee"])?.at(-1) ?? "").endsWith("Error"));
  const parts = Object.entries(node)
    .filter(([key]) => !ignored.has(key))
    .map(([key, value]) => `${key}=${valueShape(value, inMessage && key === "arguments")}`);
  return `{${parts.join(",")}}`;
}

function valueShape(value: unknown, isMessage: boolean): string {
  if (Array.isArray(value)) return `[${value.map((item) => valueShape(item, isMessage)).join(",")}]`;
  if (typeof value === "object" && value !== null && "type" in value)
    return shapeOf(value as Node, isMessage);
  return typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? "");
}
