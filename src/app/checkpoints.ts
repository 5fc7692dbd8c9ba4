/**
 * Positions of a mission's log to go back to, each with the tree it holds: what restoring one would lose,
 * and what it could not take back (OP6).
 */
import { loadPast } from "../engine/load.ts";
import { snapshotsOf } from "../mission/rollback.ts";
import type { MissionState } from "../mission/state.ts";
import { strictest } from "../mission/recovery.ts";
import type { Log } from "../ports/log.ts";
import type { Workspaces } from "../ports/workspace.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import { missionStream, type MissionId, type Seq, type Timestamp } from "../protocol/ids.ts";
import type { MissionSpec } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";

export interface Checkpoint {
  seq: Seq;
  at: Timestamp;
  /** Such as "task parse done". */
  what: string;
  snapshot: Snapshot;
}

/** What going back to a checkpoint means. */
export interface RestorePreview {
  checkpoint: Checkpoint;
  /** Events after it whose work is taken back. */
  events: number;
  /** Tasks that are done now and were not then. */
  tasks: string[];
  /** Unified diff from the tree as it is to the tree as it was. */
  diff: string;
  /** Calls that touched the outside since: they stay as they are. */
  external: { callId: string; what: string }[];
  /** Calls under way, which are ended. */
  ending: string[];
}

/** How many checkpoints are tried when none is named. */
export const latestCheckpoints = 10;
const pageSize = 5_000;

interface Ports {
  log: Log;
  workspaces: Workspaces;
}

/** Newest first. */
export async function checkpointsOf(
  { log }: Pick<Ports, "log">,
  missionId: MissionId,
): Promise<Checkpoint[]> {
  const found: Checkpoint[] = [];
  for await (const { seq, at, event } of eventsOf(log, missionId, 0)) {
    const mark = markOf(event);
    if (mark !== undefined) found.push({ seq, at, ...mark });
  }
  return found.reverse();
}

/** What makes an event a checkpoint: a tree that somebody may want back. */
function markOf(event: MissionEvent): { what: string; snapshot: Snapshot } | undefined {
  switch (event.type) {
    case "call.settled": {
      const { outcome } = event;
      return outcome.status === "succeeded" && outcome.result.kind === "prepare"
        ? { what: "the base", snapshot: outcome.result.start ?? outcome.result.snapshot }
        : undefined;
    }
    case "snapshot.taken":
      return { what: `inside call ${event.callId}`, snapshot: event.snapshot };
    case "attempt.ended":
      return event.outcome.status === "handedOff"
        ? { what: `attempt ${event.attemptId} handed off`, snapshot: event.outcome.snapshot }
        : undefined;
    case "task.ended":
      return event.status === "done" && event.snapshot !== undefined
        ? { what: `task ${event.taskId} done`, snapshot: event.snapshot }
        : undefined;
    case "stage.sealed":
      return { what: `stage ${event.stageId} sealed`, snapshot: event.snapshot };
    default:
      return undefined;
  }
}

async function* eventsOf(
  log: Log,
  missionId: MissionId,
  after: Seq,
): AsyncGenerator<EventRecord<MissionEvent>> {
  let last = after;
  for (;;) {
    const records = (await log.read(missionStream(missionId), last, pageSize)) as EventRecord<MissionEvent>[];
    yield* records;
    if (records.length < pageSize) return;
    last = records.at(-1)?.seq ?? last;
  }
}

/** A checkpoint is valid when the mission folds to it and its repository really holds every tree that work would go on from. */
async function isValid(
  { log, workspaces }: Ports,
  missionId: MissionId,
  { seq }: Checkpoint,
): Promise<boolean> {
  const past = await loadPast(log, missionId, seq);
  if (past?.work.head === undefined) return false;
  for (const snapshot of snapshotsOf(past)) if (!(await workspaces.has(missionId, snapshot))) return false;
  return true;
}

/** The checkpoint at a position, or the newest valid one of the latest; undefined when there is none. */
export async function findCheckpoint(
  ports: Ports,
  missionId: MissionId,
  seq?: Seq,
): Promise<Checkpoint | undefined> {
  const all = await checkpointsOf(ports, missionId);
  const candidates =
    seq === undefined ? all.slice(0, latestCheckpoints) : all.filter((one) => one.seq === seq);
  for (const checkpoint of candidates) if (await isValid(ports, missionId, checkpoint)) return checkpoint;
  return undefined;
}

/** The position before the newest rollback that is not taken back itself, and that rollback's own. */
export async function lastRollback(
  { log }: Pick<Ports, "log">,
  missionId: MissionId,
): Promise<{ to: Seq; undoes: Seq } | undefined> {
  const undone = new Set<Seq>();
  const rollbacks: Seq[] = [];
  for await (const { seq, event } of eventsOf(log, missionId, 0)) {
    if (event.type !== "mission.rolledBack") continue;
    if (event.undoes === undefined) rollbacks.push(seq);
    else undone.add(event.undoes);
  }
  const undoes = rollbacks.findLast((seq) => !undone.has(seq));
  return undoes === undefined ? undefined : { to: undoes - 1, undoes };
}

/** What would be lost, and what cannot be taken back. */
export async function previewRestore(
  { log, workspaces }: Ports,
  now: MissionState,
  checkpoint: Checkpoint,
): Promise<RestorePreview> {
  const past = await loadPast(log, now.id, checkpoint.seq);
  const external: RestorePreview["external"] = [];
  const touching = new Map<string, string>();
  for await (const { seq, event } of eventsOf(log, now.id, 0)) {
    if (event.type === "call.wanted" && strictest(event.call.effects) === "external")
      touching.set(event.call.id, event.call.work.kind);
    const what =
      event.type === "call.settled" && seq > checkpoint.seq ? touching.get(event.callId) : undefined;
    if (event.type === "call.settled" && what !== undefined && event.outcome.status !== "interrupted")
      external.push({ callId: event.callId, what });
  }
  const [from, to] = [now.work.head, past?.work.head];
  return {
    checkpoint,
    events: now.seq - checkpoint.seq,
    tasks: [...now.work.closed]
      .filter(([id, { status }]) => status === "done" && past?.work.closed.get(id)?.status !== "done")
      .map(([id]) => id),
    diff: from === undefined || to === undefined ? "" : await workspaces.diff(now.id, from, to),
    external,
    ending: [...now.ledger.calls.keys()],
  };
}

/** The whole specification of a mission, tasks included. */
export async function specOf(log: Log, missionId: MissionId): Promise<MissionSpec | undefined> {
  const [first] = await log.read(missionStream(missionId), 0, 1);
  return first?.event.type === "mission.created" ? first.event.spec : undefined;
}
