/** The laws, checked on what a world left behind. Each answers with what was broken, or nothing. */
import { decodeState, encodeState, fold } from "../mission/fold.ts";
import { next } from "../mission/next.ts";
import { deliverable, unproven } from "../mission/proof.ts";
import type { MissionState } from "../mission/state.ts";
import { dimensions } from "../protocol/budget.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import { missionStream, sessionStream, verifierAgentId } from "../protocol/ids.ts";
import { seededRandom } from "./random.ts";
import { holds } from "./scriptedAgents.ts";
import type { WorldEnd } from "./world.ts";

export interface Findings {
  violations: string[];
  events: EventRecord<MissionEvent>[];
  state: MissionState;
}

/** Folds what happened and checks laws 1, 2, 4, 5, 6 and 7 on it. */
export async function checkLaws(end: WorldEnd): Promise<Findings> {
  const missionId =
    (await end.store.log.streams()).find((id) => id.startsWith("mission:"))?.slice("mission:".length) ?? "";
  const events = (await end.store.log.read(
    missionStream(missionId),
    0,
    Number.MAX_SAFE_INTEGER,
  )) as EventRecord<MissionEvent>[];
  const state = fold(undefined, events);
  if (state === undefined) return { violations: ["the mission vanished"], events, state: {} as MissionState };
  const violations = [
    ...end.outside.violations,
    ...lawOfFolding(end, events, state),
    ...(await lawOfDurability(end)),
    ...lawOfOnce(end, events),
    ...lawOfProof(end, events, state),
    ...lawOfBudget(end, events),
    ...lawOfRestoring(end, events),
    ...lawOfEpochs(end, events),
  ];
  if (!end.closed)
    violations.push(
      `the mission never closed: ${JSON.stringify(next(state, state.at))}, ${state.work.tasks.size} tasks open`,
    );
  if (hung(end, state))
    violations.push(`the mission hung until its time was over: ${state.work.outcome?.reason}`);
  return { violations, events, state };
}

/** People answer within minutes of virtual time: a mission that ends only because days are over waited for nothing. */
function hung({ spec }: WorldEnd, { work }: MissionState): boolean {
  return spec.timeoutMs > 86_400_000 && work.cancelled?.by === "engine";
}

/** Law 1: folding a prefix and then the rest equals folding all, from any state cache. */
function lawOfFolding(end: WorldEnd, events: EventRecord<MissionEvent>[], state: MissionState): string[] {
  const random = seededRandom(`${end.options.seed}/cut`);
  const whole = encodeState(state);
  for (let check = 0; check < 3; check += 1) {
    const cut = random.int(1, events.length);
    const prefix = fold(undefined, events.slice(0, cut));
    const cached = prefix === undefined ? undefined : decodeState(encodeState(prefix), prefix.id);
    const folded = fold(cached, events.slice(cut));
    if (folded === undefined || encodeState(folded) !== whole)
      return [`law 1: folding from a cache at ${cut} of ${events.length} differs`];
  }
  return [];
}

/** Law 2, first half: acknowledged events never vanish. */
async function lawOfDurability(end: WorldEnd): Promise<string[]> {
  const violations: string[] = [];
  const logs = new Map<string, EventRecord[]>();
  for (const { streamId, seq, commandId } of end.acknowledged) {
    const log = logs.get(streamId) ?? (await end.store.log.read(streamId, 0, Number.MAX_SAFE_INTEGER));
    logs.set(streamId, log);
    if (log[seq - 1]?.commandId !== commandId)
      violations.push(`law 2: acknowledged event ${streamId}#${seq} is not in the log`);
  }
  if (!logs.has(sessionStream("local"))) violations.push("law 2: the session vanished");
  return violations;
}

/** Law 2, second half: no settled call is performed again, counted by the outside; external effects happen at most once. */
function lawOfOnce(end: WorldEnd, events: EventRecord<MissionEvent>[]): string[] {
  const violations: string[] = [];
  const settledAt = new Map<string, number>();
  const ackOf = new Map(end.acknowledged.map((ack) => [ack.commandId, ack.at]));
  for (const { event, commandId } of events) {
    if (event.type === "call.settled") settledAt.set(event.callId, ackOf.get(commandId) ?? 0);
  }
  const begun = new Set<string>();
  for (const { callId, epoch, startedAt } of end.outside.performances) {
    const settled = settledAt.get(callId);
    if (settled !== undefined && startedAt > settled)
      violations.push(`law 2: call ${callId} was performed again after it was settled`);
    if (begun.has(`${callId}/${epoch}`))
      violations.push(`law 2: call ${callId} was performed twice in epoch ${epoch}`);
    begun.add(`${callId}/${epoch}`);
  }
  return violations;
}

/** Law 4: a mission closes as verified only with fresh passing evidence, from another agent, on the delivered tree. */
function lawOfProof(end: WorldEnd, events: EventRecord<MissionEvent>[], state: MissionState): string[] {
  const delivered = end.outside.branches.get(end.spec.branch);
  const { outcome, sealed } = state.work;
  const violations: string[] = [];
  if (delivered !== undefined) {
    const tree = end.outside.treeOf(delivered);
    for (const { id } of end.spec.contract)
      if (!holds(tree, id)) violations.push(`law 4: delivered without ${id}`);
    if (tree.has("tampered:test") && !events.some(({ event }) => event.type === "finding.dismissed"))
      violations.push("law 4: delivered what was tampered with, and nobody dismissed it");
    for (const { path } of end.spec.contract.flatMap(({ files = [] }) => files))
      if (!tree.has(`file:${path}`)) violations.push(`law 4: delivered without the contract's ${path}`);
  }
  if (outcome?.outcome !== "verified") return violations;
  if (sealed === undefined || unproven(state, sealed.snapshot).length > 0)
    violations.push("law 4: verified without proof");
  const judged = sealed === undefined ? undefined : deliverable(state, sealed.snapshot);
  if (delivered !== judged?.commit) violations.push("law 4: verified, and another tree delivered");
  const creators = new Set(
    events.flatMap(({ event }) => (event.type === "attempt.started" ? [event.agentId] : [])),
  );
  for (const verdict of state.work.verdicts.values()) {
    if (
      end.spec.contract.some(({ id }) => id === verdict.assertionId) &&
      verdict.judged.tree !== judged?.tree
    )
      violations.push(`law 4: ${verdict.assertionId} was judged on another tree than the delivered one`);
    if (verdict.by !== verifierAgentId || creators.has(verdict.by))
      violations.push(`law 4: ${verdict.assertionId} was judged by ${verdict.by}`);
  }
  return violations;
}

