/** Calls: settled, recovered after a crash, cancelled, expired. */
import type { Amounts } from "../protocol/budget.ts";
import { noAmounts } from "../protocol/budget.ts";
import type { Call, CallOutcome, CallResult } from "../protocol/call.ts";
import type { AttemptOutcome, MissionEvent } from "../protocol/events.ts";
import { verifierAgentId, type Timestamp } from "../protocol/ids.ts";
import type { Verdict, VerdictDraft } from "../protocol/verdict.ts";
import { compact, charge, shortage, spending } from "./budget.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import { gated, recordFindings, unknownYet } from "./finding.ts";
import { reopenEvents } from "./fix.ts";
import { handedOffEvents } from "./handoff.ts";
import { preflightEvents } from "./preflight.ts";
import { recoveryAction } from "./recovery.ts";
import type { CallState, Mission } from "./state.ts";
import { stepConsequences } from "./step.ts";

function missing(callId: string): MissionDecision {
  return refuse("alreadyDone", `call ${callId} is not open: it was settled before, or never wanted`);
}

const resultKinds = {
  prepare: "prepare",
  preflight: "preflight",
  attempt: "attempt",
  human: "attempt",
  skill: "step",
  tool: "step",
  verify: "verify",
  deliver: "deliver",
} as const satisfies Record<Call["work"]["kind"], CallResult["kind"]>;

export function settleCall(mission: Mission, command: CommandOf<"call.settle">): MissionDecision {
  const { callId, usage, steps } = command.body;
  const entry = mission.ledger.calls.get(callId);
  if (entry === undefined) return missing(callId);
  const { call } = entry;
  if (call.work.kind === "human") return refuse("notAllowed", `call ${callId} waits for a person's answer`);
  const outcome = explained(entry, command.body.outcome);
  if (outcome.status === "succeeded" && outcome.result.kind !== resultKinds[call.work.kind])
    return refuse(
      "invalid",
      `call ${callId} is ${call.work.kind}, its result cannot be ${outcome.result.kind}`,
    );
  const amounts = spending(charge(call.reserve, usage, command.at - entry.since));
  const settled = { type: "call.settled", callId, ...amounts, by: command.by } as const;
  // What it was for is rolled back: it is paid for, and nothing follows from it.
  if (entry.abandoned === true) return accept({ ...settled, outcome });
  switch (call.work.kind) {
    case "verify":
      return settleVerification(mission, entry, outcome, settled, command.at);
    case "attempt":
      return accept(
        { ...settled, outcome },
        ...endedAttempt(mission, call, outcome),
        ...handedOff(mission, call, outcome, command.at),
      );
    case "preflight":
      return accept({ ...settled, outcome }, ...preflightEvents(mission, call, outcome, command.at));
    case "skill":
    case "tool":
      return stepConsequences(mission, call, outcome, steps, { ...settled, outcome }, command.at);
    case "prepare":
    case "deliver":
      return accept({ ...settled, outcome });
  }
}

/** An interruption that we caused has a reason of ours: a deadline is a timeout. */
function explained(entry: CallState, outcome: CallOutcome): CallOutcome {
  if (outcome.status !== "interrupted" || entry.cancelling === undefined) return outcome;
  const { snapshot } = outcome;
  const rest = snapshot === undefined ? {} : { snapshot };
  switch (entry.cancelling) {
    case "deadline":
      return {
        status: "failed",
        error: { code: "timeout", message: `no end after ${entry.call.reserve.timeMs} ms` },
        ...rest,
      };
    case "detector":
      return { status: "failed", error: { code: "stall", message: "a detector stopped it" }, ...rest };
    case "pause":
    case "cancel":
    case "rollback":
      return { status: "interrupted", reason: entry.cancelling, ...rest };
  }
}

function endedAttempt(mission: Mission, call: Call, outcome: CallOutcome): MissionEvent[] {
  const attempt = call.attemptId === undefined ? undefined : mission.work.attempts.get(call.attemptId);
  if (attempt === undefined) return [];
  return [{ type: "attempt.ended", attemptId: attempt.id, outcome: attemptOutcome(outcome, attempt.latest) }];
}

