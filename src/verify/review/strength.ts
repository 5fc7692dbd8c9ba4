/**
 * How much a piece of test code asserts: its assertions in live code, calls of helpers in the same file followed,
 * and the values it names. What can never fail counts for nothing.
 */
import {
  bare,
  bodyOf,
  chainOf,
  childrenOf,
  constantText,
  importsOf,
  isFunction,
  type Node,
  nodesIn,
  type Program,
  sourceOf,
} from "../syntax.ts";

export interface Strength {
  /** Assertions that are always reached and say what the value is. */
  strong: number;
  /** Assertions that are always reached and say less. */
  weak: number;
  /** Assertions below a condition, of either kind. */
  conditional: number;
  /** Literals, keys and comparisons, as often as they occur. */
  tokens: string[];
  /** Calls such as `this.skip()`. */
  skips: number;
}

export const nothing = (): Strength => ({ strong: 0, weak: 0, conditional: 0, tokens: [], skips: 0 });

export const totalOf = ({ strong, weak, conditional }: Strength): number => strong + weak + conditional;

export function sum(parts: readonly Strength[]): Strength {
  const all = nothing();
  for (const part of parts) {
    all.strong += part.strong;
    all.weak += part.weak;
    all.conditional += part.conditional;
    all.skips += part.skips;
    all.tokens.push(...part.tokens);
  }
  return all;
}

const assertModules =
  /^(?:node:)?assert(?:\/strict)?$|^(?:chai|expect|power-assert|should|uvu\/assert|must|unexpected|@std\/assert|@hapi\/code|@jest\/globals|vitest|bun:test|expect\.js|@japa\/assert|node:test)$/;
const weakMatcher =
  /^(?:ok|okay|truthy|falsy|toBeTruthy|toBeFalsy|toBeDefined|isDefined|exists?|isOk|not\w*|doesNot\w*|isNot\w*|toBeInstanceOf|instanceOf|an?|any\w*|pass|snapshot|toMatchSnapshot|toBeTypeOf|toBeCalled|toHaveBeenCalled|toBeGreaterThan\w*|toBeLessThan\w*|isAbove|isBelow|above|below|toMatchObject|toContain)$/;
/** Of the context that tape, AVA, tap and node hand to a test. */
const contextMatcher =
  /^(?:is|isNot|not|ok|notOk|true|false|assert|truthy|falsy|pass|fail|equals?|notEquals?|(?:not)?(?:strict|loose|deep|same|deepLoose)\w*|same\w*|throws\w*|notThrows\w*|doesNotThrow|doesNotMatch|rejects|resolves|regex|notRegex|like|snapshot|match|notMatch|error|ifError?|iferror|type|has|hasStrict|matchOnly|assertionPassed)$/;
/** Of a harness of the tree's own, by the names it exports. */
const looksLikeAssertion =
  /^(?:assert|expect|check|verify|should|must|ensure|equals?$|strictEqual|deepEqual|deep|same|eq|is$|ok$|not[A-Z]|throws|rejects|match|near|close)/;
const comparison = /^(?:===?|!==?|[<>]=?|in|instanceof)$/;
/** Waiting longer or printing something else changes no test. */
const insignificant = /(?:^|\.)(?:timeout|slow|retries|plan|setTimeout|console\.\w+|log|comment|diagnostic)$/;

export interface Assertion {
  matcher: string;
  negated: boolean;
  args: Node[];
  /** What stands before the matcher: `expect(x)`. */
  subject: Node | undefined;
  /** Of another file of the tree: what its arguments mean is its own. */
  foreign?: boolean;
}

export class StrengthReader {
  readonly #program: Program;
  readonly #imports: ReturnType<typeof importsOf>;
  readonly #functions = new Map<string, Node>();
  readonly #known = new Map<string, Strength>();
  readonly #isTest: (call: Node) => boolean;

  /** `isTest` tells calls that define tests: those are counted for themselves. */
  constructor(program: Program, isTest: (call: Node) => boolean) {
    this.#program = program;
    this.#imports = importsOf(program.root);
    this.#isTest = isTest;
    this.#collect(program.root);
  }

