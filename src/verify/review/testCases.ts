/** The tests of a JavaScript or TypeScript file: their names, whether they run, and how much they assert. */
import {
  bare,
  bodyOf,
  chainOf,
  constantText,
  importsOf,
  isFunction,
  lineOf,
  type Node,
  nodesIn,
  type Program,
  sourceOf,
} from "../syntax.ts";
import { constantTruth, nothing, type Strength, StrengthReader } from "./strength.ts";

export interface TestCase {
  /** Suites and test, joined with " > ". */
  name: string;
  line: number;
  /** Why it does not run, or proves nothing when it does. */
  skipped?: string;
  only: boolean;
  /** Registered below a condition. */
  conditional: boolean;
  empty: boolean;
  strength: Strength;
}

export interface TestFile {
  cases: TestCase[];
  /** Of what stands outside all tests. */
  outer: Strength;
  helpers: Map<string, Strength>;
  /** Whether `.only` on a suite or a test silences the others. */
  hasOnly: boolean;
}

const testModules =
  /^(?:node:test|ava|tape|tap|vitest|@jest\/globals|mocha|bun:test|uvu|blue-tape|tape-promise|tape-async|@playwright\/test|zora|qunit|@hapi\/lab)$/;
const suites = /^[xf]?(?:describe|context|suite)$/;
const tests = /^[xf]?(?:it|test|specify)$/;
const notTests =
  /^(?:before|after|beforeEach|afterEach|beforeAll|afterAll|setup|teardown|mock|macro|extend|use|onFinish|onFailure|getHarness|createHarness|createStream|step|run|snapshot|assert)$/;

interface Place {
  path: string[];
  skipped: string | undefined;
  conditional: boolean;
  /** Names of contexts that tests are handed: `t` in `t.test(…)`. */
  contexts: readonly string[];
}

class TestFileReader {
  readonly #program: Program;
  readonly #locals = new Map<string, string>();
  readonly #strengths: StrengthReader;
  readonly cases: TestCase[] = [];
  hasOnly = false;