function handedOff(mission: Mission, call: Call, outcome: CallOutcome, at: Timestamp): MissionEvent[] {
  if (outcome.status !== "succeeded" || outcome.result.kind !== "attempt") return [];
  const { handoff, artifacts } = outcome.result;
  return handedOffEvents(mission, call.attemptId ?? "", handoff, at, artifacts);
}

/** How an attempt ended, seen from the call that was all of it. */
function attemptOutcome(outcome: CallOutcome, latest: { commit: string; tree: string }): AttemptOutcome {
  switch (outcome.status) {
    case "succeeded": {
      const { result } = outcome;
      return result.kind === "attempt"
        ? { status: "handedOff", handoff: result.handoff, snapshot: result.snapshot }
        : { status: "failed", error: { code: "malformedHandoff", message: "no handoff" } };
    }
    case "failed":
      return { status: "failed", error: outcome.error, snapshot: outcome.snapshot ?? latest };
    case "interrupted":
      return { status: "interrupted", reason: outcome.reason, snapshot: outcome.snapshot ?? latest };
    case "unknown":
      return { status: "failed", error: { code: "unknownEffect", message: outcome.reason } };
  }
}

type Settled = Omit<Extract<MissionEvent, { type: "call.settled" }>, "outcome">;

/** Verdicts become events of their own, bound to tree, contract version and verifier. */
function settleVerification(
  mission: Mission,
  entry: CallState,
  outcome: CallOutcome,
  settled: Settled,
  at: Timestamp,
): MissionDecision {
  const { call } = entry;
  if (call.work.kind !== "verify") return refuse("invalid", "not a verification");
  if (outcome.status !== "succeeded" || outcome.result.kind !== "verify")
    return accept({ ...settled, outcome });
  const { assertionIds, snapshot, contractVersion } = call.work;
  const { judged = snapshot, findings = [] } = outcome.result;
  const drafts = new Map(
    gated(mission, outcome.result.verdicts, findings, call.taskId).map((draft) => [draft.assertionId, draft]),
  );
  const verdicts = assertionIds.map((assertionId): Verdict => {
    const draft: VerdictDraft = drafts.get(assertionId) ?? {
      assertionId,
      value: "error",
      reason: "the verifier gave no verdict",
      evidence: [],
    };
    return { ...draft, by: verifierAgentId, tree: snapshot.tree, judged, contractVersion };
  });
  const given = verdicts.map((verdict): MissionEvent => ({
    type: "verdict.given",
    verdict,
    callId: call.id,
  }));
  const about = { by: verifierAgentId, callId: call.id };
  const found = recordFindings(mission, unknownYet(mission, findings, call.taskId), {
    ...about,
    ...(call.taskId === undefined ? {} : { taskId: call.taskId }),
  });
  const bare: MissionEvent = {
    ...settled,
    outcome: { status: "succeeded", result: { kind: "verify", verdicts: [] } },
  };
  if (call.taskId !== undefined) return accept(...found, ...given, bare);
  // A tree that has been left behind since says nothing about what is there now.
  const { sealed, head } = mission.work;
  const isCurrent = (sealed?.snapshot ?? head)?.tree === snapshot.tree;
  const tracked = found.flatMap((event) =>
    event.type === "finding.recorded" && event.finding.severity === "blocking" ? [event.finding] : [],
  );
  return accept(
    ...found,
    ...given,
    bare,
    ...(isCurrent ? reopenEvents(mission, verdicts, at, { tracked }) : []),
  );
}

/** What a restart does about a call of an earlier epoch: exactly the table in `recovery.ts`. */
export function recoverCall(mission: Mission, command: CommandOf<"call.recover">): MissionDecision {
  const { callId } = command.body;
  const entry = mission.ledger.calls.get(callId);
  if (entry === undefined) return missing(callId);
  const { epoch } = mission.ledger;
  if (entry.epoch >= epoch || entry.call.work.kind === "human")
    return refuse("alreadyDone", `call ${callId} needs no recovery`);
  const action = recoveryAction(entry.call);
  const charged = lostCharge(entry);
  // Nobody waits for a call that was being ended, except where the world may have changed.
  const ends = action === "interrupt" || (entry.cancelling !== undefined && action !== "lookUp");
  // The budget must hold both what was lost and another try.
  const hasNoRoom = shortage(mission, charged) !== undefined;
  if (ends || hasNoRoom) return accept(...interrupted(mission, entry, charged, command.by));
  return accept({ type: "call.recovered", callId, epoch, action, charged: compact(charged) });
}

