/** Assertions in a mission file: what is promised, and which of four checks decides it. */
import { z } from "zod";
import type { Assertion, Check, ReportFormat } from "../protocol/contract.ts";
import type { Scrutiny } from "../protocol/plan.ts";
import { argv, cwd, duration, texts, treePath } from "./fields.ts";
import { defined } from "./defined.ts";

const services = z
  .array(z.string())
  .optional()
  .describe("Names under `services`: started before the command in the same box, ended after it.");

/** Vitest's JSON reporter writes what Jest's does. */
const formatName = z.enum(["tap", "junit", "jest", "vitest", "mocha"]);

const testsCheck = z.strictObject({
  command: argv,
  expect: z
    .array(z.string())
    .default([])
    .describe(
      "Tests that must be reported as passed, by name or by `suite > name`; empty means all that ran, and at least one.",
    ),
  report: z
    .union([
      formatName,
      z.strictObject({
        format: formatName,
        file: treePath.describe("Where the command leaves its report, relative to `cwd`'s tree."),
      }),
    ])
    .default("tap")
    .describe(
      "The machine-readable report, on standard output or in a file. tap: node --test, tape, AVA; jest and vitest: their JSON.",
    ),
  cwd: cwd.optional(),
  services,
  timeout: duration.optional(),
});

const commandCheck = z.union([
  argv,
  z.strictObject({
    command: argv,
    exitCode: z.int().default(0),
    outputContains: z.string().optional(),
    cwd: cwd.optional(),
    services,
    timeout: duration.optional(),
  }),
]);

const pattern = z.string().refine(isPattern, {
  error: ({ input }) => `${JSON.stringify(input)} is no regular expression`,
});

const fileCheck = z.union([
  treePath,
  z.strictObject({
    path: treePath,
    exists: z.boolean().default(true),
    contains: texts.optional(),
    matches: z
      .union([pattern.transform((one) => [one]), z.array(pattern).min(1)])
      .optional()
      .describe("Regular expressions; each must match somewhere in the file."),
    timeout: duration.optional(),
  }),
]);

const httpCheck = z.strictObject({
  service: z.string().describe("A name under `services`."),
  method: z
    .string()
    .regex(/^[A-Z]+$/, "write a method such as GET or POST")
    .default("GET"),
  path: z.string().startsWith("/", "write a path from the service's root, such as /api/items?page=1"),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.string().optional(),
  status: z.int().min(100).max(599).default(200),
  contains: texts.optional().describe("What the answer's body must contain."),
  timeout: duration.optional(),
});

const fileSource = z.union([
  z
    .string()
    .min(1)
    .transform((file) => ({ file, content: undefined, executable: undefined })),
  z
    .strictObject({
      file: z.string().min(1).optional(),
      content: z.string().optional(),
      executable: z.boolean().optional(),
    })
    .refine((source) => (source.file === undefined) !== (source.content === undefined), {
      error: () => "a file of the contract has either `file` or `content`",
    }),
]);

const kinds = ["tests", "command", "file", "http"] as const;

export const assertionSchema = z
  .strictObject({
    id: z.string(),
    behaviour: z.string().min(1).describe("What is promised, for people."),
    tests: testsCheck.optional().describe("Checked by tests that a report names as passed."),
    command: commandCheck.optional().describe("Checked by a command's exit code."),
    file: fileCheck.optional().describe("Checked by looking at a file of the tree."),
    http: httpCheck.optional().describe("Checked by a request to a service."),
    onBase: z
      .enum(["fails", "passes", "any"])
      .default("any")
      .describe(
        "What the check is expected to say before any work; a person is asked when it says otherwise.",
      ),
    heldOut: z
      .boolean()
      .default(false)
      .describe("No agent sees how it is checked: neither files nor command nor output."),
    files: z
      .record(treePath, fileSource)
      .optional()
      .describe(
        "Files the contract brings: path in the tree → path beside this file, or { content }. Laid over the tree for every check, and delivered.",
      ),
  })
  .superRefine((one, context) => {
    if (kinds.filter((kind) => one[kind] !== undefined).length === 1) return;
    context.addIssue("an assertion has exactly one check: `tests`, `command`, `file` or `http`");
  })
  .describe("One promise, with exactly one check: `tests`, `command`, `file` or `http`.");

