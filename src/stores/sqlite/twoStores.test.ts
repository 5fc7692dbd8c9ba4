/** What one open store hears and reads of another's appends in the same folder, among its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock as clock } from "../../app/systemClock.ts";
import type { Change } from "../../ports/changes.ts";
import type { Cursor } from "../../ports/log.ts";
import { appended, appendOf, streamA, streamB } from "../../testing/storeContractKit.ts";
import { openSqliteStore, type SqliteStore } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "houston-two-stores-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function open(name: string): Promise<[SqliteStore, SqliteStore]> {
  const directory = join(root, name);
  return [await openSqliteStore({ directory, clock }), await openSqliteStore({ directory, clock })];
}

async function heard(store: SqliteStore, upTo: Promise<Cursor>): Promise<Change[]> {
  const stop = new AbortController();
  const changes: Change[] = [];
  const end = upTo.then((cursor) => {
    if ((changes.at(-1)?.cursor ?? 0) >= cursor) stop.abort();
    return cursor;
  });
  for await (const change of store.changes.changes(0, stop.signal)) {
    changes.push(change);
    void end.then((cursor) => change.cursor >= cursor && stop.abort());
  }
  return changes;
}

describe("two open stores of one folder", () => {
  test("both hear of all appends in order, whoever made them", async () => {
    const stores = await open("changes");
    const rounds = 60;
    const work = stores.map(async (store, index) => {
      const stream = index === 0 ? streamA : streamB;
      let cursor: Cursor = 0;
      for (let seq = 0; seq < rounds * 2; seq += 2) {
        ({ cursor } = await appended(store, appendOf(stream, seq, ["x", "y"])));
        // Now alone, now in turns.
        if (seq % 20 < 8) await new Promise((resolve) => setTimeout(resolve, seq % 3));
      }
      return cursor;
    });
    const last = Promise.all(work).then((cursors) => Math.max(...cursors));
    for (const changes of await Promise.all(stores.map((store) => heard(store, last)))) {
      const cursors = changes.map(({ cursor }) => cursor);
      expect(cursors).toEqual([...cursors].sort((a, b) => a - b));
      expect(new Set(cursors).size).toBe(cursors.length);
      for (const stream of [streamA, streamB])
        expect(changes.findLast(({ streamId }) => streamId === stream)?.seq).toBe(rounds * 2);
    }
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a page that was asked for ahead of time lacks nothing that was appended since", async () => {
    const [one, other] = await open("ahead");
    const texts = Array.from({ length: 1_200 }, (_, index) => `event ${index}`);
    await appended(one, appendOf(streamA, 0, texts.slice(0, 600)));
    expect(await one.log.read(streamA, 0, 500)).toHaveLength(500);
    await appended(other, appendOf(streamA, 600, texts.slice(600)));
    const rest = [...(await one.log.read(streamA, 500, 500)), ...(await one.log.read(streamA, 1_000, 500))];
    expect(rest.map(({ seq }) => seq)).toEqual(Array.from({ length: 700 }, (_, index) => 501 + index));
    expect(rest.at(-1)?.event).toMatchObject({ reason: "event 1199" });
    await Promise.all([one.close(), other.close()]);
  });
});