  /** Names of functions of the file with what they assert. */
  helpers(): Map<string, Strength> {
    return new Map([...this.#functions.keys()].map((name) => [name, this.#helper(name)]));
  }

  /** Live code in the order in which it runs; ends at an unconditional return. */
  read(statements: readonly Node[]): Strength {
    const into = nothing();
    this.#readAll(statements, into, false);
    return into;
  }

  #collect(node: Node): void {
    const name = chainOf(node["id"])?.[0];
    if (node.type === "FunctionDeclaration" && name !== undefined) this.#functions.set(name, node);
    const init = bare(node["init"]);
    if (node.type === "VariableDeclarator" && name !== undefined && isFunction(init))
      this.#functions.set(name, init);
    for (const child of childrenOf(node)) this.#collect(child);
  }

  #helper(name: string): Strength {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const fn = this.#functions.get(name);
    // A helper that calls itself is in here before it is known.
    this.#known.set(name, nothing());
    const strength = fn === undefined ? nothing() : this.read(bodyOf(fn));
    this.#known.set(name, strength);
    return strength;
  }

  /** False when what follows is never reached. */
  #readAll(statements: readonly Node[], into: Strength, conditional: boolean): boolean {
    for (const statement of statements) if (!this.#readNode(statement, into, conditional)) return false;
    return true;
  }

  #readNode(node: Node, into: Strength, conditional: boolean): boolean {
    switch (node.type) {
      case "ReturnStatement":
      case "ThrowStatement":
      case "BreakStatement":
      case "ContinueStatement":
        this.#readChildren(node, into, conditional);
        return false;
      case "BlockStatement":
        return this.#readAll(nodesIn(node["body"]), into, conditional);
      case "ImportDeclaration":
      case "FunctionDeclaration":
      case "TSTypeAliasDeclaration":
      case "TSInterfaceDeclaration":
        return true;
      case "IfStatement":
        return this.#readIf(node, into, conditional);
      case "ConditionalExpression":
      case "LogicalExpression":
        this.#readBranches(node, into, conditional);
        return true;
      case "TryStatement":
        this.#readTry(node, into, conditional);
        return true;
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        // Only those that somebody is given run; see calls.
        return true;
      case "CallExpression":
        this.#readCall(node, into, conditional);
        return true;
      case "UnaryExpression": {
        const inner = bare(node["argument"]);
        if (node["operator"] !== "-" || inner?.type !== "Literal") break;
        into.tokens.push(`-${String(inner["value"])}`);
        return true;
      }
      case "ExpressionStatement":
        if (this.#readProperty(node, into, conditional)) return true;
        break;
      default:
        this.#readToken(node, into);
    }
    if (/^(?:Template)?Literal$/.test(node.type) && node.type !== "TemplateLiteral") return true;
    this.#readChildren(node, into, conditional);
    return true;
  }

