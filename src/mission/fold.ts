/**
 * Folding a log into a mission. The first event begins it; the rest evolve it in place, in state that
 * this fold made or was handed over. Caches store it as text; whoever is in doubt folds the log.
 */
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import type { MissionId } from "../protocol/ids.ts";
import { decodeTagged, encodeTagged } from "./encoding.ts";
import { begin, evolve } from "./evolve.ts";
import type { MissionState } from "./state.ts";

/** Folds records onto a state the caller gives away; undefined while there is no mission. */
export function fold(
  state: MissionState | undefined,
  records: Iterable<EventRecord<MissionEvent>>,
): MissionState | undefined {
  let folded = state;
  for (const record of records) {
    if (folded !== undefined) evolve(folded, record);
    else if (record.event.type === "mission.created") {
      folded = begin(record.event, record.at);
      folded.seq = record.seq;
    }
  }
  return folded;
}

/** A mission as text, for a cache. */
export const encodeState = (state: MissionState): string => encodeTagged(state);

/** The state a cache holds; undefined when the text is not one of this mission. */
export function decodeState(body: string, missionId: MissionId): MissionState | undefined {
  const state = decodeTagged(body) as MissionState | undefined;
  return state?.id === missionId ? state : undefined;
}