/**
 * Law 7, as far as restoring goes: every folder begins as exactly the snapshot that the log names for its
 * call, and what is logged stays as it is.
 */
function lawOfRestoring(end: WorldEnd, events: EventRecord<MissionEvent>[]): string[] {
  const known = new Set<string>();
  for (const { event } of events) collectCommits(event, known);
  const violations = [...end.outside.made]
    .filter(([, commit]) => !known.has(commit))
    .map(([directory]) => `law 7: ${directory} was made from a tree that the log does not name`);
  violations.push(...lawOfRollingBack(events));
  const seqs = events.map(({ seq }) => seq);
  if (seqs.some((seq, index) => seq !== index + 1)) violations.push("law 7: history was rewritten");
  return violations;
}

/** Rolling back restores the tree and the progress of its position; what was spent and counted only grows. */
function lawOfRollingBack(events: EventRecord<MissionEvent>[]): string[] {
  const violations: string[] = [];
  let state: MissionState | undefined;
  for (const record of events) {
    const spent = state === undefined ? undefined : { ...state.ledger.spent };
    const counts = state === undefined ? [] : countsOf(state);
    state = fold(state, [record]);
    if (state === undefined) continue;
    const { ledger } = state;
    if (spent !== undefined && dimensions.some((dimension) => ledger.spent[dimension] < spent[dimension]))
      violations.push(`law 5: event ${record.seq} gave back what was spent`);
    if (countsOf(state).some((count, index) => count < (counts[index] ?? 0)))
      violations.push(`law 7: event ${record.seq} counts backwards`);
    if (record.event.type !== "mission.rolledBack") continue;
    const past = fold(undefined, events.slice(0, record.event.to));
    if (past === undefined || progressOf(past) !== progressOf(state))
      violations.push(`law 7: event ${record.seq} did not restore position ${record.event.to}`);
  }
  return violations;
}

const countsOf = ({ ledger }: MissionState): number[] => [
  ledger.callCount,
  ledger.stepCount,
  ledger.approvalCount,
  ledger.findingCount,
  ledger.factCount,
  ledger.rollbackCount,
  ledger.epoch,
];

/** What a rollback must bring back: the tree, what is done, what is proven, what is known. */
function progressOf({ work }: MissionState): string {
  const { head, doneCount, failedCount, sealedStages, verdicts, facts, findings } = work;
  const closed = [...work.closed].map(([id, { status }]) => [id, status]);
  const open = [...work.tasks.keys()].sort();
  return JSON.stringify([
    head,
    doneCount,
    failedCount,
    sealedStages,
    closed,
    open,
    [...verdicts],
    [...facts],
    [...findings],
  ]);
}

function collectCommits(value: unknown, into: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  if ("commit" in value && typeof value.commit === "string") into.add(value.commit);
  for (const inner of Object.values(value)) collectCommits(inner, into);
}

/** Law 5: spending never exceeds a budget, at any event; what the outside saw spent neither. */
function lawOfBudget(end: WorldEnd, events: EventRecord<MissionEvent>[]): string[] {
  let state: MissionState | undefined;
  for (const record of events) {
    state = fold(state, [record]);
    if (state === undefined) continue;
    const { limits, spent, reserved } = state.ledger;
    for (const dimension of dimensions) {
      const limit = limits[dimension];
      if (limit !== undefined && spent[dimension] + reserved[dimension] > limit)
        return [
          `law 5: ${dimension} ${spent[dimension]} + ${reserved[dimension]} > ${limit} at ${record.seq}`,
        ];
    }
  }
  const limits = state?.ledger.limits ?? {};
  const calls = end.outside.performances.length;
  const tokens = end.outside.performances.reduce((sum, performance) => sum + performance.tokens, 0);
  if (calls > (limits.calls ?? Infinity))
    return [`law 5: ${calls} calls were really made, ${limits.calls} allowed`];
  if (tokens > (limits.tokens ?? Infinity))
    return [`law 5: ${tokens} tokens were really spent, ${limits.tokens} allowed`];
  return [];
}

/** Law 6: nothing a stale runner appended is in the log after a newer one began; its children never reached the next one's files. */
function lawOfEpochs(end: WorldEnd, events: EventRecord<MissionEvent>[]): string[] {
  const epochOf = new Map(
    end.acknowledged.flatMap(({ commandId, epoch }) =>
      epoch === undefined ? [] : [[commandId, epoch] as const],
    ),
  );
  let newest = 0;
  for (const { event, commandId, seq } of events) {
    if (event.type === "run.started") newest = event.epoch;
    const epoch = epochOf.get(commandId);
    if (epoch !== undefined && epoch < newest)
      return [`law 6: epoch ${epoch} wrote event ${seq} after epoch ${newest} began`];
  }
  return [];
}