  #readChildren(node: Node, into: Strength, conditional: boolean): void {
    for (const child of childrenOf(node)) this.#readNode(child, into, conditional);
  }

  #readIf(node: Node, into: Strength, conditional: boolean): boolean {
    const known = constantTruth(node["test"]);
    const [then, otherwise] = [bare(node["consequent"]), bare(node["alternate"])];
    if (known !== undefined) {
      const taken = known ? then : otherwise;
      return taken === undefined || this.#readNode(taken, into, conditional);
    }
    const test = bare(node["test"]);
    if (test !== undefined) this.#readNode(test, into, conditional);
    const ends = [then, otherwise].map(
      (branch) => branch !== undefined && !this.#readNode(branch, into, true),
    );
    // `if (…) return;` makes the rest conditional, which `conditional` cannot say any more: it counts as never reached.
    return !(ends[0] === true && otherwise === undefined && isBareReturn(then));
  }

  #readBranches(node: Node, into: Strength, conditional: boolean): void {
    const [first, ...rest] =
      node.type === "LogicalExpression"
        ? [node["left"], node["right"]]
        : [node["test"], node["consequent"], node["alternate"]];
    const always = bare(first);
    if (always !== undefined) this.#readNode(always, into, conditional);
    for (const branch of rest.map((item) => bare(item)))
      if (branch !== undefined) this.#readNode(branch, into, true);
  }

  /** Assertions whose failure is caught and forgotten are none. */
  #readTry(node: Node, into: Strength, conditional: boolean): void {
    const block = bare(node["block"]);
    const handler = bare(node["handler"]);
    const finalizer = bare(node["finalizer"]);
    const caught = nothing();
    const handlerBody = handler === undefined ? [] : nodesIn(bare(handler["body"])?.["body"]);
    this.#readAll(handlerBody, caught, true);
    const passedOn = handler === undefined || totalOf(caught) > 0 || mayThrow(handler);
    const tried = nothing();
    if (block !== undefined) this.#readNode(block, tried, conditional);
    if (!passedOn) Object.assign(tried, { strong: 0, weak: 0, conditional: 0 });
    const all = sum([into, tried, caught]);
    Object.assign(into, all);
    if (finalizer !== undefined) this.#readNode(finalizer, into, conditional);
  }

  /** Chai's `expect(x).to.be.true`. */
  #readProperty(statement: Node, into: Strength, conditional: boolean): boolean {
    const expression = bare(statement["expression"]);
    const at = expression?.type === "AwaitExpression" ? bare(expression["argument"]) : expression;
    if (at?.type !== "MemberExpression") return false;
    const chain = chainOf(at) ?? [];
    if (chain.length < 2 || !(this.#isExpect(chain[0] ?? "") || chain.includes("should"))) return false;
    this.#count(
      { matcher: chain.at(-1) ?? "", negated: chain.includes("not"), args: [], subject: innermostCall(at) },
      into,
      conditional,
    );
    this.#readChildren(at, into, conditional);
    return true;
  }

  #readCall(call: Node, into: Strength, conditional: boolean): void {
    if (this.#isTest(call)) return;
    const chain = chainOf(call) ?? [];
    const joined = chain.join(".");
    if (insignificant.test(joined)) return;
    if (chain.length > 1 && chain.at(-1) === "skip") into.skips += 1;
    const args = nodesIn(call["arguments"]);
    const assertion = this.#assertionOf(call, chain, args);
    if (assertion === undefined && chain.length === 1)
      this.#readHelperCall(chain[0] ?? "", into, conditional);
    const callee = bare(call["callee"]);
    const swallowed =
      chain.at(-1) === "catch" && args.length > 0 && isFunction(args[0]) && !mayThrow(args[0]);
    // What is expected to throw may be an assertion turned round: it asserts nothing.
    const inverted = assertion !== undefined && /throw|reject/i.test(assertion.matcher);
    const shown = assertion === undefined ? args : withoutMessage(assertion, args);
    const inner = nothing();
    if (callee !== undefined) this.#readInner([callee], swallowed || inverted ? inner : into, conditional);
    this.#readInner(shown, inverted ? inner : into, conditional);
    into.tokens.push(...inner.tokens);
    if (assertion === undefined) return;
    if (totalOf(inner) === 0) this.#count(assertion, into, conditional);
    into.tokens.push(...operatorsIn(shown), ...(assertion.negated ? ["not"] : []));
  }

  /** Parts of a call; functions among them run. */
  #readInner(nodes: readonly Node[], into: Strength, conditional: boolean): void {
    for (const node of nodes.map((part) => bare(part))) {
      if (isFunction(node)) this.#readAll(bodyOf(node), into, conditional);
      else if (node !== undefined) this.#readNode(node, into, conditional);
    }
  }

  #readHelperCall(name: string, into: Strength, conditional: boolean): void {
    if (this.#functions.has(name)) {
      const helper = this.#helper(name);
      if (conditional) into.conditional += totalOf(helper);
      else Object.assign(into, sum([into, { ...helper, tokens: [] }]));
      for (const token of helper.tokens) if (!into.tokens.includes(token)) into.tokens.push(token);
      return;
    }
  }

  #isExpect(name: string): boolean {
    return name === "expect" || this.#imports.get(name)?.name === "expect";
  }

  #assertionOf(call: Node, chain: readonly string[], args: Node[]): Assertion | undefined {
    const [root = "", ...rest] = chain;
    const negated = rest.includes("not");
    const matcher = rest.at(-1) ?? "ok";
    const own = this.#imports.get(root)?.from.startsWith(".") === true && rest.length === 0;
    if (own && looksLikeAssertion.test(root))
      return { matcher: root, negated: false, args, subject: undefined, foreign: true };
    const subject = innermostCall(bare(call["callee"]));
    if (this.#isExpect(root)) {
      const isMatcher =
        rest.length > 0 && !/^(?:extend|assertions|hasAssertions|addSnapshotSerializer)$/.test(matcher);
      return isMatcher ? { matcher, negated, args, subject } : undefined;
    }
    if (rest.length > 1 && rest.includes("should"))
      return { matcher, negated, args, subject: bare(call["callee"]) };
    const from = this.#imports.get(root);
    const isAssert =
      root === "assert" || (from !== undefined && assertModules.test(from.from) && from.from !== "node:test");
    if (
      isAssert &&
      (root === "assert" || from?.name === "default" || from?.name === "assert" || rest.length > 0)
    )
      return { matcher, negated, args, subject: undefined };
    if (isAssert && rest.length === 0)
      return { matcher: from?.name ?? "ok", negated, args, subject: undefined };
    if (
      rest.length === 1 &&
      contextMatcher.test(matcher) &&
      /^(?:t|tt|st|assert|test|ctx|context|s|a|is)$|^t\d$/.test(root)
    )
      return { matcher, negated, args, subject: undefined };
    return rest.length === 2 && rest[0] === "assert"
      ? { matcher, negated, args, subject: undefined }
      : undefined;
  }

  #count(assertion: Assertion, into: Strength, conditional: boolean): void {
    if (isTrivial(assertion, this.#program)) return;
    if (conditional) into.conditional += 1;
    else if (isWeak(assertion)) into.weak += 1;
    else into.strong += 1;
  }

  #readToken(node: Node, into: Strength): void {
    const token = tokenOf(node);
    if (token !== undefined) into.tokens.push(token);
  }
}

