/** A question only a human may answer. Silence means denied (PR8). */
import type { Limits } from "./budget.ts";
import type { ApprovalId, CallId, FindingId, TaskId, Timestamp } from "./ids.ts";

export const approvalKinds = [
  "plan",
  "preflight",
  "finding",
  "escalation",
  "unknownEffect",
  "budget",
] as const;
export type ApprovalKind = (typeof approvalKinds)[number];

export interface Approval {
  id: ApprovalId;
  kind: ApprovalKind;
  /** What happens when it is granted. */
  action: string;
  reason: string;
  /** What it covers, and what a rejection leads to. */
  scope: string;
  risk: "low" | "medium" | "high";
  taskId?: TaskId;
  callId?: CallId;
  /** With `finding`: what a grant dismisses, and a rejection turns into a fix task. */
  findingIds?: FindingId[];
  deadlineAt: Timestamp;
}

export type ApprovalResolution =
  | { status: "granted"; by: string; note?: string; raise?: Limits }
  | { status: "rejected"; by: string; note?: string }
  | { status: "expired" };
