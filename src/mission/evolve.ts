/**
 * How an event changes a mission. Total: it never throws, decides nothing and reads nothing but its
 * arguments. It evolves in place, in state that its caller owns (see `fold.ts`).
 */
import { noAmounts } from "../protocol/budget.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import type { Timestamp } from "../protocol/ids.ts";
import * as attempts from "./evolveAttempt.ts";
import * as board from "./evolveBoard.ts";
import * as calls from "./evolveCall.ts";
import * as tasks from "./evolveTask.ts";
import { beginFork, missionRolledBack } from "./rollback.ts";
import type { MissionState } from "./state.ts";

type Created = Extract<MissionEvent, { type: "mission.created" }>;

/** The state that `mission.created` begins. */
export function begin(event: Created, at: Timestamp): MissionState {
  const { tasks: plan, ...spec } = event.spec;
  const state: MissionState = {
    id: event.missionId,
    sessionId: event.sessionId,
    spec,
    seq: 1,
    at,
    createdAt: at,
    work: {
      planApproved: !spec.policy.approvePlan,
      tasks: new Map(),
      sealedStages: 0,
      openInStage: new Map(),
      staged: new Map(),
      findings: new Map(),
      facts: new Map(),
      disputed: new Set(),
      closed: new Map(),
      ready: new Set(),
      active: new Set(),
      dependents: new Map(),
      neededBy: new Map(),
      taskCount: 0,
      doneCount: 0,
      failedCount: 0,
      attempts: new Map(),
      claims: new Map(),
      verdicts: new Map(),
      approvals: new Map(),
      setbacks: { count: 0, notBefore: 0 },
    },
    ledger: {
      limits: { ...spec.budget },
      spent: { ...noAmounts },
      reserved: { ...noAmounts },
      overrun: { ...noAmounts },
      calls: new Map(),
      callCount: 0,
      stepCount: 0,
      approvalCount: 0,
      findingCount: 0,
      factCount: 0,
      artifactCount: 0,
      dismissed: new Set(),
      rollbackCount: 0,
      rounds: new Map(),
      epoch: 0,
      contractVersion: 1,
    },
  };
  if (event.fork === undefined) for (const task of plan) tasks.openTask(state, task);
  else beginFork(state, event.fork.past);
  return state;
}

/** Applies one event of the mission's stream; the first one goes to {@link begin}. */
export function evolve(state: MissionState, record: EventRecord<MissionEvent>): void {
  const at = Math.max(state.at, record.at);
  if (state.unknownEvent === undefined) apply(state, record.event, at);
  state.seq = record.seq;
  state.at = at;
}

function apply(state: MissionState, event: MissionEvent, at: Timestamp): void {
  switch (event.type) {
    case "mission.created":
      return;
    case "mission.paused":
      state.work.paused = { by: event.by, reason: event.reason };
      return;
    case "mission.resumed":
      delete state.work.paused;
      return;
    case "mission.cancelled":
      state.work.cancelled = { by: event.by, reason: event.reason };
      return;
    case "mission.rolledBack":
      return missionRolledBack(state, event);
    case "mission.sealing":
      state.work.sealed = { snapshot: event.snapshot, delivered: false };
      return;
    case "mission.closed":
      state.work.outcome = { outcome: event.outcome, reason: event.reason };
      state.work.approvals.clear();
      return;
    case "run.started":
      return calls.runStarted(state, event);
    case "run.stopped":
      delete state.ledger.run;
      return;
    case "task.added":
      return tasks.taskAdded(state, event);
    case "task.retried":
      return tasks.taskRetried(state, event);
    case "task.ended":
      return tasks.taskEnded(state, event);
    case "attempt.started":
      return attempts.attemptStarted(state, event, at);
    case "attempt.ended":
      return attempts.attemptEnded(state, event);
    case "steps.added":
      return attempts.stepsAdded(state, event);
    case "steps.cancelled":
      return attempts.stepsCancelled(state, event);
    case "call.wanted":
      return calls.callWanted(state, event, at);
    case "call.cancelling":
      return calls.callCancelling(state, event);
    case "call.recovered":
      return calls.callRecovered(state, event, at);
    case "call.settled":
      return calls.callSettled(state, event, at);
    case "snapshot.taken":
      return attempts.snapshotTaken(state, event, at);
    case "verdict.given":
      return calls.verdictGiven(state, event);
    case "assertion.reopened":
      state.work.claims.set(event.assertionId, event.to);
      return;
    default:
      return applyRest(state, event);
  }
}

type Rest = Extract<
  MissionEvent,
  {
    type:
      | `approval.${string}`
      | `budget.${string}`
      | `finding.${string}`
      | `fact.${string}`
      | "stage.sealed"
      | "artifact.recorded"
      | "detector.tripped"
      | "concurrency.lowered";
  }
>;

/** Approvals, budget, detectors and limits, what was found and said; and what this version does not know. */
function applyRest(state: MissionState, event: Rest): void {
  switch (event.type) {
    case "finding.recorded":
      return board.findingRecorded(state, event);
    case "finding.tracked":
      return board.findingTracked(state, event);
    case "finding.dismissed":
      return board.findingDismissed(state, event);
    case "stage.sealed":
      return board.stageSealed(state, event);
    case "fact.recorded":
      return board.factRecorded(state, event);
    case "fact.conflicted":
      return board.factConflicted(state, event);
    case "fact.expired":
      return board.factExpired(state, event);
    case "artifact.recorded":
      return board.artifactRecorded(state);
    case "approval.requested":
      return tasks.approvalRequested(state, event);
    case "approval.resolved":
      return tasks.approvalResolved(state, event);
    case "budget.exceeded":
      return;
    case "budget.raised":
      for (const dimension of ["calls", "tokens", "timeMs", "costMicroUsd"] as const) {
        const limit = state.ledger.limits[dimension];
        if (limit !== undefined) state.ledger.limits[dimension] = limit + (event.limits[dimension] ?? 0);
      }
      return;
    case "detector.tripped":
      return attempts.detectorTripped(state, event);
    case "concurrency.lowered":
      state.ledger.concurrency = { to: event.to, until: event.until };
      return;
    default:
      state.unknownEvent = (event satisfies never as { type: string }).type;
  }
}
