// Holds the floors of the architecture as data and the source to them: imports point down, no file reaches a
// package its floor may not use, no cycles, and the pure floors know no clock, chance, I/O or promise.
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, join, posix } from "node:path";
import { parseSync, visitorKeys } from "oxc-parser";
import { describe, expect, test } from "vitest";

type Floor = { may: string; packages: string; bans?: "everything impure" | "promises at run time" };

/** `may`: floors it may import besides its own. `packages`: "node" is any builtin, "x/" a scope, "*" as needed. */
const FLOORS: Record<string, Floor> = {
  protocol: { may: "", packages: "zod", bans: "everything impure" },
  mission: { may: "protocol", packages: "", bans: "everything impure" },
  ports: { may: "protocol", packages: "", bans: "promises at run time" },
  plan: { may: "protocol mission", packages: "zod yaml", bans: "everything impure" },
  engine: { may: "protocol mission ports", packages: "" },
  stores: { may: "protocol ports", packages: "node pg" },
  models: { may: "protocol ports", packages: "node ai @ai-sdk/" },
  agents: { may: "protocol ports", packages: "*" },
  tools: { may: "protocol ports", packages: "*" },
  workspace: { may: "protocol ports", packages: "node" },
  sandbox: { may: "protocol ports", packages: "node" },
  verify: { may: "protocol ports", packages: "node oxc-parser saxes" },
  observe: { may: "protocol ports", packages: "*" },
  server: {
    may: "protocol mission ports plan engine",
    packages: "node hono @hono/ @modelcontextprotocol/ @a2a-js/",
  },
  app: {
    may: "protocol mission ports plan engine stores models agents tools workspace sandbox verify observe server testing",
    // The machine's clock, ids, environment and state directory are wired here.
    packages: "node",
  },
  web: { may: "protocol mission", packages: "*" },
  cli: { may: "protocol plan app", packages: "node commander @clack/" },
  testing: { may: "protocol mission ports engine stores", packages: "node" },
};

const IMPURE =
  "Date Promise process crypto fetch performance globalThis require Buffer setTimeout setInterval";
const BANNED = new Set([
  ...IMPURE.split(" "),
  "setImmediate",
  "queueMicrotask",
  "clearTimeout",
  "clearInterval",
]);
const NAMELESS = /^(types|utils?|helpers?|common|misc)\./;
const TYPE_POSITIONS = new Set(["TSTypeReference", "TSInterfaceHeritage", "TSTypeQuery", "TSQualifiedName"]);

type Node = { type: string; start: number } & Record<string, unknown>;
const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value;

function walk(
  node: Node,
  parent: Node | undefined,
  visit: (node: Node, parent: Node | undefined) => void,
): void {
  visit(node, parent);
  for (const key of visitorKeys[node.type] ?? []) {
    for (const child of [node[key]].flat()) if (isNode(child)) walk(child, node, visit);
  }
}

/** What a node imports: a specifier, "computed" for a name only known at run time, or nothing. */
function importedBy(node: Node): string | undefined {
  const from = /^(Import|ExportNamed|ExportAll)(Declaration|Expression)$|^TSImportType$/.test(node.type);
  const source = from ? node["source"] : node.type === "TSExternalModuleReference" && node["expression"];
  if (!isNode(source)) return undefined;
  return typeof source["value"] === "string" ? source["value"] : "computed";
}

/** Names a property, a key or a label, and not a value or a type in scope. */
function isOnlyAName(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined || parent["computed"] === true) return false;
  return parent["key"] === node || parent["property"] === node || parent["label"] === node;
}

function impurity(node: Node, parent: Node | undefined, bans: Floor["bans"]): string | undefined {
  if (bans === undefined) return undefined;
  if (node["async"] === true) return "async";
  if (node.type === "AwaitExpression" || node["await"] === true) return "await";
  if (node.type !== "Identifier" || isOnlyAName(node, parent)) return undefined;
  const name = String(node["name"]);
  if (name === "Promise" && bans === "promises at run time" && TYPE_POSITIONS.has(parent?.type ?? ""))
    return undefined;
  if (BANNED.has(name)) return name;
  if (name !== "Math") return undefined;
  const member =
    parent?.type === "MemberExpression" && parent["computed"] !== true ? parent["property"] : undefined;
  return isNode(member) && member["name"] !== "random" ? undefined : "Math.random";
}

/** Why `from` may not import `specifier`, if it may not; `edges` learns of imports between files. */
function importBreach(from: string, specifier: string, edges: Set<string>): string | undefined {
  const own = from.split("/")[0] ?? "";
  const floor = FLOORS[own];
  if (floor === undefined) return undefined;
  if (specifier.startsWith(".")) {
    const target = posix.normalize(posix.join(posix.dirname(from), specifier));
    edges.add(target);
    const other = target.split("/")[0] ?? "";
    if (target.endsWith(".test.ts")) return `imports the test ${target}`;
    return other === own || floor.may.split(" ").includes(other)
      ? undefined
      : `${own} may not import ${target}`;
  }
  const wanted = isBuiltin(specifier) ? "node" : specifier;
  const allowed = floor.packages.split(" ").filter(Boolean);
  const ok = allowed.some(
    (p) => p === "*" || wanted === p || wanted.startsWith(p.endsWith("/") ? p : `${p}/`),
  );
  return ok ? undefined : `${own} may not import ${specifier}`;
}

