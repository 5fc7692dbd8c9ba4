/** Wanting a call or an answer: the only two ways a mission touches the outside. */
import type { Approval } from "../protocol/approval.ts";
import type { Limits } from "../protocol/budget.ts";
import type { Call } from "../protocol/call.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { Timestamp } from "../protocol/ids.ts";
import { reservation, shortage } from "./budget.ts";
import { approvalIdOf, callIdOf, type Mission } from "./state.ts";

export type CallWish = Pick<Call, "work" | "effects" | "taskId" | "attemptId" | "stepId"> & {
  timeoutMs: number;
  /** Beside one call and its time. */
  reserve: Limits;
};

/**
 * `call.wanted` when the budget has room; else that it has none and a question to a human. A wish
 * never waits silently.
 */
export function wantCall(
  mission: Mission,
  wish: CallWish,
  at: Timestamp,
): { wanted: boolean; events: MissionEvent[] } {
  const { timeoutMs, reserve: extra, ...rest } = wish;
  const reserve = reservation(mission, timeoutMs, extra);
  const short = shortage(mission, reserve);
  if (short === undefined) {
    const call: Call = {
      id: callIdOf(mission.ledger.callCount + 1),
      ...rest,
      reserve,
    };
    return { wanted: true, events: [{ type: "call.wanted", call }] };
  }
  const about = wish.taskId === undefined ? {} : { taskId: wish.taskId };
  return {
    wanted: false,
    events: [
      { type: "budget.exceeded", ...about, ...short },
      ask(mission, at, {
        kind: "budget",
        action: `raise the budget: at least ${short.wanted - short.left} more ${short.dimension}`,
        reason: `${wish.work.kind} needs ${short.wanted} ${short.dimension}, ${short.left} are left`,
        scope: "the whole mission; without it the mission ends unverified",
        risk: "medium",
        ...about,
      }),
    ],
  };
}

/** A question to a human, with its deadline. */
export function ask(
  mission: Mission,
  at: Timestamp,
  question: Omit<Approval, "id" | "deadlineAt">,
): MissionEvent {
  const id = approvalIdOf(mission.ledger.approvalCount + 1);
  return {
    type: "approval.requested",
    approval: { id, ...question, deadlineAt: at + mission.spec.policy.approvalTimeoutMs },
  };
}

/** Whether everything waits for a human to raise the budget. */
export function budgetIsAsked(mission: Mission): boolean {
  return openApproval(mission, "budget") !== undefined;
}

/** The open question of a kind that concerns the mission as a whole, or the first of any with `budget`. */
export function openApproval(mission: Mission, kind: Approval["kind"]): Readonly<Approval> | undefined {
  for (const approval of mission.work.approvals.values())
    if (approval.kind === kind && (kind === "budget" || approval.taskId === undefined)) return approval;
  return undefined;
}
