/**
 * What Houston says to a program agent and what the agent may say back. The brief arrives as one
 * JSON document on stdin; progress and the handoff leave as NDJSON on stdout.
 */

/** One thing the contract demands, with the command that shows it. */
export interface Assertion {
  readonly id: string;
  readonly command: readonly string[];
  /** Folder of the command, relative to the workspace; "" is the workspace itself. */
  readonly cwd: string;
  /** Names of the tests which must pass; empty means all that the command runs. */
  readonly expect: readonly string[];
}

/** An earlier attempt at the same task. */
export interface PreviousAttempt {
  readonly attemptId: string;
  readonly outcome: string;
  readonly findings: readonly string[];
}

/** The part of the brief this agent acts on. */
export interface Brief {
  readonly taskId: string;
  readonly goal: string;
  readonly attemptNumber: number;
  readonly assertions: readonly Assertion[];
  readonly previous: readonly PreviousAttempt[];
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
export function parseBrief(text: string): Brief {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new BriefError("the brief is not JSON");
  }
  const brief = object(document, "brief");
  if (brief["schemaVersion"] !== 1)
    throw new BriefError(`unknown schemaVersion ${String(brief["schemaVersion"])}`);
  const task = object(brief["task"], "task");
  const attempt = object(brief["attempt"] ?? { number: 1 }, "attempt");
  const limits = object(brief["limits"] ?? {}, "limits");
  return {
    taskId: string(task["id"], "task.id"),
    goal: typeof task["goal"] === "string" ? task["goal"] : "",
    attemptNumber: typeof attempt["number"] === "number" ? attempt["number"] : 1,
    assertions: readAssertions(brief["assertions"], task["input"]),
    previous: list(brief["previous"] ?? [], "previous").map(readPrevious),
    timeoutMs: typeof limits["timeoutMs"] === "number" ? limits["timeoutMs"] : DEFAULT_TIMEOUT_MS,
  };
}

/** A test command in the task's input is an assertion as well: the one for when the contract has none. */
function readAssertions(value: unknown, input: unknown): Assertion[] {
  const assertions = list(value ?? [], "assertions").map(readAssertion);
  const testCommand = isObject(input) ? input["testCommand"] : undefined;
  if (testCommand !== undefined) {
    assertions.push({
      id: "task.input",
      command: strings(testCommand, "task.input.testCommand"),
      cwd: "",
      expect: [],
    });
  }
  if (assertions.length === 0)
    throw new BriefError("no assertion and no task.input.testCommand: nothing to repair against");
  return assertions;
}

function readAssertion(value: unknown): Assertion {
  const assertion = object(value, "assertion");
  const check = object(assertion["check"], "assertion.check");
  const command = strings(check["command"], "check.command");
  if (command.length === 0) throw new BriefError("check.command is empty");
  return {
    id: string(assertion["id"], "assertion.id"),
    command,
    cwd: typeof check["cwd"] === "string" ? check["cwd"] : "",
    expect: strings(check["expect"] ?? [], "check.expect"),
  };
}

function readPrevious(value: unknown): PreviousAttempt {
  const previous = object(value, "previous");
  const findings = list(previous["findings"] ?? [], "previous.findings");
  return {
    attemptId: string(previous["attemptId"], "previous.attemptId"),
    outcome: typeof previous["outcome"] === "string" ? previous["outcome"] : "unknown",
    findings: findings.map((finding) => String(object(finding, "finding")["text"])),
  };
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

function string(value: unknown, name: string): string {
  if (typeof value !== "string") throw new BriefError(`${name} is not a string`);
  return value;
}

function strings(value: unknown, name: string): string[] {
  return list(value, name).map((item) => string(item, name));
}