function tokenOf(node: Node): string | undefined {
  if (node.type === "Literal") {
    const value = node["value"];
    if (typeof node["regex"] === "object" && node["regex"] !== null)
      return `regex ${JSON.stringify(node["regex"])}`;
    // Where a file lies changes when it moves.
    if (typeof value === "string")
      return /^\.{0,2}\/|^\.\.?$|^utf-?8$|^use strict$/.test(value) ? undefined : JSON.stringify(value);
    return String(node["bigint"] ?? value);
  }
  if (node.type === "TemplateElement") {
    const { cooked } = node["value"] as { cooked?: string };
    return cooked === undefined || cooked === "" ? undefined : JSON.stringify(cooked);
  }
  if (node.type === "Property" && node["computed"] !== true && node["shorthand"] !== true) {
    const name = chainOf(node["key"])?.[0];
    return name === undefined ? undefined : `${name}:`;
  }
  return undefined;
}

/** `expect(x)` in `expect(x).not.toBe`. */
function innermostCall(node: Node | undefined): Node | undefined {
  if (node === undefined) return undefined;
  const inner = innermostCall(bare(node["object"] ?? node["callee"]));
  return inner ?? (node.type === "CallExpression" ? node : undefined);
}

function operatorsIn(nodes: readonly Node[]): string[] {
  const found: string[] = [];
  const look = (node: Node): void => {
    if (isFunction(node)) return;
    const operator = typeof node["operator"] === "string" ? node["operator"] : "";
    if (node.type === "BinaryExpression" && comparison.test(operator)) found.push(operator);
    if (node.type === "UnaryExpression" && operator === "!") found.push("!");
    for (const child of childrenOf(node)) look(child);
  };
  for (const node of nodes) look(node);
  return found;
}

