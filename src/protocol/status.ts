/** What people are shown of a mission (FM5): a state, and always why. */
import type { Approval } from "./approval.ts";
import type { Amounts } from "./budget.ts";
import type { Limits } from "./budget.ts";
import type { MissionOutcome } from "./events.ts";
import type { Epoch, MissionId, Seq, Timestamp } from "./ids.ts";

export const shownStates = [
  "Running",
  "Blocked",
  "Waiting",
  "Verifying",
  "Recovering",
  "Stale",
  "Paused",
  "Closed",
] as const;
export type ShownState = (typeof shownStates)[number];

export interface MissionStatus {
  state: ShownState;
  /** "Blocked: approval a3". Never empty. */
  reason: string;
}

/** One row per mission, written with every append that changes it; rebuilt from events by `houston rebuild`. */
export interface MissionSummary {
  missionId: MissionId;
  goal: string;
  seq: Seq;
  /** As of the last event; whoever shows it adds {@link ShownState} `Stale` from the lease. */
  status: MissionStatus;
  outcome?: MissionOutcome;
  branch: string;
  repositoryPath: string;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  tasks: { total: number; done: number; failed: number };
  assertions: { total: number; passed: number };
  approvals: Approval[];
  /** Tasks that wait for a person to hand them off. */
  humanTasks: string[];
  spent: Amounts;
  limits: Limits;
  epoch: Epoch;
}