function cycles(graph: Map<string, Set<string>>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const follow = (file: string, path: string[]): void => {
    if (path.includes(file)) found.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(" -> ")}`);
    if (path.includes(file) || done.has(file)) return;
    for (const next of graph.get(file) ?? []) follow(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) follow(file, []);
  return found;
}

/** All breaches in the given sources, keyed by their path below `src/`. */
function breaches(sources: Record<string, string>): string[] {
  const found: string[] = [];
  const graph = new Map<string, Set<string>>();
  if (Object.keys(sources).length === 0) found.push("saw no files");
  for (const [file, text] of Object.entries(sources)) {
    const { program, errors } = parseSync(file, text);
    const edges = new Set<string>();
    const floor = FLOORS[file.split("/")[0] ?? ""];
    const isTest = file.endsWith(".test.ts");
    const report = (what: string, at = 0): void => {
      found.push(`${file}:${text.slice(0, at).split("\n").length} ${what}`);
    };
    for (const error of errors) report(`does not parse: ${error.message}`);
    if (floor === undefined || !file.includes("/")) report("is on no floor");
    if (NAMELESS.test(basename(file))) report("has a name that does not say what is in it");
    if (!/^(#!.*\n)?\s*\/[/*]+\s*(?!oxlint|eslint|@ts-)\S/.test(text))
      report("does not open with what it is and why");
    walk(program as unknown as Node, undefined, (node, parent) => {
      if (node.type === "ExportAllDeclaration") report("export *", node.start);
      if (isTest) return;
      const specifier = importedBy(node);
      const breach = specifier === undefined ? undefined : importBreach(file, specifier, edges);
      const impure = impurity(node, parent, floor?.bans);
      if (breach !== undefined) report(breach, node.start);
      if (impure !== undefined) report(`is pure and may not use ${impure}`, node.start);
    });
    if (!isTest) graph.set(file, edges);
  }
  return [...found, ...cycles(graph)];
}

function readSources(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.[cm]?tsx?$/.test(file),
  );
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(join(root, file), "utf8")]));
}

test("the source keeps to its floors", () => {
  expect(breaches(readSources(join(import.meta.dirname, "../src")))).toEqual([]);
});

/** One case a line: the file, its code, and the breach it must give. */
const BREACHES = `
mission/a.ts   | import { x } from "../engine/b.ts"; | mission may not import engine/b.ts
ports/a.ts     | import type { X } from "../plan/b.ts"; | ports may not import plan/b.ts
ports/a.ts     | type X = import("../plan/b.ts").X;  | ports may not import plan/b.ts
stores/a.ts    | export { x } from "../app/b.ts";    | stores may not import app/b.ts
cli/a.ts       | await import("../stores/b.ts");     | cli may not import stores/b.ts
cli/a.ts       | import "../../test/b.ts";           | cli may not import ../test/b.ts
cli/a.ts       | import "./b.test.ts";               | imports the test cli/b.test.ts
engine/a.ts    | void import(name);                  | engine may not import computed
engine/a.ts    | import "fs";                        | engine may not import fs
mission/a.ts   | import { z } from "zod";            | mission may not import zod
stores/a.ts    | import "pg-pool";                   | stores may not import pg-pool
protocol/a.ts  | export * from "./b.ts";             | export *
lib/a.ts       | const a = 1;                        | is on no floor
index.ts       | const a = 1;                        | is on no floor
cli/utils.ts   | const a = 1;                        | has a name that does not say what is in it
cli/a.test.ts  | const = 1;                          | does not parse: Unexpected token
mission/a.ts   | const at = Date.now();              | is pure and may not use Date
mission/a.ts   | const { random } = Math;            | is pure and may not use Math.random
mission/a.ts   | const x = Math["random"]();         | is pure and may not use Math.random
mission/a.ts   | setTimeout(f, 1);                   | is pure and may not use setTimeout
protocol/a.ts  | type P = Promise<void>;             | is pure and may not use Promise
plan/a.ts      | const f = async () => 1;            | is pure and may not use async
plan/a.ts      | const { env } = process;            | is pure and may not use process
ports/a.ts     | const p = Promise.resolve();        | is pure and may not use Promise
ports/a.ts     | export async function f() {}        | is pure and may not use async`;

const LAWFUL = `
mission/a.ts   | const x = { Date: call.process, max: Math.max(1, 2) };
ports/a.ts     | export type Log = { append(): Promise<void> };
plan/a.ts      | import "zod"; import "yaml"; import "../mission/b.ts"; import "./c.ts";
stores/a.ts    | import "node:sqlite"; import "node:fs/promises"; import "pg";
mission/a.test.ts | import { test } from "vitest"; test("x", async () => {});`;

const cases = (table: string): string[][] =>
  table
    .trim()
    .split("\n")
    .map((line) => line.split(" | ").map((cell) => cell.trim()));

describe("the check itself", () => {
  const check = (file = "", code = ""): string[] => breaches({ [file]: `// What it is and why.\n${code}` });

  test.each(cases(BREACHES))("sees in %s: %s", (file, code, breach) => {
    expect(check(file, code).map((line) => line.replace(/^\S+:\d+ /, ""))).toEqual([breach]);
  });

  test.each(cases(LAWFUL))("accepts in %s: %s", (file, code) => {
    expect(check(file, code)).toEqual([]);
  });

  test("sees a cycle, types included", () => {
    const a = '// A.\nimport type { B } from "./b.ts";';
    const found = breaches({ "engine/a.ts": a, "engine/b.ts": '// B.\nimport { a } from "./a.ts";' });
    expect(found).toEqual(["cycle: engine/a.ts -> engine/b.ts -> engine/a.ts"]);
  });

  test("sees a missing opening comment, and that there is nothing to see", () => {
    const found = breaches({ "engine/a.ts": "const a = 1;" });
    expect(found).toEqual(["engine/a.ts:1 does not open with what it is and why"]);
    expect(breaches({})).toEqual(["saw no files"]);
  });
});
