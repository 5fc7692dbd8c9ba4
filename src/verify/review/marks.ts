/**
 * Places in source that end or bend the test process, look whether they are tested, or write reports: marks. What
 * matters to a review is which marks a change adds.
 */
import { isTestPath } from "../testFiles.ts";
import type { FindingKind, Severity } from "../../protocol/finding.ts";
import {
  bare,
  chainOf,
  childrenOf,
  constantText,
  importsOf,
  isFunction,
  lineOf,
  memberName,
  type Node,
  nodesIn,
  type Program,
  requiredBy,
  sourceOf,
  walk,
} from "../syntax.ts";
import { missingIn, signalHandlers } from "./circumstances.ts";
import { constantTruth } from "./strength.ts";

export interface Mark {
  kind: FindingKind;
  severity: Severity;
  text: string;
  line: number;
  /** The same for the same code elsewhere in the file. */
  code: string;
  /** What it reaches for: the test process, what tests judge by, or neither. */
  target: "exit" | "judge" | "mock" | "other";
}

const intrinsics = new Set(
  "Object Array String Number Boolean Function RegExp Map Set WeakMap WeakSet Promise JSON Math Reflect Error Symbol BigInt Proxy TypeError".split(
    " ",
  ),
);
const testNames = new Set(
  "expect assert it test describe suite context specify should chai beforeEach afterEach before after beforeAll afterAll jest vi sinon".split(
    " ",
  ),
);
const globalNames = new Set(["globalThis", "global", "window", "self"]);
const judgeModules =
  /^(?:node:)?(?:assert(?:\/strict)?|test|module|process|util|console|events|vm|worker_threads|child_process)$|^(?:chai|expect|vitest|@vitest\/.*|@jest\/.*|jest.*|mocha|ava|tape|tap|uvu|should|bun:test|power-assert|unexpected)(?:\/.*)?$/;
const exits = /(?:^|\.)process\.(exit|reallyExit|abort|execve|emit|_kill|binding|_linkedBinding|dlopen)$/;
const loaderParts = /^(?:_load|_resolveFilename|_extensions|_compile|_cache|_findPath|_initPaths)$/;
const testWord = /(?:^|[^a-z])(?:tests?|specs?|__tests__|mocha|jest|vitest|ava|tape)(?![a-z])/i;
const runnerVariables =
  /^(?:CI|JEST_WORKER_ID|VITEST\w*|NODE_TEST_CONTEXT|MOCHA\w*|AVA_\w*|TAP\w*|npm_lifecycle_\w+|HOUSTON_\w*|NODE_V8_COVERAGE|NYC_\w+)$/;
const reportText =
  /(?:^|\n)\s*(?:not )?ok (?:\d+|\0)|TAP version 1[34]|<testsuites?[\s>]|\bnumPassedTests\b|\bassertionResults\b/;
const printed =
  /(?:^|\.)(?:console\.\w+|stdout\.write|writeSync|writeFileSync|appendFileSync|writeFile|appendFile|_rawDebug)$/;
const looking =
  /(?:^|\.)(?:existsSync|statSync|lstatSync|accessSync|readFileSync|readdirSync|readFile|readdir|access|stat|exists|globSync|opendirSync)$/;

const searching =
  /^(?:includes|indexOf|lastIndexOf|match|matchAll|test|endsWith|startsWith|some|find|findIndex|search|exec|every|filter|split|replace)$/;
/** Where somebody looks who wants to know who calls: stacks, arguments, names of files. */
const origins =
  /(?:^|\.)(?:stack|argv|execArgv|argv0|mainModule|npm_lifecycle_event|getFileName|getScriptNameOrSourceURL)$|^require\.main\b|^module\.parent\b|^process\.(?:cwd|env|title)$/;

export function marksOf(program: Program, contractPaths: readonly string[]): Mark[] {
  return new MarkReader(program, contractPaths).read();
}

class MarkReader {
  readonly #program: Program;
  readonly #contractPaths: readonly string[];
  readonly #imports: ReturnType<typeof importsOf>;
  readonly #declared = new Set<string>();
  readonly #marks: Mark[] = [];
  /** Variables that hold what tells who calls. */
  readonly #origins = new Set<string>();
  /** Names of `require`, the file's own and those it makes. */
  readonly #requires = new Set(["require"]);
  /** Functions that only run when a signal comes. */
  readonly #onSignal: readonly Node[];
  /** What is written only where it is missing: `if (!Array.prototype.at) …`. */
  readonly #fills = new Set<string>();

