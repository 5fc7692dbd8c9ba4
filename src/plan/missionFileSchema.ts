/**
 * The mission file as people write it. What a field means stands in its description, which
 * `houston schema mission` publishes; a value that reads well here becomes one of the protocol's.
 */
import { z } from "zod";
import { durationMs, microUsd } from "./quantities.ts";

const durationRule = "write a duration such as 30s, 10m, 2h or 1h30m";
const moneyRule = "write an amount such as 20usd or 0.50usd";

const duration = z
  .string(durationRule)
  .refine((text) => durationMs(text) !== undefined, durationRule)
  .transform((text) => durationMs(text) ?? 0)
  .describe("A duration: 500ms, 30s, 10m, 2h, 1d or a sum such as 1h30m.");
const money = z
  .string(moneyRule)
  .refine((text) => microUsd(text) !== undefined, moneyRule)
  .transform((text) => microUsd(text) ?? 0)
  .describe("An amount of money: 20usd or 0.50usd.");
const words = z.array(z.string()).min(1, "name at least the program");
const argv = words.describe("A command as a list: the program, then its arguments. No shell takes part.");
const count = z.int().min(0);

const limits = z
  .strictObject({
    calls: count.optional().describe("How often the outside may be touched."),
    tokens: count.optional(),
    time: duration.optional().describe("Time that calls run, added up."),
    cost: money.optional(),
  })
  .describe("Upper bounds; what is left out is unlimited.");

const repository = z
  .union([
    z.string(),
    z.strictObject({
      path: z.string(),
      base: z.string().default("HEAD").describe("A branch, tag or commit to start from."),
    }),
  ])
  .describe("A git repository, relative to this file; alone, its HEAD is the base.");

const reserve = limits.describe("What one attempt may spend at most; held back while it runs.");

const programAgent = z.strictObject({
  program: argv.describe(
    "The program and its arguments. Parts that begin with ./ or ../ are files beside this file; the others are left alone.",
  ),
  readOnly: z
    .array(z.string())
    .default([])
    .describe("Folders and files the program needs beside its workspace, relative to this file."),
  inactivity: duration.optional().describe("Not a byte of output for this long means that it hangs."),
  reserve: reserve.optional(),
  resumable: z
    .boolean()
    .default(false)
    .describe("Whether it can go on with an attempt whose runner died, from the brief's `recovery`."),
});
const humanAgent = z.strictObject({
  human: z.string().min(1).describe("Who does the work and hands it off with `houston answer`."),
});
const agent = z.union([programAgent, humanAgent]);

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
      z.enum(["tap", "junit"]),
      z.strictObject({
        format: z.enum(["tap", "junit"]),
        file: z.string().describe("Where the command leaves its report, relative to `cwd`'s tree."),
      }),
    ])
    .default("tap")
    .describe("The machine-readable report: on standard output, or in a file."),
  cwd: z.string().optional().describe("A folder of the tree."),
  timeout: duration.optional(),
});
const commandCheck = z.union([
  argv,
  z.strictObject({
    command: argv,
    exitCode: z.int().default(0),
    cwd: z.string().optional().describe("A folder of the tree."),
    timeout: duration.optional(),
  }),
]);

const assertion = z
  .strictObject({
    id: z.string(),
    behaviour: z.string().min(1).describe("What is promised, for people."),
    tests: testsCheck.optional().describe("Checked by tests that a report names as passed."),
    command: commandCheck.optional().describe("Checked by a command's exit code."),
    onBase: z
      .enum(["fails", "passes", "any"])
      .default("any")
      .describe("What the check is expected to say before any work. Recorded, not checked yet."),
  })
  .refine(
    (one) => (one.tests === undefined) !== (one.command === undefined),
    "an assertion has exactly one check: either `tests` or `command`",
  )
  .describe("One promise, with exactly one check: `tests` or `command`.");

const task = z.strictObject({
  id: z.string(),
  goal: z.string().min(1),
  agent: z.string().describe("Who does it: a name under `agents`."),
  fulfills: z.array(z.string()).describe("Assertions of the contract; exactly one task claims each."),
  needs: z.array(z.string()).default([]).describe("Tasks that must be done first."),
  access: z.enum(["write", "read"]).default("write"),
  input: z.unknown().optional().describe("Anything the agent should be told beside the goal."),
  timeout: duration.optional().describe("Of one attempt."),
  maxAttempts: z.int().min(1).default(3),
  onFailure: z.enum(["failFast", "retry", "fallback"]).default("retry"),
  fallback: z.string().optional().describe("The agent that takes over with `onFailure: fallback`."),
});

const policy = z.strictObject({
  approvePlan: z.boolean().optional().describe("A person approves the plan before anything is spent."),
  approvalTimeout: duration.optional().describe("A question without an answer is denied after this long."),
  maxConcurrency: z.int().min(1).optional(),
  maxRounds: z.int().min(0).optional().describe("Fix tasks in a row for one goal."),
  maxStepsPerAttempt: z.int().min(1).optional(),
  maxRepetitions: z.int().min(1).optional(),
  stallAfter: duration.optional(),
  backoff: duration.optional().describe("Before an attempt after an infrastructure failure; doubles."),
  maxInfrastructureRetries: z.int().min(0).optional(),
  snapshotEvery: duration.optional(),
  sandbox: z
    .enum(["bubblewrap", "none"])
    .optional()
    .describe("`none` runs only when the command line says `--sandbox none` too."),
});

export const missionFileSchema = z
  .strictObject({
    houston: z.literal(1).describe("Version of this file's format."),
    goal: z.string().min(1),
    repository: repository.default("."),
    branch: z.string().min(1).optional().describe("Delivered into the repository; houston/… when left out."),
    agents: z.record(z.string(), agent),
    contract: z.array(assertion).describe("What must be true in the end."),
    tasks: z.array(task),
    budget: limits.default({}),
    timeout: duration.optional().describe("The whole mission ends after this long."),
    policy: policy.default({}),
  })
  .describe("A mission of Houston.");

export type MissionFile = z.output<typeof missionFileSchema>;

/** For editors and for `houston schema mission`. */
export function missionFileJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(missionFileSchema, { io: "input" }), title: "Mission" };
}
