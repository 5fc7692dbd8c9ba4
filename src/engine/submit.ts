/** Commands of people and other processes: whoever is entitled appends; the loser of a race folds the tail and decides again. */
import { decide, decideCreate } from "../mission/decide.ts";
import { begin } from "../mission/evolve.ts";
import type { MissionState } from "../mission/state.ts";
import type { AppendResult, InlineBlob, Log } from "../ports/log.ts";
import type { StateCaches } from "../ports/stateCache.ts";
import type { Limits } from "../protocol/budget.ts";
import type { Command, HumanCommand } from "../protocol/commands.ts";
import type { MissionEvent } from "../protocol/events.ts";
import {
  missionStream,
  sessionStream,
  type MissionId,
  type SessionId,
  type Timestamp,
} from "../protocol/ids.ts";
import type { Refusal } from "../protocol/refusals.ts";
import { evolveThrough, loadSession, toAppend } from "./append.ts";
import { loadMission, loadPast } from "./load.ts";

/** Races lost in a row before a caller is told to come back. */
const maxRaces = 20;

export type Submission = { ok: true; seq: number; repeated: boolean } | { ok: false; refusal: Refusal };

const crowded: Refusal = { code: "notNow", message: "others were faster twenty times in a row: try again" };

/** Decides a command on the newest state and appends what follows. Repeating an accepted command changes nothing. */
export async function submit(
  ports: { log: Log; caches: StateCaches },
  missionId: MissionId,
  command: Command<HumanCommand>,
): Promise<Submission> {
  for (let race = 0; race < maxRaces; race += 1) {
    const receipt = await ports.log.receipt(command.id);
    if (receipt !== undefined) return { ok: true, seq: receipt.seq, repeated: true };
    const state = await loadMission(ports, missionId);
    if (state === undefined)
      return { ok: false, refusal: { code: "notFound", message: `there is no mission ${missionId}` } };
    const decision = decide(state, command, await pastFor(ports.log, missionId, command));
    if (!decision.ok) return decision;
    const result = await appendDecided(ports.log, state, command, decision.events);
    if ("refusal" in result) return { ok: false, refusal: result.refusal };
    const done = toSubmission(result);
    if (done !== undefined) return done;
  }
  return { ok: false, refusal: crowded };
}

/** Only going back needs the past. */
async function pastFor(
  log: Log,
  missionId: MissionId,
  { body }: Command<HumanCommand>,
): Promise<MissionState | undefined> {
  return body.type === "mission.rollBack" ? await loadPast(log, missionId, body.to) : undefined;
}

async function appendDecided(
  log: Log,
  state: MissionState,
  command: Command<HumanCommand>,
  events: readonly MissionEvent[],
): Promise<AppendResult | { refusal: Refusal }> {
  const expectedSeq = state.seq;
  const at = Math.max(command.at, state.at);
  evolveThrough(state, events, at, command.id);
  const request = {
    commandId: command.id,
    mission: state,
    expectedSeq,
    at,
    events,
    blobs: [],
    withSummary: true,
  };
  const append = await toAppend(log, request);
  return "refusal" in append ? append : await log.append(append);
}

function toSubmission(result: AppendResult): Submission | undefined {
  switch (result.status) {
    case "appended":
      return { ok: true, seq: result.receipt.seq, repeated: false };
    case "repeated":
      return { ok: true, seq: result.receipt.seq, repeated: true };
    case "conflict":
      return undefined;
    case "stale":
      return {
        ok: false,
        refusal: {
          code: "stale",
          message: `epoch ${result.epoch} is over: ${result.currentEpoch} holds the mission`,
        },
      };
  }
}

/** Creates a mission and grants it its budget from its session, in one append with the contract's files. */
export async function createMission(
  log: Log,
  command: Command<Extract<HumanCommand, { type: "mission.create" }>>,
  blobs: InlineBlob[] = [],
): Promise<Submission> {
  const { fork } = command.body;
  const past = fork === undefined ? undefined : await loadPast(log, fork.missionId, fork.seq);
  const decision = decideCreate(command, past);
  if (!decision.ok) return decision;
  const created = decision.events[0];
  if (created?.type !== "mission.created")
    return { ok: false, refusal: { code: "invalid", message: "nothing was created" } };
  for (let race = 0; race < maxRaces; race += 1) {
    const state = begin(created, command.at);
    const request = {
      commandId: command.id,
      mission: state,
      expectedSeq: 0,
      at: command.at,
      events: decision.events,
      blobs,
      withSummary: true,
    };
    const append = await toAppend(log, request);
    if ("refusal" in append) return { ok: false, refusal: append.refusal };
    const result = await log.append(append);
    if (result.status === "conflict" && result.streamId === missionStream(state.id))
      return { ok: false, refusal: { code: "alreadyDone", message: `mission ${state.id} exists` } };
    const done = toSubmission(result);
    if (done !== undefined) return done;
  }
  return { ok: false, refusal: crowded };
}

/** Opens a session once; opening it again is fine. */
export async function openSession(
  log: Log,
  request: { sessionId: SessionId; userId: string; limits: Limits; commandId: string; at: Timestamp },
): Promise<void> {
  if ((await loadSession(log, request.sessionId)) !== undefined) return;
  const { sessionId, userId, limits, at } = request;
  const event = { type: "session.opened", sessionId, userId, limits } as const;
  // Losing this race means that it is open.
  await log.append({
    commandId: request.commandId,
    streams: [{ streamId: sessionStream(sessionId), expectedSeq: 0, events: [{ at, event }] }],
    blobs: [],
  });
}
