/** Promises of changes: gap-free, in order, from any cursor. */
import type { Change } from "../ports/changes.ts";
import type { Cursor } from "../ports/log.ts";
import { missionStream, type Seq, type StreamId } from "../protocol/ids.ts";
import type { Store } from "../stores/store.ts";
import { appended, appendOf, equal, streamA, streamB, uuid, type Checks } from "./storeContractKit.ts";

/** Changes after a cursor until every stream is where it should be. */
async function until(store: Store, after: Cursor, heads: Map<StreamId, Seq>): Promise<Change[]> {
  const stop = new AbortController();
  const seen: Change[] = [];
  const left = new Map(heads);
  if (left.size === 0) return seen;
  for await (const change of store.changes.changes(after, stop.signal)) {
    seen.push(change);
    if (left.get(change.streamId) === change.seq) left.delete(change.streamId);
    if (left.size === 0) stop.abort();
  }
  return seen;
}

export const changesCases: Checks = {
  "changes report what was appended before, then what comes": async (store) => {
    const first = await appended(store, appendOf(streamA, 0, ["a", "b"]));
    equal(await store.changes.cursor(), first.cursor);
    equal(await until(store, 0, new Map([[streamA, 2]])), [
      { cursor: first.cursor, streamId: streamA, seq: 2 },
    ]);
    const coming = until(store, first.cursor, new Map([[streamB, 1]]));
    const second = await appended(store, appendOf(streamB, 0, ["c"]));
    equal(await coming, [{ cursor: second.cursor, streamId: streamB, seq: 1 }]);
  },

  "an aborted subscription ends without throwing": async (store) => {
    const stop = new AbortController();
    const waiting = (async () => {
      for await (const change of store.changes.changes(0, stop.signal))
        throw new Error(`unexpected ${change.streamId}`);
    })();
    stop.abort();
    await waiting;
    const already: Change[] = [];
    await appended(store, appendOf(streamA, 0, ["x"]));
    for await (const change of store.changes.changes(0, stop.signal)) already.push(change);
    equal(already, []);
  },

  "nothing is missed while many append at once": async (store) => {
    const heads = new Map(Array.from({ length: 30 }, (_, i) => [missionStream(uuid(6, i)), 10] as const));
    const watching = [until(store, 0, heads), until(store, 0, heads)];
    const work = [...heads.keys()].map(async (streamId) => {
      for (let seq = 0; seq < 10; seq += 2) await appended(store, appendOf(streamId, seq, ["x", "y"]));
    });
    await Promise.all(work);
    for (const seen of await Promise.all(watching)) {
      seen.reduce((before, { cursor }) => {
        equal(cursor > before, true, "cursors grow");
        return cursor;
      }, 0);
      const newest = new Map(seen.map(({ streamId, seq }) => [streamId, seq]));
      equal([...newest.values()], Array<number>(30).fill(10));
    }
  },

  "changes from any cursor report every append after it": async (store) => {
    const cursors: Cursor[] = [0];
    for (let i = 0; i < 6; i += 1)
      cursors.push((await appended(store, appendOf(i % 2 === 0 ? streamA : streamB, i >> 1, ["x"]))).cursor);
    for (const [i, cursor] of cursors.entries()) {
      const heads = new Map<StreamId, Seq>();
      if (i < 5) heads.set(streamA, 3);
      if (i < 6) heads.set(streamB, 3);
      const seen = await until(store, cursor, heads);
      equal(
        seen.every((change) => change.cursor > cursor),
        true,
        `after ${cursor}`,
      );
    }
  },

  "an append to two streams is reported for both": async (store) => {
    const [a] = appendOf(streamA, 0, ["x"]).streams;
    const [b] = appendOf("session:s", 0, ["y"]).streams;
    if (a === undefined || b === undefined) throw new Error("no streams");
    const { cursor } = await appended(store, appendOf(streamA, 0, [], { streams: [a, b] }));
    const seen = await until(
      store,
      0,
      new Map([
        [streamA, 1],
        ["session:s", 1],
      ]),
    );
    equal(
      seen.map(({ streamId }) => streamId),
      [streamA, "session:s"],
    );
    equal(seen.at(-1)?.cursor, cursor);
  },
};
