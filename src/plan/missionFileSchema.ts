/**
 * The mission file as people write it. What a field means stands in its description, which
 * `houston schema mission` publishes; a value that reads well here becomes one of the protocol's.
 */
import { z } from "zod";
import { assertionSchema, scrutinySchema } from "./contractSchema.ts";
import { serviceSchema, setupSchema } from "./environmentSchema.ts";
import { argv, count, duration, money } from "./fields.ts";

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

const task = z.strictObject({
  id: z.string(),
  goal: z.string().min(1),
  agent: z.string().describe("Who does it: a name under `agents`."),
  fulfills: z.array(z.string()).describe("Assertions of the contract; exactly one task claims each."),
  needs: z.array(z.string()).default([]).describe("Tasks that must be done first."),
  access: z.enum(["write", "read"]).default("write"),
  input: z.unknown().optional().describe("Anything the agent should be told beside the goal."),
  stage: z.string().optional().describe("A name under `stages`; the first when left out."),
  timeout: duration.optional().describe("Of one attempt."),
  deadline: duration.optional().describe("Of the task as a whole, from its first attempt on."),
  maxAttempts: z.int().min(1).default(3),
  onFailure: z
    .enum(["failFast", "retry", "retryDownstream", "fallback"])
    .default("retry")
    .describe(
      "failFast ends the mission; retry tries again; retryDownstream also does again what was built on it; fallback gives the goal to `fallback`.",
    ),
  fallback: z
    .union([
      z.string(),
      z.strictObject({
        agent: z.string(),
        goal: z.string().min(1).optional().describe("Another way to the same assertions."),
      }),
    ])
    .optional()
    .describe("Who takes over with `onFailure: fallback`: an agent, or { agent, goal }."),
});

const stage = z.strictObject({
  id: z.string(),
  goal: z.string().min(1).optional().describe("What is reached when it is sealed, for people."),
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
  preflightRuns: count
    .optional()
    .describe(
      "How often each check runs on the base before any work; more than once shows flakiness, 0 is none.",
    ),
  mutationSamples: count
    .optional()
    .describe("Changed lines that are broken on purpose to see whether a check notices."),
  mayChangeTests: z
    .array(z.string())
    .optional()
    .describe("Tests of the base that tasks may change, as paths and globs; changes to others are findings."),
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
    setup: setupSchema.optional(),
    services: z.record(z.string(), serviceSchema).optional(),
    contract: z.array(assertionSchema).describe("What must be true in the end."),
    checks: z
      .array(scrutinySchema)
      .optional()
      .describe(
        "Checks of the whole tree that no task claims: what they passed on the base they must pass in the end.",
      ),
    stages: z
      .array(stage)
      .min(1)
      .optional()
      .describe("Milestones in order: the tasks of one begin when the one before is sealed by verdicts."),
    tasks: z.array(task).describe("Who does what; an empty list proves the contract on the base."),
    budget: limits.default({}),
    timeout: duration.optional().describe("The whole mission ends after this long."),
    policy: policy.default({}),
    $schema: z.string().optional().describe("Where editors find this schema; nothing else reads it."),
  })
  .describe("A mission of Houston.");

export type MissionFile = z.output<typeof missionFileSchema>;

/** For editors and for `houston schema mission`. */
export function missionFileJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(missionFileSchema, { io: "input" }), title: "Mission" };
}