export const scrutinySchema = z
  .strictObject({
    id: z.string(),
    behaviour: z.string().min(1),
    tests: testsCheck.optional(),
    command: commandCheck.optional(),
  })
  .superRefine((one, context) => {
    if ((one.tests === undefined) !== (one.command === undefined)) return;
    context.addIssue("a check of the whole tree is either `tests` or `command`");
  })
  .describe("A check of the whole tree that no task claims, such as lint or types.");

/** A file the contract brings, as the mission file names it: beside that file, or written there. */
export interface WrittenFile {
  /** In the tree. */
  path: string;
  source: { file: string } | { content: string };
  executable?: boolean;
}

/** An assertion whose files are not in a store yet. */
export type AssertionWith<File> = Omit<Assertion, "files"> & { files?: File[] };

const defaultCheckTimeoutMs = 10 * 60_000;
const defaultLookTimeoutMs = 30_000;

type AssertionFile = z.output<typeof assertionSchema>;

export function assertionOf(assertion: AssertionFile): AssertionWith<WrittenFile> {
  const { id, behaviour, onBase, heldOut, files } = assertion;
  return {
    id,
    behaviour,
    check: checkOf(assertion),
    onBase,
    ...(heldOut ? { heldOut } : {}),
    ...(files === undefined
      ? {}
      : { files: Object.entries(files).map(([path, file]) => fileOf(path, file)) }),
  };
}

export function scrutinyOf({ id, behaviour, tests, command }: z.output<typeof scrutinySchema>): Scrutiny {
  return { id, behaviour, check: tests === undefined ? commandOf(command ?? []) : testsOf(tests) };
}

function checkOf({ tests, command, file, http }: AssertionFile): Check {
  if (tests !== undefined) return testsOf(tests);
  if (file !== undefined) return lookOf(file);
  if (http !== undefined) return requestOf(http);
  return commandOf(command ?? []);
}

function fileOf(path: string, { file, content, executable }: z.output<typeof fileSource>): WrittenFile {
  const source = file === undefined ? { content: content ?? "" } : { file };
  return { path, source, ...defined({ executable }) };
}

type CheckOf<K extends Check["kind"]> = Extract<Check, { kind: K }>;

function testsOf({
  report,
  timeout,
  command,
  expect,
  ...rest
}: z.output<typeof testsCheck>): CheckOf<"tests"> {
  const { format, from } =
    typeof report === "string"
      ? { format: report, from: "stdout" as const }
      : { format: report.format, from: { file: report.file } };
  const known: ReportFormat = format === "vitest" ? "jest" : format;
  return {
    kind: "tests",
    command,
    report: { format: known, from },
    expect,
    timeoutMs: timeout ?? defaultCheckTimeoutMs,
    ...defined(rest),
  };
}

function commandOf(check: z.output<typeof commandCheck>): CheckOf<"command"> {
  const { command, exitCode, timeout, ...rest } = Array.isArray(check)
    ? { command: check, exitCode: 0, timeout: undefined }
    : check;
  return {
    kind: "command",
    command,
    exitCode,
    timeoutMs: timeout ?? defaultCheckTimeoutMs,
    ...defined(rest),
  };
}

function lookOf(check: z.output<typeof fileCheck>): CheckOf<"file"> {
  const { path, exists, timeout, ...rest } =
    typeof check === "string" ? { path: check, exists: true, timeout: undefined } : check;
  return { kind: "file", path, exists, timeoutMs: timeout ?? defaultLookTimeoutMs, ...defined(rest) };
}

function requestOf({
  service,
  method,
  path,
  status,
  timeout,
  ...rest
}: z.output<typeof httpCheck>): CheckOf<"http"> {
  return {
    kind: "http",
    service,
    method,
    path,
    status,
    timeoutMs: timeout ?? defaultCheckTimeoutMs,
    ...defined(rest),
  };
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "u") instanceof RegExp;
  } catch {
    return false;
  }
}
