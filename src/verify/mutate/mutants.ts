/**
 * Changed lines broken on purpose, one small break at a time, to see whether a check notices. The same
 * change always makes the same mutants.
 */
import type { ChangedFile, Mutant } from "../../ports/verifier.ts";
import { isScript, lineOf, parseScript, sourceOf, walk, type Node, type Program } from "../syntax.ts";
import { isTestPath } from "../testFiles.ts";

interface Break {
  start: number;
  end: number;
  replacement: string;
}

/** What an operator is mistaken for. */
const mistaken: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
  "==": "!=",
  "!=": "==",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "&&": "||",
  "||": "&&",
  "??": "&&",
};

const conditional: ReadonlySet<string> = new Set([
  "IfStatement",
  "WhileStatement",
  "DoWhileStatement",
  "ConditionalExpression",
]);

/** At most `count`, spread over the changed lines of sources that are no tests; each is well-formed. */
export function makeMutants(changes: readonly ChangedFile[], count: number): Mutant[] {
  const all = changes.flatMap(mutantsOf);
  if (all.length <= count) return all;
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)]).filter(
    (mutant) => mutant !== undefined,
  );
}

function mutantsOf({ path, before, after }: ChangedFile): Mutant[] {
  if (after === undefined || !isScript(path) || isTestPath(path)) return [];
  const text = Buffer.from(after).toString();
  const program = parseScript(path, text);
  if (program === undefined) return [];
  const old = new Set((before === undefined ? "" : Buffer.from(before).toString()).split("\n"));
  const lines = text.split("\n");
  const isChanged = (offset: number): boolean => !old.has(lines[lineOf(text, offset) - 1] ?? "");
  const breaks: Break[] = [];
  walk(program.root, (node) => {
    if (isChanged(node.start)) breaks.push(...breaksOf(program, node));
  });
  return breaks.flatMap((one) => mutant(path, program, one) ?? []);
}

function mutant(path: string, { text }: Program, { start, end, replacement }: Break): Mutant | undefined {
  const broken = `${text.slice(0, start)}${replacement}${text.slice(end)}`;
  if (parseScript(path, broken) === undefined) return undefined;
  const what = `${text.slice(start, end)} became ${replacement === "" ? "nothing" : replacement}`;
  const line = lineOf(text, start);
  return {
    path,
    content: Buffer.from(broken),
    text: `${path}:${line}: ${what.replace(/\s+/g, " ").slice(0, 160)}`,
  };
}

function breaksOf(program: Program, node: Node): Break[] {
  if (node.type === "BinaryExpression" || node.type === "LogicalExpression")
    return operatorBreaks(program, node);
  if (node.type === "ReturnStatement" && isPlaced(node["argument"]))
    return [{ start: node.start, end: node.end, replacement: "return;" }];
  if (node.type === "ExpressionStatement" && isCallOrAssignment(node["expression"]))
    return [{ start: node.start, end: node.end, replacement: ";" }];
  if (node.type === "Literal") return literalBreaks(program, node);
  const test = node["test"];
  if (conditional.has(node.type) && isPlaced(test)) {
    const { start, end } = test;
    return [{ start, end, replacement: `!(${program.text.slice(start, end)})` }];
  }
  return [];
}

/** The operator stands between its operands; what else stands there, a comment, is left alone. */
function operatorBreaks({ text }: Program, node: Node): Break[] {
  const [left, right] = [node["left"], node["right"]];
  const operator = String(node["operator"]);
  const other = mistaken[operator];
  if (other === undefined || !isPlaced(left) || !isPlaced(right)) return [];
  const at = text.slice(left.end, right.start).indexOf(operator);
  if (at < 0) return [];
  const start = left.end + at;
  return [{ start, end: start + operator.length, replacement: other }];
}

function literalBreaks(program: Program, node: Node): Break[] {
  const value = node["value"];
  const { start, end } = node;
  if (typeof value === "boolean") return [{ start, end, replacement: String(!value) }];
  if (typeof value !== "number" || !/^\d+$/.test(sourceOf(program, node))) return [];
  return [{ start, end, replacement: String(value + 1) }];
}

const isCallOrAssignment = (node: unknown): boolean =>
  isPlaced(node) && (node.type === "CallExpression" || node.type === "AssignmentExpression");

const isPlaced = (node: unknown): node is Node =>
  typeof node === "object" && node !== null && "start" in node && "end" in node && "type" in node;
