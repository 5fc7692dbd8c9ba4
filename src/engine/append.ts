/** Turning decided events into one append: with summary and wake time, and the session's share when a mission closes. */
import { evolve } from "../mission/evolve.ts";
import { wakeAt } from "../mission/next.ts";
import { foldSession, giveBack, grant, type Session } from "../mission/session.ts";
import type { Mission, MissionState } from "../mission/state.ts";
import { summaryOf } from "../mission/status.ts";
import type { Append, InlineBlob, Log, StreamAppend } from "../ports/log.ts";
import {
  eventSchemaVersion,
  type EventRecord,
  type MissionEvent,
  type SessionEvent,
} from "../protocol/events.ts";
import {
  missionStream,
  sessionStream,
  type CommandId,
  type Epoch,
  type SessionId,
  type Timestamp,
} from "../protocol/ids.ts";
import type { Refusal } from "../protocol/refusals.ts";

/** Evolves a state the caller owns through events that it is about to append. */
export function evolveThrough(
  state: MissionState,
  events: readonly MissionEvent[],
  at: Timestamp,
  commandId: CommandId,
): void {
  for (const event of events) {
    const record: EventRecord<MissionEvent> = {
      streamId: missionStream(state.id),
      seq: state.seq + 1,
      at,
      commandId,
      schemaVersion: eventSchemaVersion,
      event,
    };
    evolve(state, record);
  }
}

export interface AppendRequest {
  commandId: CommandId;
  /** As evolved through the events. */
  mission: Mission;
  expectedSeq: number;
  at: Timestamp;
  events: readonly MissionEvent[];
  blobs: InlineBlob[];
  epoch?: Epoch;
  /** Left out: the summary in the store stays. */
  withSummary: boolean;
}

/** The append, or a refusal of the session whose budget it would break. */
export async function toAppend(log: Log, request: AppendRequest): Promise<Append | { refusal: Refusal }> {
  const { mission, commandId, at, events, blobs } = request;
  const streams: StreamAppend[] = [
    {
      streamId: missionStream(mission.id),
      expectedSeq: request.expectedSeq,
      events: events.map((event) => ({ at, event })),
    },
  ];
  const touchesSession = events.some(
    ({ type }) => type === "mission.closed" || type === "budget.raised" || type === "mission.created",
  );
  if (touchesSession) {
    const share = await sessionShare(log, mission, events, at);
    if ("refusal" in share) return share;
    if (share.events.length > 0) streams.push(share);
  }
  const append: Append = { commandId, streams, blobs, wakeAt: wakeAt(mission) };
  if (request.withSummary) append.summary = summaryOf(mission);
  if (request.epoch !== undefined) append.fence = { missionId: mission.id, epoch: request.epoch };
  return append;
}

export async function loadSession(log: Log, sessionId: SessionId): Promise<Session | undefined> {
  // A session has a few events per mission.
  let session: Session | undefined;
  for (;;) {
    const records = await log.read(sessionStream(sessionId), session?.seq ?? 0, 5_000);
    session = foldSession(session, records as EventRecord<SessionEvent>[]);
    if (records.length < 5_000) return session;
  }
}

async function sessionShare(
  log: Log,
  mission: Mission,
  events: readonly MissionEvent[],
  at: Timestamp,
): Promise<StreamAppend | { refusal: Refusal }> {
  const session = await loadSession(log, mission.sessionId);
  const share: StreamAppend = {
    streamId: sessionStream(mission.sessionId),
    expectedSeq: session?.seq ?? 0,
    events: [],
  };
  if (session === undefined) return share;
  if (events.some(({ type }) => type === "mission.closed"))
    share.events = giveBack(session, mission.id, mission.ledger.spent).map((event) => ({ at, event }));
  else {
    const decision = grant(session, mission.id, mission.ledger.limits);
    if (!decision.ok) return { refusal: decision.refusal };
    share.events = decision.events.map((event) => ({ at, event }));
  }
  return share;
}
