/** A question only a human may answer. Silence means denied (PR8). */
import type { Limits } from "./budget.ts";
import type { ApprovalId, CallId, TaskId, Timestamp } from "./ids.ts";

export const approvalKinds = ["plan", "escalation", "unknownEffect", "budget"] as const;
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
  deadlineAt: Timestamp;
}

export type ApprovalResolution =
  | { status: "granted"; by: string; note?: string; raise?: Limits }
  | { status: "rejected"; by: string; note?: string }
  | { status: "expired" };
