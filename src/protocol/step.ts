/** The smallest unit an agent decides and executes (AL2, AL5): a skill calls a model, a tool does not. */
import type { BlobRef } from "./blob.ts";
import type { Amounts } from "./budget.ts";
import type { Effect } from "./call.ts";
import type { AttemptId, StepId } from "./ids.ts";

export type StepState = "pending" | "running" | "finished" | "failed" | "cancelled";

/** A step as an agent proposes it. */
export interface StepDraft {
  intention: string;
  type: "skill" | "tool";
  /** Name of the skill or tool that executes it. */
  executor: string;
  input: BlobRef | string;
  effects: Effect[];
  reserve: Amounts;
  timeoutMs: number;
}

export interface Step extends StepDraft {
  id: StepId;
  attemptId: AttemptId;
}
