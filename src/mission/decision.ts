/** How deciders answer: with events, or with a refusal named for what the caller should do next. */
import type { Command, MissionCommand } from "../protocol/commands.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { Decision, RefusalCode } from "../protocol/refusals.ts";

export type MissionDecision = Decision<MissionEvent>;

export type CommandOf<T extends MissionCommand["type"]> = Command<Extract<MissionCommand, { type: T }>>;

export function accept(...events: MissionEvent[]): MissionDecision {
  return { ok: true, events };
}

export function refuse(code: RefusalCode, message: string): MissionDecision {
  return { ok: false, refusal: { code, message } };
}
