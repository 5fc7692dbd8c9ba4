/**
 * Rolling back, undoing that, forking (OP6): the work half of an earlier position comes back, and what was
 * under way then begins again. The ledger, with what was spent and done outside, only grows.
 */
import type { MissionEvent } from "../protocol/events.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { charge, spending } from "./budget.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import { decodeTagged, encodeTagged } from "./encoding.ts";
import { strictest } from "./recovery.ts";
import type { LedgerState, Mission, MissionState, TaskState, WorkState } from "./state.ts";

/** What a rollback or a fork carries: the work half, and the counts that keep ids from being used twice. */
interface Past {
  work: WorkState;
  counts: Pick<
    LedgerState,
    "findingCount" | "factCount" | "artifactCount" | "contractVersion" | "rounds" | "dismissed"
  >;
}

/** `past` is the same mission, folded to `to`. */
export function rollBack(
  mission: Mission,
  command: CommandOf<"mission.rollBack">,
  past: MissionState | undefined,
): MissionDecision {
  const { to, reason, undoes } = command.body;
  if (!command.by.startsWith("human:"))
    return refuse("notAllowed", `only a human rolls a mission back, not ${command.by}`);
  if (past === undefined || past.id !== mission.id || past.seq !== to || to >= mission.seq)
    return refuse("invalid", `there is no position ${to} to go back to: the log has ${mission.seq} events`);
  if (past.work.head === undefined)
    return refuse("invalid", `at ${to} the base was not imported yet: there is nothing to restore`);
  const { cancelled, givenUp } = mission.work;
  if (cancelled !== undefined || givenUp !== undefined)
    return refuse("notNow", "the mission is ending: fork it instead");
  const outside = [...mission.ledger.calls.values()].find(
    ({ call }) => strictest(call.effects) === "external",
  );
  if (outside !== undefined)
    return refuse("notNow", `call ${outside.call.id} is touching the outside: roll back when it has ended`);
  const rolledBack: MissionEvent = {
    type: "mission.rolledBack",
    to,
    past: pastOf(mission, past),
    by: command.by,
    reason,
  };
  if (undoes !== undefined) rolledBack.undoes = undoes;
  return accept(...endCalls(mission, command), rolledBack);
}

/** People's calls end here; performers are told to end, and what they answer counts for cost only. */
function endCalls(mission: Mission, command: CommandOf<"mission.rollBack">): MissionEvent[] {
  return [...mission.ledger.calls.values()].flatMap(({ call, since, cancelling }): MissionEvent[] => {
    if (call.work.kind === "human") {
      const amounts = spending(charge(call.reserve, {}, command.at - since));
      const outcome = { status: "interrupted", reason: "rolled back" } as const;
      return [{ type: "call.settled", callId: call.id, outcome, ...amounts, by: command.by }];
    }
    return cancelling === undefined ? [{ type: "call.cancelling", callId: call.id, reason: "rollback" }] : [];
  });
}

/** The first event of a fork brings the past of the mission it comes from. */
export function forkOf(past: MissionState): { missionId: string; seq: number; past: string } {
  return { missionId: past.id, seq: past.seq, past: pastOf(past, past) };
}

/** Snapshots that a restored work half may go on from. */
export function snapshotsOf({ work }: Mission): Snapshot[] {
  const snapshots = [work.base, work.start, work.head, work.sealed?.snapshot];
  for (const { from, handedOff, failure } of work.tasks.values())
    snapshots.push(from, handedOff?.snapshot, failure?.snapshot);
  for (const { latest } of work.attempts.values()) snapshots.push(latest);
  for (const verdict of work.verdicts.values()) snapshots.push(verdict.judged);
  const known = new Map(snapshots.flatMap((one) => (one === undefined ? [] : [[one.commit, one] as const])));
  return [...known.values()];
}

function pastOf(now: Mission, { work, ledger }: MissionState): string {
  const { findingCount, factCount, artifactCount, contractVersion, rounds, dismissed } = ledger;
  const restored: WorkState = {
    ...work,
    planApproved: work.planApproved || now.work.planApproved,
    tasks: new Map([...work.tasks].map(([id, task]) => [id, restart(now, work, task)])),
    ready: new Set(work.ready),
    active: new Set(work.active),
    attempts: new Map(),
    approvals: new Map(),
    setbacks: { count: 0, notBefore: 0 },
  };
  delete restored.paused;
  for (const task of restored.tasks.values()) {
    if (task.phase === "pending") restored.active.delete(task.spec.id);
    if (task.phase === "pending" && task.waitingOn === 0) restored.ready.add(task.spec.id);
  }
  const counts = { findingCount, factCount, artifactCount, contractVersion, rounds, dismissed };
  return encodeTagged({ work: restored, counts } satisfies Past);
}

/** A task as it goes on: what was under way begins again from its latest tree, what was asked is asked again. */
function restart(now: Mission, work: WorkState, task: TaskState): TaskState {
  const { approvalId: _approvalId, attemptId, ...rest } = task;
  const known = now.work.tasks.get(task.spec.id) ?? now.work.closed.get(task.spec.id);
  // Attempts are numbered once, whatever is rolled back.
  const again: TaskState = { ...rest, attemptCount: Math.max(task.attemptCount, known?.attemptCount ?? 0) };
  switch (task.phase) {
    case "working": {
      const attempt = attemptId === undefined ? undefined : work.attempts.get(attemptId);
      again.phase = "pending";
      again.attemptsLeft += 1;
      if (attempt === undefined) return again;
      again.from = attempt.latest;
      again.interrupted = { attemptId: attempt.id, reason: "rolled back" };
      return again;
    }
    case "verifying":
      again.phase = "handedOff";
      return again;
    case "asking":
      again.phase = task.failure === undefined ? "judged" : "failing";
      return again;
    default:
      return again;
  }
}

/** What an event carries; undefined when it was not written by this law. */
function decodePast(text: string): Past | undefined {
  const past = decodeTagged(text);
  return typeof past === "object" && past !== null && "work" in past && "counts" in past
    ? (past as Past)
    : undefined;
}

export function missionRolledBack(
  state: MissionState,
  event: Extract<MissionEvent, { type: "mission.rolledBack" }>,
): void {
  const past = decodePast(event.past);
  if (past === undefined) {
    state.unknownEvent = event.type;
    return;
  }
  const { paused } = state.work;
  state.work = past.work;
  if (paused !== undefined) state.work.paused = paused;
  state.ledger.rollbackCount += 1;
  for (const entry of state.ledger.calls.values()) entry.abandoned = true;
}

/** A fork's own state: the work half of its origin, a ledger of its own. */
export function beginFork(state: MissionState, text: string): void {
  const past = decodePast(text);
  if (past === undefined) {
    state.unknownEvent = "mission.created";
    return;
  }
  state.work = past.work;
  Object.assign(state.ledger, past.counts);
}