/**
 * What a performance that was lost is charged: all that was reserved for it, because nobody knows what
 * it used, but only the time it is known to have run. A look-up charges nothing.
 */
function lostCharge(entry: CallState): Amounts {
  const { reserve } = entry.call;
  if (recoveryAction(entry.call) === "lookUp") return { ...noAmounts };
  return { ...reserve, timeMs: Math.min(entry.ranMs, reserve.timeMs) };
}

function interrupted(mission: Mission, entry: CallState, charged: Amounts, by: string): MissionEvent[] {
  const { call, abandoned = false } = entry;
  const attempt =
    call.attemptId === undefined || abandoned ? undefined : mission.work.attempts.get(call.attemptId);
  const base: CallOutcome = { status: "interrupted", reason: "the runner died" };
  const outcome = explained(entry, attempt === undefined ? base : { ...base, snapshot: attempt.latest });
  const settled: MissionEvent = {
    type: "call.settled",
    callId: call.id,
    outcome,
    charged: compact(charged),
    by,
  };
  if (attempt === undefined) return [settled];
  return [
    settled,
    { type: "attempt.ended", attemptId: attempt.id, outcome: attemptOutcome(outcome, attempt.latest) },
  ];
}

/** A look-up found that the call never happened: it is performed after all. */
export function redoCall(mission: Mission, command: CommandOf<"call.redo">): MissionDecision {
  const { callId } = command.body;
  const entry = mission.ledger.calls.get(callId);
  if (entry === undefined) return missing(callId);
  if (entry.mode !== "lookUp") return refuse("notNow", `call ${callId} is not being looked up`);
  return accept({
    type: "call.recovered",
    callId,
    epoch: mission.ledger.epoch,
    action: "redo",
    charged: {},
  });
}

export function cancelCall(mission: Mission, command: CommandOf<"call.cancel">): MissionDecision {
  const { callId, reason } = command.body;
  const entry = mission.ledger.calls.get(callId);
  if (entry === undefined) return missing(callId);
  if (entry.cancelling !== undefined) return refuse("alreadyDone", `call ${callId} is being ended`);
  if (entry.call.work.kind !== "human") return accept({ type: "call.cancelling", callId, reason });
  return accept(...endHuman(mission, entry, command.at, { status: "interrupted", reason }));
}

/** A person's time is over. */
export function expireCall(mission: Mission, command: CommandOf<"call.expire">): MissionDecision {
  const { callId } = command.body;
  const entry = mission.ledger.calls.get(callId);
  if (entry === undefined) return missing(callId);
  if (entry.call.work.kind !== "human")
    return refuse("notAllowed", `call ${callId} is ended by its performer`);
  if (command.at < entry.deadlineAt)
    return refuse("notNow", `call ${callId} has time until ${entry.deadlineAt}`);
  const error = { code: "timeout", message: "nobody handed the task off in time" } as const;
  return accept(...endHuman(mission, entry, command.at, { status: "failed", error }));
}

function endHuman(mission: Mission, entry: CallState, at: Timestamp, outcome: CallOutcome): MissionEvent[] {
  const amounts = spending(charge(entry.call.reserve, {}, at - entry.since));
  return [
    { type: "call.settled", callId: entry.call.id, outcome, ...amounts, by: "engine" },
    ...endedAttempt(mission, entry.call, outcome),
  ];
}

export function recordSnapshot(mission: Mission, command: CommandOf<"snapshot.record">): MissionDecision {
  const { callId, snapshot } = command.body;
  const entry = mission.ledger.calls.get(callId);
  if (entry === undefined) return missing(callId);
  if (entry.abandoned === true) return refuse("alreadyDone", `call ${callId} is rolled back`);
  const attempt =
    entry.call.attemptId === undefined ? undefined : mission.work.attempts.get(entry.call.attemptId);
  if (attempt === undefined) return refuse("invalid", `call ${callId} belongs to no attempt`);
  if (attempt.latest.commit === snapshot.commit)
    return refuse("alreadyDone", "nothing changed since the last snapshot");
  return accept({ type: "snapshot.taken", callId, snapshot });
}
