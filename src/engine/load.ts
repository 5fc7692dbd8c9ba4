/** Loading a mission: the newest state cache that can be believed, then the tail of the log. */
import { decodeState, encodeState, fold } from "../mission/fold.ts";
import { stateVersion, type MissionState } from "../mission/state.ts";
import type { Log } from "../ports/log.ts";
import type { StateCaches } from "../ports/stateCache.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import { missionStream, type MissionId, type Seq } from "../protocol/ids.ts";

/** Records read at a time. */
const pageSize = 5_000;

/** A folded mission, and the cache it was folded from. */
export interface Loaded {
  state: MissionState;
  /** Sequence and size of that cache; 0 when the whole log was folded. */
  cache: { seq: number; bytes: number };
}

/** Undefined when the log has no such mission. */
export async function loadMission(
  ports: { log: Log; caches: StateCaches },
  missionId: MissionId,
): Promise<MissionState | undefined> {
  return (await loadWithCache(ports, missionId))?.state;
}

export async function loadWithCache(
  ports: { log: Log; caches: StateCaches },
  missionId: MissionId,
): Promise<Loaded | undefined> {
  const streamId = missionStream(missionId);
  const [caches, head] = await Promise.all([ports.caches.load(missionId), ports.log.head(streamId)]);
  for (const cached of caches) {
    if (cached.stateVersion !== stateVersion || cached.seq > head) continue;
    const state = decodeState(cached.body, missionId);
    if (state?.seq !== cached.seq) continue;
    const folded = await foldTail(ports.log, missionId, state);
    return folded === undefined
      ? undefined
      : { state: folded, cache: { seq: cached.seq, bytes: cached.body.length } };
  }
  const folded = await foldTail(ports.log, missionId, undefined);
  return folded === undefined ? undefined : { state: folded, cache: { seq: 0, bytes: 0 } };
}

/** A mission as it was at a position of its log; undefined when the log does not reach there. */
export async function loadPast(log: Log, missionId: MissionId, seq: Seq): Promise<MissionState | undefined> {
  let state: MissionState | undefined;
  for (let after = 0; after < seq;) {
    const records = await log.read(missionStream(missionId), after, Math.min(pageSize, seq - after));
    if (records.length === 0) return undefined;
    state = fold(state, records as EventRecord<MissionEvent>[]);
    after += records.length;
  }
  return state;
}

/** Folds what the log has beyond a state that is given away. */
export async function foldTail(
  log: Log,
  missionId: MissionId,
  from: MissionState | undefined,
): Promise<MissionState | undefined> {
  const read = (after: Seq): Promise<EventRecord[]> => log.read(missionStream(missionId), after, pageSize);
  let state = from;
  let page = read(state?.seq ?? 0);
  for (;;) {
    const records = await page;
    const last = records.length < pageSize ? undefined : records.at(-1);
    // The next page is on its way while this one is folded.
    if (last !== undefined) page = read(last.seq);
    // A mission's stream holds mission events only.
    state = fold(state, records as EventRecord<MissionEvent>[]);
    if (last === undefined) return state;
  }
}

/** Events that are folded faster than a cache is read. */
const minTail = 500;
/** What an event weighs against the text of a cache. */
const eventBytes = 300;

/** Decides when a cache is worth writing: when the tail outweighs it, so that caches never grow with the square of a mission. */
export class CacheKeeper {
  #savedSeq: Seq;
  #savedBytes: number;
  readonly #caches: StateCaches;

  /** `saved`: the cache that is there already. */
  constructor(caches: StateCaches, saved: Loaded["cache"]) {
    this.#caches = caches;
    this.#savedSeq = saved.seq;
    this.#savedBytes = saved.bytes;
  }

  /** Saves when it is time; true when it did. A cache that cannot be written is not needed. */
  async keep(state: MissionState): Promise<boolean> {
    const tail = state.seq - this.#savedSeq;
    if (tail < minTail || tail * eventBytes < this.#savedBytes) return false;
    const body = encodeState(state);
    this.#savedSeq = state.seq;
    this.#savedBytes = body.length;
    try {
      await this.#caches.save(state.id, { seq: state.seq, stateVersion, body });
      return true;
    } catch {
      return false;
    }
  }
}
