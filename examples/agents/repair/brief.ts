/**
 * What Houston says to a program agent and what the agent may say back. The brief arrives as one
 * JSON document on stdin; progress and the handoff leave as NDJSON on stdout.
 */

/** A command that shows whether something the contract demands is so. */
export interface Check {
  readonly assertionId: string;
  readonly command: readonly string[];
  /** Folder of the command, relative to the workspace; "" is the workspace itself. */
  readonly cwd: string;
  /** Names of the tests which must pass; empty means all that the command runs. */
  readonly expect: readonly string[];
}

/** An earlier attempt at the same goal. */
export interface PreviousAttempt {
  readonly outcome: string;
  /** What it said it did; ours hold a record of their changes (`memory.ts`). */
  readonly summary: string;
  readonly findings: readonly string[];
}

/** The part of the brief this agent acts on. */
export interface Brief {
  /** What is to be done, in words. */
  readonly goal: string;
  readonly checks: readonly Check[];
  /** What the contract demands without showing how it is checked. */
  readonly heldOut: readonly string[];
  readonly previous: readonly PreviousAttempt[];
  /** An earlier attempt was cut off; the tree is what it had left. */
  readonly isContinued: boolean;
  readonly timeoutMs: number;
}

export interface Issue {
  readonly severity: "blocking" | "nonBlocking" | "suggestion";
  readonly text: string;
}

/** The last line an agent writes. It claims; only a verifier decides. */
export interface Handoff {
  readonly status: "done" | "partial" | "failed" | "blocked" | "impossible";
  readonly summary: string;
  readonly done: readonly string[];
  readonly leftUndone: readonly string[];
  readonly commands: readonly { readonly command: readonly string[]; readonly exitCode: number }[];
  readonly testsAdded: readonly string[];
  readonly issues: readonly Issue[];
  readonly deviations: readonly string[];
}

/** The brief is not one this agent can read. */
export class BriefError extends Error {
  override readonly name = "BriefError";
}

const DEFAULT_TIMEOUT_MS = 300_000;

type Json = Readonly<Record<string, unknown>>;

/** Reads a brief; throws `BriefError` when it is malformed or of another schema version. */
export function parseBrief(source: string): Brief {
  let document: unknown;
  try {
    document = JSON.parse(source);
  } catch {
    throw new BriefError("the brief is not JSON");
  }
  const brief = object(document, "brief");
  if (brief["schemaVersion"] !== 1)
    throw new BriefError(`unknown schemaVersion ${String(brief["schemaVersion"])}`);
  const task = isObject(brief["task"]) ? brief["task"] : {};
  const limits = isObject(brief["limits"]) ? brief["limits"] : {};
  const assertions = list(brief["assertions"] ?? [], "assertions").map((each) => object(each, "assertion"));
  const checks = [...assertions.flatMap(readCheck), ...readInput(task["input"])];
  const heldOut = assertions.filter((each) => each["check"] === undefined).map(behaviourOf);
  if (checks.length === 0)
    throw new BriefError(
      "no assertion with a command and no task.input.testCommand: nothing to repair against",
    );
  return {
    goal: text(task["goal"]),
    checks,
    heldOut,
    previous: list(brief["previous"] ?? [], "previous").map(readPrevious),
    isContinued: brief["recovery"] !== undefined,
    timeoutMs: typeof limits["timeoutMs"] === "number" ? limits["timeoutMs"] : DEFAULT_TIMEOUT_MS,
  };
}

/** Nothing for what is held out, and for checks without a command: other agents' business. */
function readCheck(assertion: Json): Check[] {
  if (assertion["check"] === undefined) return [];
  const check = object(assertion["check"], "assertion.check");
  if (check["command"] === undefined) return [];
  const command = strings(check["command"], "check.command");
  if (command.length === 0) throw new BriefError("check.command is empty");
  return [
    {
      assertionId: text(assertion["id"]),
      command,
      cwd: text(check["cwd"]),
      expect: strings(check["expect"] ?? [], "check.expect"),
    },
  ];
}

/** A test command in the task's input is a check as well: the one for when the contract has none. */
function readInput(input: unknown): Check[] {
  const command = isObject(input) ? input["testCommand"] : undefined;
  if (command === undefined) return [];
  const words = strings(command, "task.input.testCommand");
  return [{ assertionId: "task.input", command: words, cwd: "", expect: [] }];
}

function behaviourOf(assertion: Json): string {
  return text(assertion["behaviour"] ?? assertion["id"]);
}

function readPrevious(value: unknown): PreviousAttempt {
  const previous = object(value, "previous");
  const findings = list(previous["findings"] ?? [], "previous.findings");
  return {
    outcome: typeof previous["outcome"] === "string" ? previous["outcome"] : "unknown",
    summary: text(previous["summary"]),
    findings: findings.map((finding) => text(object(finding, "finding")["text"])),
  };
}

/** Empty for what is no text: this agent reads what it can use. */
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function object(value: unknown, name: string): Json {
  if (!isObject(value)) throw new BriefError(`${name} is not an object`);
  return value;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new BriefError(`${name} is not a list`);
  return value;
}

function strings(value: unknown, name: string): string[] {
  return list(value, name).map((item) => {
    if (typeof item !== "string") throw new BriefError(`${name} holds something that is not a string`);
    return item;
  });
}
