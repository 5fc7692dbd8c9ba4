/** What an attempt starts from: goal, assertions, handoffs it depends on. Nothing else. Published as JSON Schema. */
import { z } from "zod";
import { factTypes } from "./fact.ts";
import { handoffSchema, severities } from "./handoff.ts";

const findingSchema = z.object({ severity: z.enum(severities), text: z.string() });

export const briefSchema = z.object({
  schemaVersion: z.literal(1),
  mission: z.object({ id: z.string(), goal: z.string() }),
  task: z.object({ id: z.string(), goal: z.string(), input: z.unknown().optional() }),
  attempt: z.object({ id: z.string(), number: z.int().min(1) }),
  /** The assertions this task fulfils, as far as an agent may see them: held-out ones come without their check. */
  assertions: z.array(
    z.object({
      id: z.string(),
      behaviour: z.string(),
      check: z
        .object({
          kind: z.enum(["command", "tests", "file", "http"]),
          /** With `command` and `tests`. */
          command: z.array(z.string()).optional(),
          cwd: z.string().optional(),
          expect: z.array(z.string()).optional(),
          /** With `file` and `http`: what is looked at. */
          path: z.string().optional(),
        })
        .optional(),
    }),
  ),
  /** What the tasks this one needs left behind. */
  handoffs: z.array(z.object({ taskId: z.string(), handoff: handoffSchema })),
  /** The blackboard, as far as it is not out of date; `disputed` where others say otherwise. */
  facts: z
    .array(
      z.object({
        type: z.enum(factTypes),
        subject: z.string(),
        content: z.string(),
        source: z.string(),
        confidence: z.number().optional(),
        disputed: z.boolean(),
      }),
    )
    .default([]),
  /** Earlier attempts at the same goal and what was found about them. */
  previous: z.array(
    z.object({
      attemptId: z.string(),
      outcome: z.string(),
      summary: z.string().optional(),
      findings: z.array(findingSchema),
    }),
  ),
  limits: z.object({
    timeoutMs: z.int(),
    tokens: z.int().optional(),
    calls: z.int().optional(),
    costMicroUsd: z.int().optional(),
  }),
  /** Present when an earlier attempt was interrupted: the workspace holds its latest snapshot. */
  recovery: z.object({ interruptedAttemptId: z.string(), note: z.string() }).optional(),
});

export type Brief = z.infer<typeof briefSchema>;