const isWeak = ({ matcher, negated, args }: Assertion): boolean =>
  negated || (weakMatcher.test(matcher) && !(/^ok(?:ay)?$/.test(matcher) && comparesExactly(args[0])));

const comparesExactly = (node: Node | undefined): boolean => {
  const at = bare(node);
  return at?.type === "BinaryExpression" && /^===?$/.test(String(at["operator"]));
};

/** Compared with itself, or a constant with a constant: holds whatever the code does. */
function isTrivial({ matcher, args, subject, foreign = false }: Assertion, program: Program): boolean {
  const all = [...(subject === undefined ? [] : nodesIn(subject["arguments"])), ...args].map((arg) =>
    bare(arg),
  );
  const [first, second] = all;
  if (matcher === "pass" || (first === undefined && subject === undefined)) return true;
  if (first === undefined) return false;
  const compares = /equal|^is$|^eq|same|toBe$|^eql|like/i.test(matcher);
  if (compares && second !== undefined && sourceOf(program, first) === sourceOf(program, second)) return true;
  if (first.type === "BinaryExpression" && isSelfComparison(first, program)) return true;
  if (
    first.type === "LogicalExpression" &&
    first["operator"] === "||" &&
    constantTruth(first["right"]) === true
  )
    return true;
  if (/throw|reject/i.test(matcher)) return isFunction(first) && bodyOf(first).length === 0;
  if (foreign && !/^(?:equal|eq|is$|same|ok)/.test(matcher)) return false;
  const constants = (second === undefined ? [first] : [first, second]).every((arg) => isConstant(arg));
  return constants && matcher !== "fail";
}

const isSelfComparison = (node: Node, program: Program): boolean => {
  const [left, right] = [bare(node["left"]), bare(node["right"])];
  return left !== undefined && right !== undefined && sourceOf(program, left) === sourceOf(program, right);
};

function isConstant(node: Node): boolean {
  if (node.type === "Literal") return true;
  if (node.type === "UnaryExpression" || /^(?:Binary|Logical)Expression$/.test(node.type))
    return childrenOf(node).every((child) => isConstant(child));
  if (node.type === "ArrayExpression" || node.type === "ObjectExpression")
    return childrenOf(node).length === 0;
  return node.type === "TemplateLiteral" && constantText(node) !== undefined;
}

/** Messages may be reworded. */
function withoutMessage({ matcher, subject }: Assertion, args: Node[]): Node[] {
  if (subject !== undefined) return args;
  const needed =
    /^(?:ok|okay|true|false|truthy|falsy|pass|fail|isTrue|isFalse|isOk|exists?|ifError|error|notOk|isNull|isUndefined)$/.test(
      matcher,
    )
      ? 1
      : 2;
  return args.filter(
    (arg, index) =>
      index < needed || (constantText(arg) === undefined && bare(arg)?.type !== "TemplateLiteral"),
  );
}

/** What a condition comes to without running anything. */
export function constantTruth(node: unknown): boolean | undefined {
  const at = bare(node);
  if (at?.type === "Literal") return Boolean(at["value"]);
  if (at?.type === "UnaryExpression" && at["operator"] === "!") {
    const inner = constantTruth(at["argument"]);
    return inner === undefined ? undefined : !inner;
  }
  if (at?.type === "UnaryExpression" && at["operator"] === "void") return false;
  if (at?.type === "Identifier" && at["name"] === "undefined") return false;
  return undefined;
}

const isBareReturn = (node: Node | undefined): boolean => {
  const last = node?.type === "BlockStatement" ? nodesIn(node["body"]).at(-1) : node;
  return last?.type === "ReturnStatement";
};

function mayThrow(node: Node): boolean {
  if (node.type === "ThrowStatement") return true;
  const chain = node.type === "CallExpression" ? (chainOf(node) ?? []) : [];
  if (
    /^(?:fail|end|reject|done|next|ifError|error|skip)$/.test(chain.at(-1) ?? "") ||
    chain[0] === "assert" ||
    chain[0] === "expect"
  )
    return true;
  return childrenOf(node).some((child) => mayThrow(child));
}
