/**
 * A session's budget spans its missions: it is granted to them in whole, and what they leave comes
 * back when they close. Granting and creating are one append over both streams.
 */
import { dimensions, noAmounts, type Amounts, type Limits } from "../protocol/budget.ts";
import type { EventRecord, SessionEvent } from "../protocol/events.ts";
import type { MissionId, SessionId } from "../protocol/ids.ts";
import type { Decision } from "../protocol/refusals.ts";
import { add } from "./budget.ts";

export interface Session {
  id: SessionId;
  userId: string;
  seq: number;
  limits: Limits;
  /** What closed missions spent. */
  spent: Amounts;
  /** What open missions hold. */
  granted: Map<MissionId, Limits>;
}

/** Total, like the mission's; unknown events leave it as it is. */
export function foldSession(
  session: Session | undefined,
  records: Iterable<EventRecord<SessionEvent>>,
): Session | undefined {
  let folded = session;
  for (const { event, seq } of records) {
    if (folded !== undefined) folded.seq = seq;
    if (event.type === "session.opened")
      folded ??= {
        id: event.sessionId,
        userId: event.userId,
        seq,
        limits: event.limits,
        spent: { ...noAmounts },
        granted: new Map(),
      };
    else if (event.type === "session.granted") folded?.granted.set(event.missionId, event.limits);
    else if (folded !== undefined && folded.granted.delete(event.missionId))
      folded.spent = add(folded.spent, event.spent);
  }
  return folded;
}

/** What no mission holds and none has spent; a dimension without a limit is left out. */
export function unclaimed(session: Session): Limits {
  const left: Limits = {};
  for (const dimension of dimensions) {
    const limit = session.limits[dimension];
    if (limit === undefined) continue;
    let held = session.spent[dimension];
    for (const grant of session.granted.values()) held += grant[dimension] ?? 0;
    left[dimension] = Math.max(0, limit - held);
  }
  return left;
}

/**
 * Grants a mission its budget. Where the session has a limit the mission must have one too, and it
 * must fit what is unclaimed. A second grant to the same mission replaces the first: a raise.
 */
export function grant(session: Session, missionId: MissionId, limits: Limits): Decision<SessionEvent> {
  const left = unclaimed(session);
  const held = session.granted.get(missionId);
  for (const dimension of dimensions) {
    const room = left[dimension];
    if (room === undefined) continue;
    const wanted = limits[dimension];
    const free = room + (held?.[dimension] ?? 0);
    if (wanted === undefined || wanted > free)
      return {
        ok: false,
        refusal: {
          code: "overBudget",
          message: `the session has ${free} ${dimension} left, the mission asks for ${wanted ?? "no limit"}: set budget.${dimension} to at most ${free}`,
        },
      };
  }
  return { ok: true, events: [{ type: "session.granted", missionId, limits }] };
}

/** What a closed mission spent; the rest of its grant is free again. */
export function giveBack(session: Session, missionId: MissionId, spent: Amounts): SessionEvent[] {
  return session.granted.has(missionId) ? [{ type: "session.returned", missionId, spent }] : [];
}
