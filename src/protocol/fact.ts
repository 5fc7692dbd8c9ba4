/**
 * The blackboard (PR10): what agents hold true, suppose or decided, each with who says so. Records that
 * contradict each other stand side by side; agreement raises no confidence.
 */
import type { AttemptId, FactId, TaskId, Timestamp } from "./ids.ts";

export const factTypes = ["fact", "hypothesis", "decision"] as const;
export type FactType = (typeof factTypes)[number];

/** A record as its author writes it. */
export interface FactDraft {
  type: FactType;
  /** What it is about; records with the same subject and other content contradict each other. */
  subject: string;
  content: string;
  /** 0 to 1, of its author alone. */
  confidence?: number;
  /** After this long it is no longer told to anybody. */
  ttlMs?: number;
}

export interface Fact extends FactDraft {
  id: FactId;
  /** `agent:<id>` or `human:<name>`. */
  source: string;
  taskId?: TaskId;
  attemptId?: AttemptId;
  recordedAt: Timestamp;
}
