/** What a report consists of, as data: requirement → assertion → task → commit → evidence, and everything around it. */
import type { ApprovalKind, ApprovalResolution } from "../protocol/approval.ts";
import type { BlobRef } from "../protocol/blob.ts";
import type { Amounts, Limits } from "../protocol/budget.ts";
import type { RecoveryAction } from "../protocol/call.ts";
import type { Assertion, Check } from "../protocol/contract.ts";
import type { SealedEnvironment } from "../protocol/environment.ts";
import type { MissionOutcome } from "../protocol/events.ts";
import type { Fact } from "../protocol/fact.ts";
import type { Finding } from "../protocol/finding.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Evidence, VerdictValue } from "../protocol/verdict.ts";

/** `excerpt` is from the output's blob; absent until somebody reads it. */
export type EvidenceEntry = Evidence & { excerpt?: string };

export interface AttemptReportEntry {
  id: string;
  number: number;
  agentId: string;
  startedAt: number;
  endedAt?: number;
  from: Snapshot;
  outcome: "open" | "handedOff" | "failed" | "interrupted";
  summary?: string;
  /** What the agent says it left undone. */
  leftUndone?: string[];
  snapshot?: Snapshot;
}

export interface TaskReportEntry {
  id: string;
  goal: string;
  stageId?: string;
  status: "open" | "done" | "failed" | "cancelled" | "superseded";
  reason?: string;
  /** Of a fix task: whose goal it took over. */
  supersedes?: string;
  supersededBy?: string;
  /** What it left behind when it was done. */
  snapshot?: Snapshot;
  attempts: AttemptReportEntry[];
}

export interface VerdictReportEntry {
  value: VerdictValue;
  reason: string;
  evidence: EvidenceEntry[];
  by: string;
  at: number;
  /** What was handed off, and what was judged: the same with the contract's files laid over it. */
  tree: string;
  judged: Snapshot;
  contractVersion: number;
  /** Whose work was judged. */
  taskId?: string;
}

export interface AssertionReportEntry {
  id: string;
  behaviour: string;
  check: Check;
  onBase: Assertion["onBase"];
  heldOut: boolean;
  /** Files the contract brings for it. */
  files: { path: string; content: BlobRef }[];
  /** Who claims it now; nobody for a check of the whole tree. */
  taskId?: string;
  /** Who claimed it before, oldest first. */
  claimedBefore: { taskId: string; reason: string }[];
  /** What preflight found on the base. */
  baseline?: { value: VerdictValue; reason: string; flaky: boolean; evidence: EvidenceEntry[] };
  /**
   * The last one given; `onDelivered` when it judged exactly the delivered tree. `stale` says why it counts no
   * longer.
   */
  verdict?: VerdictReportEntry & { onDelivered: boolean; stale?: string };
  /** Given before that, oldest first. */
  earlier: VerdictReportEntry[];
}

export interface FindingReportEntry extends Finding {
  at: number;
  status: "open" | "tracked" | "dismissed" | "noted";
  /** The fix task that tracks it. */
  trackedBy?: string;
  /** Of a dismissal. */
  reason?: string;
  decidedBy?: string;
}

export interface FactReportEntry extends Fact {
  expired: boolean;
  /** Ids of records that say otherwise of the same subject. */
  conflictsWith: string[];
}

export interface RunReportEntry {
  runId: string;
  runnerId: string;
  epoch: number;
  startedAt: number;
  stoppedAt?: number;
  /** Events of the log before this run began. */
  eventsBefore: number;
}

/** The work went back to an earlier position; what was spent and done outside stayed. */
export interface RollbackEntry {
  seq: number;
  at: number;
  to: number;
  by: string;
  reason: string;
  /** The rollback that this one took back. */
  undoes?: number;
}

export interface RecoveryEntry {
  callId: string;
  epoch: number;
  action: RecoveryAction;
  attemptId?: string;
  /** The snapshot the work goes on from. */
  from?: Snapshot;
}

export interface MissionReport {
  missionId: string;
  goal: string;
  outcome?: { outcome: MissionOutcome; reason: string };
  repository: { path: string; base: string; commit?: string };
  branch: string;
  /** The imported base. */
  base?: Snapshot;
  /** The furthest the mission came: delivered, sealed, or the last finished task. */
  head?: Snapshot;
  delivered?: { commit: string; tree: string };
  assertions: AssertionReportEntry[];
  /** Checks of the whole tree that no task claims. */
  checks: AssertionReportEntry[];
  stages: { id: string; goal?: string; sealed?: { at: number; snapshot: Snapshot } }[];
  tasks: TaskReportEntry[];
  /** Absent when the base was never tried. */
  preflight?: { at: number; runs: number; environment?: SealedEnvironment };
  /** How dependencies were installed. */
  setup: { command: string[]; cwd?: string; network: boolean }[];
  /** What a person allowed beyond the default. */
  allowed: string[];
  findings: FindingReportEntry[];
  facts: FactReportEntry[];
  artifacts: {
    id: string;
    name: string;
    path: string;
    content: BlobRef;
    taskId: string;
    attemptId: string;
  }[];
  /** What nobody proved, in sentences; empty only when everything has fresh passing evidence. */
  unverified: string[];
  runs: RunReportEntry[];
  recoveries: RecoveryEntry[];
  rollbacks: RollbackEntry[];
  approvals: {
    id: string;
    kind: ApprovalKind;
    action: string;
    reason: string;
    resolution?: ApprovalResolution;
  }[];
  spent: Amounts;
  limits: Limits;
  createdAt: number;
  endedAt?: number;
  events: number;
}
