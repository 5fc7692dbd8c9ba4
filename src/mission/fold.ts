/**
 * Folding a log into a mission. The first event begins it; the rest evolve it in place, in state that
 * this fold made or was handed over. Caches store it as text; whoever is in doubt folds the log.
 */
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import type { MissionId } from "../protocol/ids.ts";
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

interface TaggedMap {
  $map: [unknown, unknown][];
}
interface TaggedSet {
  $set: unknown[];
}

/** A mission as text, for a cache. */
export function encodeState(state: MissionState): string {
  return JSON.stringify(state, (_key, value: unknown) => {
    if (value instanceof Map) return { $map: [...value] } satisfies TaggedMap;
    if (value instanceof Set) return { $set: [...value] } satisfies TaggedSet;
    return renamed(value, (key) => (key.startsWith("$") ? `$${key}` : key));
  });
}

/** The state a cache holds; undefined when the text is not one of this mission. */
export function decodeState(body: string, missionId: MissionId): MissionState | undefined {
  try {
    const state = JSON.parse(body, revive) as MissionState;
    return state.id === missionId ? state : undefined;
  } catch {
    return undefined;
  }
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("$map" in value) return new Map((value as TaggedMap).$map as [string, unknown][]);
  if ("$set" in value) return new Set((value as TaggedSet).$set);
  return renamed(value, (key) => (key.startsWith("$$") ? key.slice(1) : key));
}

/** An author's input may have keys that look like our tags: they get one more `$` in the text. */
function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  if (!keys.some((key) => key.startsWith("$"))) return value;
  return Object.fromEntries(keys.map((key) => [rename(key), Reflect.get(value, key) as unknown]));
}