  constructor(program: Program) {
    this.#program = program;
    for (const [local, { from, name }] of importsOf(program.root))
      if (testModules.test(from)) this.#locals.set(local, name === "default" ? "test" : name);
    this.#strengths = new StrengthReader(
      program,
      (call) => this.#kindOf(call, ["t", "tt", "st", "ctx"]) !== undefined,
    );
  }

  read(): TestFile {
    const top = nodesIn(this.#program.root["body"]);
    this.#readAll(top, { path: [], skipped: undefined, conditional: false, contexts: ["t"] });
    const outer = this.#strengths.read(top);
    return { cases: this.cases, outer, helpers: this.#strengths.helpers(), hasOnly: this.hasOnly };
  }

  /** False when what follows is never reached. */
  #readAll(statements: readonly Node[], place: Place): boolean {
    for (const statement of statements) {
      if (statement.type === "ReturnStatement" || statement.type === "ThrowStatement") {
        this.#readNode(statement, place);
        return false;
      }
      if (!this.#readNode(statement, place)) return false;
    }
    return true;
  }

  #readNode(node: Node, place: Place): boolean {
    if (node.type === "IfStatement") return this.#readIf(node, place);
    if (node.type === "BlockStatement") return this.#readAll(nodesIn(node["body"]), place);
    if (
      node.type === "FunctionDeclaration" ||
      (node.type === "VariableDeclarator" && isFunction(bare(node["init"])))
    ) {
      const name = chainOf(node["id"])?.[0] ?? "";
      // A function that nobody calls defines no tests.
      if (!this.#isUsed(name)) return true;
    }
    if (/^(?:Conditional|Logical)Expression$/.test(node.type)) place = { ...place, conditional: true };
    if (node.type === "CallExpression" && this.#readTest(node, place)) return true;
    if (isFunction(node)) {
      this.#readAll(bodyOf(node), place);
      return true;
    }
    for (const value of Object.values(node)) for (const child of nodesIn(value)) this.#readNode(child, place);
    return true;
  }

  #readIf(node: Node, place: Place): boolean {
    const known = constantTruth(node["test"]);
    const branches = [node["consequent"], node["alternate"]].map((branch) => bare(branch));
    if (known !== undefined) {
      const taken = branches[known ? 0 : 1];
      return taken === undefined || this.#readNode(taken, place);
    }
    const ended = branches.map(
      (branch) => branch !== undefined && !this.#readNode(branch, { ...place, conditional: true }),
    );
    return !(ended[0] === true);
  }

  #isUsed(name: string): boolean {
    const uses = this.#program.text.match(
      new RegExp(`(?<![\\w$.])${name.replaceAll("$", "\\$")}(?![\\w$])`, "gu"),
    );
    return name === "" || (uses?.length ?? 0) > 1;
  }

  /** What a call defines, with everything that stands between its root and its arguments. */
  #kindOf(call: Node, contexts: readonly string[]): { suite: boolean; modifiers: string[] } | undefined {
    const chain = chainOf(call["callee"]);
    const [root, ...rest] = chain ?? [];
    if (root === undefined || rest.some((part) => notTests.test(part))) return undefined;
    const base = this.#locals.get(root) ?? root;
    const parametrised = /^(?:each|for|skipIf|runIf|if)$/.test(rest.at(-1) ?? "");
    const calleeType = bare(call["callee"])?.type ?? "";
    if (parametrised && calleeType === "MemberExpression") return undefined;
    if (!parametrised && /^(?:CallExpression|TaggedTemplateExpression)$/.test(calleeType)) return undefined;
    const own =
      /^[xf]/.test(base) && (suites.test(base) || tests.test(base))
        ? [base[0] === "x" ? "skip" : "only"]
        : [];
    if (suites.test(base)) return { suite: true, modifiers: [...own, ...rest] };
    if (tests.test(base))
      return { suite: rest.some((part) => suites.test(part)), modifiers: [...own, ...rest] };
    const [inner, ...more] = rest;
    if (
      inner === undefined ||
      !(contexts.includes(root) || root === "tap") ||
      !(tests.test(inner) || suites.test(inner))
    )
      return undefined;
    return { suite: suites.test(inner), modifiers: more };
  }

  #readTest(call: Node, place: Place): boolean {
    const kind = this.#kindOf(call, place.contexts);
    const args = nodesIn(call["arguments"]);
    const [first] = args;
    if (kind === undefined || first === undefined) return false;
    const fn = args.map((arg) => bare(arg)).findLast((arg) => isFunction(arg));
    const title = isFunction(bare(first)) ? (chainOf(bare(first)?.["id"])?.[0] ?? "") : this.#textOf(first);
    const skipped = place.skipped ?? skipOf(kind.modifiers, args);
    const path = [...place.path, title];
    const only = kind.modifiers.includes("only") || optionOf(args, "only") === true;
    this.hasOnly ||= only;
    const conditional =
      place.conditional || kind.modifiers.some((part) => /^(?:skipIf|runIf|if)$/.test(part));
    const contexts =
      fn === undefined ? [] : nodesIn(fn["params"]).flatMap((param) => chainOf(param)?.[0] ?? []);
    if (kind.suite) {
      if (fn !== undefined)
        this.#readAll(bodyOf(fn), { path, skipped, conditional, contexts: [...place.contexts, ...contexts] });
      return true;
    }
    this.#addCase(
      call,
      args,
      fn,
      { path, skipped, conditional, contexts: [...place.contexts, ...contexts] },
      only,
    );
    return true;
  }

  #addCase(call: Node, args: Node[], fn: Node | undefined, place: Place, only: boolean): void {
    const body = fn === undefined ? [] : bodyOf(fn);
    const strength = fn === undefined ? nothing() : this.#strengths.read(body);
    // The table of `it.each(…)`, and what a macro is given.
    const table = bare(call["callee"]);
    const data = [
      ...(table?.type === "CallExpression" ? nodesIn(table["arguments"]) : []),
      ...args.slice(1).filter((arg) => !isFunction(bare(arg)) && bare(arg)?.type !== "ObjectExpression"),
    ];
    strength.tokens.push(...this.#strengths.read(data).tokens);
    const isMacro = fn === undefined && args.length > 1;
    const skipped =
      place.skipped ??
      (fn === undefined && !isMacro ? "has no body" : undefined) ??
      (strength.skips > 0 ? "skips itself" : undefined);
    const line = lineOf(this.#program.text, call.start);
    this.cases.push({
      name: place.path.join(" > "),
      line,
      ...(skipped === undefined ? {} : { skipped }),
      only,
      conditional: place.conditional,
      empty: fn !== undefined && body.length === 0,
      strength,
    });
    const inside = this.cases.length;
    this.#readAll(body, { ...place, skipped });
    // A test that only holds others is what they are.
    if (this.cases.length > inside && strength.strong + strength.weak === 0) this.cases.splice(inside - 1, 1);
  }

  #textOf(node: Node): string {
    return constantText(node) ?? sourceOf(this.#program, node).replace(/\s+/g, " ").slice(0, 200);
  }
}

function skipOf(modifiers: readonly string[], args: readonly Node[]): string | undefined {
  const word = modifiers.find((part) => /^(?:skip|todo|failing|fails|fixme)$/.test(part));
  if (word !== undefined) return `is marked .${word}`;
  for (const key of ["skip", "todo"]) if (optionOf(args, key) !== false) return `has the option ${key}`;
  return undefined;
}

/** What an options object says of a key: false where it does not. */
function optionOf(args: readonly Node[], key: string): boolean | "unknown" {
  for (const arg of args) {
    const options = bare(arg);
    if (options?.type !== "ObjectExpression") continue;
    for (const property of nodesIn(options["properties"])) {
      const name = chainOf(property["key"])?.[0] ?? constantText(property["key"]);
      if (name === key) return constantTruth(property["value"]) ?? "unknown";
    }
  }
  return false;
}

export const readTestFile = (program: Program): TestFile => new TestFileReader(program).read();
