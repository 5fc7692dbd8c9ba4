/** Finds the test cases of a test file, to make a file of some of them; and weakens assertions, as a cheat would. */
import { parseSync, visitorKeys } from "oxc-parser";

export interface TestCase {
  /** Suites and title, joined with ` > `. */
  name: string;
}

interface Suite {
  start: number;
  end: number;
  /** Undefined for a single test. */
  members: Suite[] | undefined;
  name: string;
}

type Node = { type: string; start: number; end: number } & Record<string, unknown>;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value;

const childrenOf = (node: Node): Node[] =>
  (visitorKeys[node.type] ?? []).flatMap((key) => [node[key]].flat()).filter((child) => isNode(child));

/** Throws when the source cannot be parsed. */
function parse(path: string, source: string): Node {
  const { program, errors } = parseSync(path, source);
  if (errors[0] !== undefined) throw new Error(`${path} cannot be parsed: ${errors[0].message}`);
  return program as unknown as Node;
}

export function isValid(path: string, source: string): boolean {
  return parseSync(path, source).errors.length === 0;
}

/** Tests with a title that can be read in the source; those that a loop makes are not among them. */
export function testCasesIn(path: string, source: string): TestCase[] {
  return leavesOf(suitesIn(path, source)).map(({ name }) => ({ name }));
}

/** The file without some of its tests, and without suites that this leaves empty. */
export function withoutCases(path: string, source: string, isDropped: (name: string) => boolean): string {
  const gone = (suite: Suite): boolean =>
    suite.members === undefined
      ? isDropped(suite.name)
      : suite.members.length > 0 && suite.members.every((member) => gone(member));
  const cut = (suites: readonly Suite[]): Suite[] =>
    suites.flatMap((suite) => (gone(suite) ? [suite] : cut(suite.members ?? [])));
  let text = source;
  for (const { start, end } of cut(suitesIn(path, source)).toReversed())
    text = text.slice(0, start) + text.slice(end);
  return text;
}

const leavesOf = (suites: readonly Suite[]): Suite[] =>
  suites.flatMap((suite) => (suite.members === undefined ? [suite] : leavesOf(suite.members)));

function suitesIn(path: string, source: string): Suite[] {
  return collect(parse(path, source), []);
}

function collect(node: Node, names: readonly string[]): Suite[] {
  return childrenOf(node).flatMap((child) => {
    const call = child.type === "ExpressionStatement" && isNode(child["expression"]) && child["expression"];
    const found = call === false ? undefined : suiteOf(call, child, names);
    return found === undefined ? collect(child, names) : [found];
  });
}

const suiteWords = new Set(["describe", "suite", "context"]);
const testWords = new Set(["it", "test"]);

function suiteOf(call: Node, statement: Node, names: readonly string[]): Suite | undefined {
  if (call.type !== "CallExpression") return undefined;
  const [first, ...rest] = [call["arguments"]].flat().filter((argument) => isNode(argument));
  const title = first?.["value"];
  const word = rootName(call["callee"]);
  if (typeof title !== "string" || word === undefined) return undefined;
  const path = [...names, title];
  const place = { start: statement.start, end: statement.end, name: path.join(" > ") };
  if (testWords.has(word)) return { ...place, members: undefined };
  if (suiteWords.has(word)) return { ...place, members: rest.flatMap((body) => collect(body, path)) };
  return undefined;
}

/** `it` of `it.only`. */
function rootName(callee: unknown): string | undefined {
  if (!isNode(callee)) return undefined;
  if (callee.type === "MemberExpression") return rootName(callee["object"]);
  return callee.type === "Identifier" && typeof callee["name"] === "string" ? callee["name"] : undefined;
}

/** Makes at most `count` assertions accept anything; says how many. */
export function weaken(path: string, source: string, count: number): { text: string; weakened: number } {
  const edits: { start: number; end: number; text: string }[] = [];
  const visit = (node: Node): void => {
    const expression = node["expression"];
    const text = node.type === "ExpressionStatement" && isNode(expression) ? weakerOf(expression) : undefined;
    if (text === undefined) return childrenOf(node).forEach((child) => visit(child));
    if (isNode(expression)) edits.push({ start: expression.start, end: expression.end, text });
  };
  visit(parse(path, source));
  const chosen = edits.slice(0, count);
  let text = source;
  for (const edit of chosen.toReversed()) text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
  return { text, weakened: chosen.length };
}

const strongWords =
  /^(equal|equals|is|same|deepEqual|deepLooseEqual|strictEqual|deepStrictEqual|throws|like|true|false|ok|notOk)$/;

/** What a cheat would write instead of an assertion; undefined for any other expression. */
function weakerOf(expression: Node): string | undefined {
  if (expression.type !== "CallExpression") return undefined;
  const callee = expression["callee"];
  if (!isNode(callee) || callee.type !== "MemberExpression") return undefined;
  if (startsWithExpect(callee)) return "expect(true).toBe(true)";
  const { object, property } = callee;
  const word = isNode(property) ? property["name"] : undefined;
  const subject = isNode(object) ? object["name"] : undefined;
  if (typeof word !== "string" || !strongWords.test(word)) return undefined;
  if (subject === "assert") return "assert.ok(true)";
  return subject === "t" ? "t.pass()" : undefined;
}

function startsWithExpect(node: Node): boolean {
  const inner = node.type === "CallExpression" ? node["callee"] : node["object"];
  if (!isNode(inner)) return node.type === "Identifier" && node["name"] === "expect";
  return startsWithExpect(inner);
}
