/** What an attempt leaves behind (FM11), as agents of every kind write it. Published as JSON Schema. */
import { z } from "zod";

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
