/** Reading a mission's events, and following what is appended by anybody. */
import { fold } from "../mission/fold.ts";
import type { Mission, MissionState } from "../mission/state.ts";
import type { Changes } from "../ports/changes.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import { missionStream, type MissionId, type Seq } from "../protocol/ids.ts";

export type MissionRecord = EventRecord<MissionEvent>;

const pageSize = 1_000;

async function readFrom(log: Log, missionId: MissionId, afterSeq: Seq): Promise<MissionRecord[]> {
  // A mission's stream holds mission events only.
  return (await log.read(missionStream(missionId), afterSeq, pageSize)) as MissionRecord[];
}

/** Events after a sequence; with a signal also those to come, until it aborts. */
export async function* followEvents(
  ports: { log: Log; changes: Changes },
  missionId: MissionId,
  afterSeq: Seq,
  follow?: AbortSignal,
): AsyncGenerator<MissionRecord> {
  for await (const page of followPages(ports, missionId, afterSeq, follow)) yield* page;
}

/** In pages: what one append brought is seen at once, as far as a page reaches. */
async function* followPages(
  ports: { log: Log; changes: Changes },
  missionId: MissionId,
  afterSeq: Seq,
  follow?: AbortSignal,
): AsyncGenerator<MissionRecord[]> {
  // Asked before reading, so that no append falls between.
  const cursor = follow === undefined ? 0 : await ports.changes.cursor();
  let seq = afterSeq;
  const rest = async function* (): AsyncGenerator<MissionRecord[]> {
    for (;;) {
      const records = await readFrom(ports.log, missionId, seq);
      seq = records.at(-1)?.seq ?? seq;
      if (records.length > 0) yield records;
      if (records.length < pageSize) return;
    }
  };
  yield* rest();
  if (follow === undefined) return;
  for await (const change of ports.changes.changes(cursor, follow))
    if (change.streamId === missionStream(missionId) && change.seq > seq) yield* rest();
}

export interface Observation {
  mission: Mission;
  /** Since the observation before. */
  records: MissionRecord[];
}

/** The mission folded as it goes on; also every `tickMs` without news, so that silence can be shown. */
export async function* followMission(
  ports: { log: Log; changes: Changes; clock: Clock },
  missionId: MissionId,
  options: { signal: AbortSignal; tickMs: number },
): AsyncGenerator<Observation> {
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  let waiting: MissionRecord[] = [];
  let wake: () => void = () => {};
  const reading = (async () => {
    for await (const page of followPages(ports, missionId, 0, signal)) {
      waiting.push(...page);
      wake();
    }
  })();
  // Told to the reader below; without this Node would call it unhandled meanwhile.
  reading.catch(() => {});
  let state: MissionState | undefined;
  try {
    while (!signal.aborted) {
      const records = waiting;
      waiting = [];
      state = fold(state, records);
      if (state !== undefined) yield { mission: state, records };
      if (waiting.length > 0) continue;
      const timer = new AbortController();
      const news = new Promise<void>((resolve) => (wake = resolve));
      await Promise.race([news, reading, ports.clock.wait(ports.clock.now() + options.tickMs, timer.signal)]);
      timer.abort();
    }
  } finally {
    ending.abort();
    await reading;
  }
}
