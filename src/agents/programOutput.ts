/** What a program agent said: reads its lines, adds up its usage and finds the one handoff. */
import type { z } from "zod";
import type { Usage } from "../protocol/budget.ts";
import type { CallError } from "../protocol/call.ts";
import { handoffSchema, programLineSchema, type Handoff } from "../protocol/handoff.ts";
import type { Line } from "./lines.ts";

export interface ProgramOutput {
  read(line: Line): void;
  usage(): Usage;
  /** What the lines amount to for a program that ended well. */
  conclude(): { handoff: Handoff } | { error: CallError };
}

/** Lines that are no program line are plain output: tolerated and counted. */
export function createProgramOutput(): ProgramOutput {
  const handoffs: { line: number; handoff: Handoff }[] = [];
  const usage: Usage = {};
  let plainLines = 0;
  let firstBadHandoff: string | undefined;

  function add(dimension: "tokens" | "costMicroUsd", amount: number | undefined): void {
    if (amount === undefined) return;
    usage[dimension] = Math.min(Number.MAX_SAFE_INTEGER, (usage[dimension] ?? 0) + amount);
  }

  return {
    read(line) {
      const value = parseJson(line.text);
      const parsed = programLineSchema.safeParse(value);
      if (!parsed.success) {
        plainLines += line.text.trim() === "" ? 0 : 1;
        if (isHandoffLine(value))
          firstBadHandoff ??= `line ${String(line.number)}: ${complaint(parsed.error)}`;
        return;
      }
      if (parsed.data.type === "usage") {
        add("tokens", parsed.data.tokens);
        add("costMicroUsd", parsed.data.costMicroUsd);
      }
      if (parsed.data.type === "handoff") {
        handoffs.push({ line: line.number, handoff: handoffSchema.parse(parsed.data) });
      }
    },
    usage: () => ({ ...usage }),
    conclude() {
      const [only, second] = handoffs;
      if (only !== undefined && second === undefined) return judge(only.handoff);
      if (second !== undefined) {
        const lines = handoffs.slice(0, 5).map((found) => String(found.line));
        return malformed(
          `one handoff is expected, found ${String(handoffs.length)}: lines ${lines.join(", ")}`,
        );
      }
      if (firstBadHandoff !== undefined) return malformed(firstBadHandoff);
      return malformed(
        `the program ended without a handoff line (it printed ${String(plainLines)} other lines)`,
      );
    },
  };
}

/** A claim of success goes on to be judged; the others are failures, named for what is done about them. */
function judge(handoff: Handoff): { handoff: Handoff } | { error: CallError } {
  switch (handoff.status) {
    case "done":
    case "partial":
      return { handoff };
    case "failed":
      return { error: { code: "agentFailed", message: handoff.summary } };
    case "blocked":
    case "impossible":
      return { error: { code: handoff.status, message: handoff.summary } };
  }
}

const malformed = (message: string): { error: CallError } => ({
  error: { code: "malformedHandoff", message },
});

function parseJson(text: string): unknown {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isHandoffLine = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "type" in value && value.type === "handoff";

function complaint(error: z.ZodError): string {
  const [first] = error.issues;
  if (first === undefined) return "no handoff";
  const path = first.path.map(String).join(".");
  return path === "" ? first.message : `${path}: ${first.message}`;
}