  constructor(program: Program, contractPaths: readonly string[]) {
    this.#program = program;
    this.#contractPaths = contractPaths;
    this.#imports = importsOf(program.root);
    this.#onSignal = signalHandlers(program);
    walk(program.root, (node) => {
      const name = /^(?:VariableDeclarator|FunctionDeclaration|ClassDeclaration)$/.test(node.type)
        ? chainOf(node["id"])
        : undefined;
      if (name?.[0] !== undefined) this.#declared.add(name[0]);
      if (isFunction(node))
        for (const param of nodesIn(node["params"])) this.#declared.add(chainOf(param)?.[0] ?? "");
      if (node.type === "VariableDeclarator" && chainOf(node["init"])?.at(-1) === "createRequire")
        this.#requires.add(chainOf(node["id"])?.[0] ?? "");
      this.#noteOrigin(node);
      const missing = missingIn(node);
      if (missing !== undefined) this.#fills.add(missing);
    });
  }

  read(): Mark[] {
    walk(this.#program.root, (node, parent) => {
      if (node.type === "MemberExpression") this.#readMember(node, parent);
      if (node.type === "AssignmentExpression") this.#readAssignment(node);
      if (
        node.type === "UpdateExpression" ||
        (node.type === "UnaryExpression" && node["operator"] === "delete")
      )
        this.#readWrite(bare(node["argument"]), node);
      if (node.type === "CallExpression") this.#readCall(node);
      if (node.type === "UnaryExpression" && node["operator"] === "typeof") this.#readTypeof(node);
      if (node.type === "BinaryExpression") this.#readComparison(node);
      if (node.type === "VariableDeclarator") this.#readDestructuring(node);
      if (node.type === "Literal" || node.type === "TemplateLiteral") this.#readText(node);
    });
    for (const [local, { from, name }] of this.#imports) this.#readImport(local, from, name);
    return this.#marks;
  }

  #noteOrigin(node: Node): void {
    const init = bare(node["init"]);
    if (node.type !== "VariableDeclarator" || init === undefined || isFunction(init)) return;
    const id = bare(node["id"]);
    const names =
      id?.type === "ObjectPattern"
        ? nodesIn(id["properties"]).map((property) => chainOf(property["value"]))
        : [chainOf(id)];
    const takesStack =
      id?.type === "ObjectPattern" && names.some((name) => name?.[0] === "stack" || name?.[0] === "argv");
    if (takesStack || this.#reachesOrigin(init))
      for (const name of names) if (name?.[0] !== undefined) this.#origins.add(name[0]);
  }

