/** What an attempt leaves behind (FM11), as agents of every kind write it. Published as JSON Schema. */
import { z } from "zod";
import { factTypes } from "./fact.ts";

export const severities = ["blocking", "nonBlocking", "suggestion"] as const;

export const handoffSchema = z.object({
  /** What the agent claims. Only a verdict makes it true. */
  status: z.enum(["done", "partial", "failed", "blocked", "impossible"]),
  summary: z.string().max(20_000),
  done: z.array(z.string().max(4_000)).max(200).default([]),
  leftUndone: z.array(z.string().max(4_000)).max(200).default([]),
  commands: z
    .array(z.object({ command: z.array(z.string()), exitCode: z.int() }))
    .max(500)
    .default([]),
  testsAdded: z.array(z.string()).max(500).default([]),
  issues: z
    .array(z.object({ severity: z.enum(severities), text: z.string().max(4_000) }))
    .max(200)
    .default([]),
  deviations: z.array(z.string().max(4_000)).max(200).default([]),
  /** For the blackboard: what other tasks should know. */
  facts: z
    .array(
      z.object({
        type: z.enum(factTypes),
        subject: z.string().min(1).max(200),
        content: z.string().max(4_000),
        confidence: z.number().min(0).max(1).optional(),
        ttlMs: z.int().min(1).optional(),
      }),
    )
    .max(50)
    .optional(),
  /** Files of the workspace that are results of their own; kept with a checksum. */
  artifacts: z
    .array(z.object({ name: z.string().min(1).max(200), path: z.string().max(1_000) }))
    .max(50)
    .optional(),
});

export type Handoff = z.infer<typeof handoffSchema>;
export type HandoffIssue = Handoff["issues"][number];

/** One line of a program agent's standard output. */
export const programLineSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("progress"),
    text: z.string().max(4_000),
    fraction: z.number().min(0).max(1).optional(),
  }),
  z.object({
    type: z.literal("usage"),
    tokens: z.int().min(0).optional(),
    costMicroUsd: z.int().min(0).optional(),
  }),
  handoffSchema.extend({ type: z.literal("handoff") }),
]);

export type ProgramLine = z.infer<typeof programLineSchema>;
