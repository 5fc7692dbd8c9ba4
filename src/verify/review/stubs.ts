/** Functions that do less than they did, or only what somebody wanted to see. */
import type { FindingDraft } from "../../protocol/finding.ts";
import {
  bare,
  bodyOf,
  chainOf,
  childrenOf,
  constantText,
  isFunction,
  lineOf,
  type Node,
  nodesIn,
  type Program,
  sourceOf,
  walk,
} from "../syntax.ts";
import { finding } from "./change.ts";

interface FunctionFact {
  line: number;
  size: number;
  /** Nothing, or a value known before anything runs. */
  constant: boolean;
  /** `if (x === 1) return 2;` */
  answers: number;
  swallows: boolean;
  /** Whether all it does is to say that it is not implemented, and how often it says so. */
  unimplemented: boolean;
  refusals: number;
}

const unimplemented = /not (?:yet )?implemented|unimplemented|todo\b|implement me/i;

export function stubFindings(before: Program | undefined, after: Program, path: string): FindingDraft[] {
  const old = before === undefined ? new Map<string, FunctionFact>() : factsOf(before);
  const findings: FindingDraft[] = [];
  for (const [name, now] of factsOf(after)) {
    const was = old.get(name);
    const tell = (severity: FindingDraft["severity"], text: string): void => {
      findings.push(finding("stub", severity, `${name} ${text}`, path, now.line));
    };
    const refuses = was === undefined ? now.unimplemented : now.refusals > was.refusals;
    // Where there was nothing before, it may be for others to fill in.
    if (refuses) tell(was === undefined ? "nonBlocking" : "blocking", "says that it is not implemented");
    else if (was !== undefined && now.constant && !was.constant)
      tell("blocking", "does nothing any more, or always answers the same");
    if (now.answers > (was?.answers ?? 0) && (now.answers > 1 || was !== undefined))
      tell("nonBlocking", "answers single inputs with fixed values");
    if (was !== undefined && now.swallows && !was.swallows)
      tell("nonBlocking", "swallows whatever goes wrong in it");
  }
  return findings;
}

function factsOf(program: Program): Map<string, FunctionFact> {
  const facts = new Map<string, FunctionFact>();
  const note = (name: string, fn: Node): void => {
    let key = name;
    for (let count = 2; facts.has(key); count += 1) key = `${name}#${count}`;
    facts.set(key, factOf(program, fn));
  };
  walk(program.root, (node, parent) => {
    if (!isFunction(node)) return;
    const own = chainOf(node["id"])?.[0];
    const name = own ?? nameFrom(parent);
    if (name !== undefined) note(name, node);
  });
  return facts;
}

function nameFrom(parent: Node | undefined): string | undefined {
  switch (parent?.type) {
    case "VariableDeclarator":
      return chainOf(parent["id"])?.join(".");
    case "AssignmentExpression":
      return chainOf(parent["left"])?.join(".");
    case "MethodDefinition":
    case "Property":
    case "PropertyDefinition":
      return chainOf(parent["key"])?.[0] ?? constantText(parent["key"]);
    case "ExportDefaultDeclaration":
      return "default";
    default:
      return undefined;
  }
}

function factOf(program: Program, fn: Node): FunctionFact {
  const body = bodyOf(fn).filter(
    (statement) => statement.type !== "EmptyStatement" && statement["directive"] === undefined,
  );
  let answers = 0;
  let refusals = 0;
  let size = 0;
  walk(fn, (node) => {
    size += 1;
    if (node !== fn && isFunction(node)) return false;
    if (node.type === "ThrowStatement" && unimplemented.test(sourceOf(program, node))) refusals += 1;
    if (
      node.type === "IfStatement" &&
      comparesWithConstant(node["test"]) &&
      returnsConstant(bare(node["consequent"]))
    )
      answers += 1;
    if (
      node.type === "SwitchCase" &&
      isConstant(bare(node["test"])) &&
      nodesIn(node["consequent"]).some((item) => returnsConstant(item))
    )
      answers += 1;
    return true;
  });
  const [only] = body;
  const thrown = body.length === 1 && only?.type === "ThrowStatement" ? sourceOf(program, only) : "";
  return {
    line: lineOf(program.text, fn.start),
    size,
    constant:
      body.length === 0 ||
      (body.length === 1 && only !== undefined && (returnsConstant(only) || isConstant(bare(only)))),
    answers,
    swallows: body.length === 1 && only?.type === "TryStatement" && swallowsIn(only),
    unimplemented: unimplemented.test(thrown),
    refusals,
  };
}

const returnsConstant = (node: Node | undefined): boolean => {
  if (node?.type === "BlockStatement") {
    const inner = nodesIn(node["body"]);
    return inner.length === 1 && returnsConstant(inner[0]);
  }
  return (
    node?.type === "ReturnStatement" &&
    (bare(node["argument"]) === undefined || isConstant(bare(node["argument"])))
  );
};

function isConstant(node: Node | undefined): boolean {
  if (node === undefined) return false;
  if (node.type === "Literal") return true;
  if (node.type === "Identifier") return node["name"] === "undefined";
  if (node.type === "TemplateLiteral") return constantText(node) !== undefined;
  if (/^(?:Unary|Array|Object)Expression$|^Property$/.test(node.type)) {
    const values = node.type === "Property" ? nodesIn(node["value"]) : childrenOf(node);
    return values.every((child) => isConstant(child));
  }
  return false;
}

const comparesWithConstant = (node: unknown): boolean => {
  const at = bare(node);
  if (at?.type === "LogicalExpression")
    return comparesWithConstant(at["left"]) && comparesWithConstant(at["right"]);
  return (
    at?.type === "BinaryExpression" &&
    /^===?$/.test(String(at["operator"])) &&
    [at["left"], at["right"]].some((side) => isConstant(bare(side)))
  );
};

/** A handler that neither passes on nor looks at what it caught. */
function swallowsIn(statement: Node): boolean {
  const handler = bare(statement["handler"]);
  if (handler === undefined) return false;
  let passesOn = false;
  const caught = chainOf(handler["param"])?.[0];
  walk(handler, (node) => {
    if (node.type === "ThrowStatement") passesOn = true;
    if (node.type === "Identifier" && node["name"] === caught && node !== handler["param"]) passesOn = true;
  });
  return !passesOn;
}