  #mark(node: Node, mark: Omit<Mark, "line" | "code">): void {
    const code = `${mark.kind} ${sourceOf(this.#program, node).replace(/\s+/g, " ").slice(0, 300)}`;
    this.#marks.push({ ...mark, code, line: lineOf(this.#program.text, node.start) });
  }

  #markExit(node: Node, what: string, severity: Severity = "blocking"): void {
    // Nobody sends signals to a test.
    const onSignal = this.#onSignal.some(({ start, end }) => start <= node.start && node.end <= end);
    const grave = onSignal ? "nonBlocking" : severity;
    this.#mark(node, { kind: "earlyExit", severity: grave, text: what, target: "exit" });
  }

  /** The chain with the module a name was imported from in its place: `assert.equal` for `a.equal`. */
  #resolved(node: unknown): string[] {
    const chain = chainOf(node) ?? [];
    const [root = "", ...rest] = chain;
    const from = this.#imports.get(root);
    if (from !== undefined && /^(?:node:)?process$/.test(from.from))
      return ["process", ...(from.name === "default" ? [] : [from.name]), ...rest];
    return globalNames.has(root) && rest.length > 0 ? rest : chain;
  }

  #readMember(node: Node, parent: Node | undefined): void {
    const chain = this.#resolved(node);
    const joined = chain.join(".");
    const isTarget = parent?.type === "AssignmentExpression" && parent["left"] === node;
    if (exits.test(joined) && !isTarget) this.#markExit(node, `uses ${joined}`);
    const object = this.#resolved(node["object"]).join(".");
    if (this.#requires.has(object) && /^(?:cache|extensions)$/.test(memberName(node) ?? ""))
      this.#mark(node, {
        kind: "patchedGlobal",
        severity: "blocking",
        text: `reaches into ${object}.${memberName(node) ?? ""}`,
        target: "mock",
      });
    const required = requiredBy(node["object"]);
    if (
      required !== undefined &&
      /^(?:node:)?process$/.test(required.from) &&
      required.name === "default" &&
      exits.test(`process.${memberName(node) ?? ""}`)
    )
      this.#markExit(node, `uses process.${memberName(node) ?? ""}`);
    if (object === "process" && node["computed"] === true && memberName(node) === undefined)
      this.#markExit(node, "reaches into process by a computed name");
    if (object === "process.env") this.#readVariable(node, memberName(node));
    if (
      joined === "import.meta.vitest" ||
      (memberName(node) === "vitest" && bare(node["object"])?.type === "MetaProperty")
    )
      this.#markAware(node, "looks whether Vitest runs it");
  }

  #markAware(node: Node, text: string): void {
    this.#mark(node, { kind: "stub", severity: "blocking", text, target: "other" });
  }

  #readVariable(node: Node, name: string | undefined): void {
    if (name !== undefined && runnerVariables.test(name))
      this.#markAware(node, `looks at ${name} to see whether it is tested`);
  }

  #readDestructuring(node: Node): void {
    const from = this.#resolved(node["init"]).join(".");
    const id = bare(node["id"]);
    if (id?.type !== "ObjectPattern" || (from !== "process" && from !== "process.env")) return;
    for (const property of nodesIn(id["properties"])) {
      const name = chainOf(property["key"])?.[0] ?? "";
      if (from === "process" && exits.test(`process.${name}`))
        this.#markExit(property, `takes process.${name}`);
      if (from === "process.env") this.#readVariable(property, name);
    }
  }

  #readImport(local: string, from: string, name: string): void {
    const at = this.#program.root;
    if (/^(?:node:)?process$/.test(from) && exits.test(`process.${name}`))
      this.#marks.push({
        kind: "earlyExit",
        severity: "blocking",
        text: `imports process.${name}`,
        line: 1,
        code: `import ${name} ${from}`,
        target: "exit",
      });
    if (/^(?:exit|exit-hook|force-exit)$/.test(from)) this.#markExit(at, `imports ${from}`);
    if (from.startsWith(".") && isTestPath(from.replace(/^(?:\.\.?\/)+/, "")))
      this.#marks.push({
        kind: "stub",
        severity: "blocking",
        text: `imports ${from} from the tests as ${local}`,
        line: 1,
        code: `import ${from}`,
        target: "other",
      });
  }

  #readAssignment(node: Node): void {
    const left = bare(node["left"]);
    if (left?.type === "Identifier") {
      const name = String(left["name"]);
      const imported = this.#imports.has(name);
      if (testNames.has(name) && !this.#declared.has(name) && !imported)
        this.#mark(node, {
          kind: "patchedGlobal",
          severity: "blocking",
          text: `replaces the global ${name}`,
          target: "judge",
        });
      return;
    }
    if (this.#resolved(left).join(".") === "process.exitCode") {
      const right = bare(node["right"]);
      const isZero = right === undefined || constantTruth(right) === false;
      if (isZero) this.#markExit(node, "sets the exit code of the process to 0");
      return;
    }
    this.#readWrite(left, node);
  }

  /** A write to `target`, whichever way it is done. */
  #readWrite(target: Node | undefined, node: Node, isWhole = false): void {
    if (target === undefined) return;
    const at = target.type === "MemberExpression" || isWhole ? target : undefined;
    if (at === undefined) return;
    const required = requiredBy(isWhole ? at : at["object"]);
    const chain = chainOf(at) ?? [];
    const [root = ""] = chain;
    const imported = this.#imports.get(root) ?? required;
    const resolved = this.#resolved(at);
    const name = required === undefined ? chain.join(".") : `${required.from}.${chain.slice(1).join(".")}`;
    const patch = (text: string, severity: Severity, mark: Mark["target"]): void =>
      this.#mark(node, { kind: "patchedGlobal", severity, text, target: mark });
    if (
      chain.some((part) => loaderParts.test(part)) ||
      /^require\.(?:cache|extensions)\b/.test(chain.join("."))
    )
      return patch(
        `bends how modules are loaded: ${name}`,
        node.type === "UnaryExpression" ? "nonBlocking" : "blocking",
        "mock",
      );
    if (imported !== undefined && (required !== undefined || chain.length > 1 || isWhole)) {
      if (judgeModules.test(imported.from) && !/^(?:node:)?process$/.test(imported.from))
        return patch(`replaces parts of ${imported.from}: ${name}`, "blocking", "judge");
      if (!imported.from.startsWith(".") && chain.includes("prototype"))
        return patch(`replaces ${name} of ${imported.from}`, "blocking", "mock");
      if (!/^(?:node:)?process$/.test(imported.from)) return;
    }
    this.#readGlobalWrite(resolved, globalNames.has(root), isWhole, patch);
  }

  #readGlobalWrite(
    chain: readonly string[],
    onGlobal: boolean,
    isWhole: boolean,
    patch: (text: string, severity: Severity, mark: Mark["target"]) => void,
  ): void {
    const [root = "", second = ""] = chain;
    const name = chain.join(".");
    if (this.#declared.has(root) && !onGlobal) return;
    const length = chain.length + (isWhole ? 1 : 0);
    if (intrinsics.has(root) && this.#fills.has(name))
      patch(`fills in ${name} where it is missing`, "nonBlocking", "mock");
    else if (
      intrinsics.has(root) &&
      (onGlobal || length > 1) &&
      !/^Error\.(?:stackTraceLimit|prepareStackTrace)$/.test(name)
    )
      patch(`replaces ${name}`, "blocking", "judge");
    else if (testNames.has(root) && (onGlobal || length > 1))
      patch(`replaces ${name}, which tests are judged by`, "blocking", "judge");
    else if (root === "process" && !/^(?:exitCode|env|title|stdin|argv|emitWarning)?$/.test(second))
      patch(`replaces ${name}`, "blocking", "mock");
    else if (root === "console" && length > 1) patch(`replaces ${name}`, "blocking", "mock");
    else if (onGlobal || globalNames.has(root)) patch(`writes the global ${name}`, "nonBlocking", "mock");
  }

  #readCall(node: Node): void {
    const chain = this.#resolved(node["callee"]);
    const joined = chain.join(".");
    const args = nodesIn(node["arguments"]);
    const [first, second] = args;
    if (
      /^(?:Object\.(?:assign|defineProperty|defineProperties|setPrototypeOf)|Reflect\.(?:set|defineProperty|setPrototypeOf|deleteProperty))$|(?:^|\.)__define[GS]etter__$/.test(
        joined,
      )
    )
      this.#readWrite(
        bare(joined.includes("__define") ? bare(node["callee"])?.["object"] : first),
        node,
        true,
      );
    if (joined === "process.kill" && /process\.p?pid/.test(sourceOf(this.#program, node)))
      this.#markExit(node, "sends a signal to its own process");
    if (/^process\.(?:removeAllListeners|setUncaughtExceptionCaptureCallback)$/.test(joined))
      this.#markExit(node, `calls ${joined}`);
    const event = constantText(first);
    if (
      /^process\.(?:on|once|addListener|prependListener|prependOnceListener)$/.test(joined) &&
      event !== undefined
    )
      this.#readListener(node, event, second);
    if (/(?:^|\.)syncBuiltinESMExports$|(?:^|\.)registerHooks$|^(?:module|Module)\.register$/.test(joined))
      this.#mark(node, {
        kind: "patchedGlobal",
        severity: "blocking",
        text: `bends how modules are loaded: ${joined}`,
        target: "mock",
      });
    if (
      /^(?:Function|eval|globalThis\.eval)$/.test(joined) ||
      (chain.length === 1 &&
        joined === "require" &&
        constantText(first) === undefined &&
        first?.type !== "Identifier")
    )
      this.#mark(node, {
        kind: "patchedGlobal",
        severity: "nonBlocking",
        text: `runs what is only known at run time: ${joined}`,
        target: "other",
      });
    if (looking.test(joined)) this.#readLook(node, args);
    if (
      printed.test(joined) &&
      args.some((arg) => /^(?:(?:not )?ok\s|1\.\.(?:\d|\0|$))/.test(beginningOf(arg)))
    )
      this.#mark(node, {
        kind: "forgedReport",
        severity: "blocking",
        text: "prints lines of a test report",
        target: "other",
      });
    // Whatever it is called on: a regular expression has no name.
    const callee = bare(node["callee"]);
    if (callee?.type === "MemberExpression" && searching.test(memberName(callee) ?? ""))
      this.#readAwareness(node);
  }

  #readListener(node: Node, event: string, handler: Node | undefined): void {
    if (event === "uncaughtException" || event === "unhandledRejection")
      this.#markExit(node, `listens to ${event} of the process`);
    else if (event === "exit" || event === "beforeExit") {
      const text = handler === undefined ? "" : sourceOf(this.#program, handler);
      this.#markExit(
        node,
        `listens to ${event} of the process`,
        /exitCode|exit\(/.test(text) ? "blocking" : "nonBlocking",
      );
    }
  }

  /** Reads or looks for tests, or for what the contract brings. */
  #readLook(node: Node, args: readonly Node[]): void {
    const texts = args.flatMap((arg) => textsIn(arg)).map((text) => text.replace(/^(?:\.\.?\/)+/, ""));
    const found = texts.find(
      (text) =>
        this.#contractPaths.includes(text) || isTestPath(text) || /^(?:tests?|__tests__|specs?)$/.test(text),
    );
    if (found !== undefined) this.#markAware(node, `looks for ${found}, which belongs to the tests`);
  }

  #readComparison(node: Node): void {
    if (!/^[!=]==?$|^in$/.test(String(node["operator"]))) return;
    const sides = [node["left"], node["right"]];
    const environment = sides.some((side) => /^process\.env\.NODE_ENV$/.test(this.#resolved(side).join(".")));
    if (environment && sides.some((side) => /^tests?$/.test(constantText(side) ?? "")))
      this.#markAware(node, "looks whether NODE_ENV is test");
    if (node["operator"] === "in" && testNames.has(constantText(node["left"]) ?? ""))
      this.#markAware(node, "looks whether a test runner is there");
    this.#readAwareness(node);
  }

  #readTypeof(node: Node): void {
    const chain = this.#resolved(node["argument"]);
    const [name = ""] = chain;
    if (chain.length === 1 && testNames.has(name) && !this.#declared.has(name) && !this.#imports.has(name))
      this.#markAware(node, `looks whether ${name} is there`);
  }

  /** Stack traces, arguments and file names searched for words of testing. */
  #readAwareness(node: Node): void {
    if (this.#reachesOrigin(node) && textsIn(node).some((text) => testWord.test(text)))
      this.#markAware(node, "looks whether a test calls it");
  }

  #reachesOrigin(node: Node): boolean {
    let found = false;
    walk(node, (inner) => {
      const chain = /^(?:MemberExpression|Identifier)$/.test(inner.type) ? this.#resolved(inner) : [];
      found ||=
        (chain.length > 1 && origins.test(chain.join("."))) ||
        (chain.length === 1 && this.#origins.has(chain[0] ?? ""));
    });
    return found;
  }

  #readText(node: Node): void {
    if (/\bsourceURL=/.test(beginningOf(node)))
      this.#mark(node, {
        kind: "patchedGlobal",
        severity: "blocking",
        text: "makes code that passes for another file's",
        target: "other",
      });
    if (reportText.test(beginningOf(node)))
      this.#mark(node, {
        kind: "forgedReport",
        severity: "blocking",
        text: "holds lines of a test report",
        target: "other",
      });
  }
}

/** A text with \0 where it depends on something. */
function beginningOf(node: Node): string {
  const at = bare(node);
  if (at?.type === "TemplateLiteral") {
    const parts = nodesIn(at["quasis"]).map((part) => (part["value"] as { cooked?: string }).cooked ?? "");
    return parts.join("\0");
  }
  if (at?.type === "BinaryExpression")
    return nodesIn(at["left"])
      .map((left) => beginningOf(left))
      .join("");
  return constantText(at) ?? "";
}

function textsIn(node: Node): string[] {
  const text = constantText(node);
  if (text !== undefined) return [text];
  const regex =
    node.type === "Literal" ? (node["regex"] as { pattern?: string } | null | undefined)?.pattern : undefined;
  if (regex !== undefined) return [regex];
  return childrenOf(node).flatMap((child) => textsIn(child));
}
