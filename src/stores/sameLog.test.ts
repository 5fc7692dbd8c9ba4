/** Law 3: the same seeded script gives the same answers and the same log in memory and in SQLite. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { missionStream } from "../protocol/ids.ts";
import { noise, note, summaryOf, uuid } from "../testing/storeContractKit.ts";
import { exportArchive } from "./archive.ts";
import { createMemoryStore } from "./memory.ts";
import { openSqliteStore } from "./sqlite/store.ts";
import type { Store } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "houston-same-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const clock = {
  now: () => 0,
  monotonicMs: () => 0,
  wait: () => Promise.resolve(),
  pause: () => Promise.resolve(),
};
const digest = { sha256: (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex") };

const small = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      mission: small(2),
      off: small(9),
      command: small(30),
      events: fc.integer({ min: 1, max: 4 }),
      both: fc.boolean(),
      blob: small(3),
      epoch: fc.option(small(3)),
      wakeAt: fc.option(small(50)),
      reason: fc.string({ unit: "binary" }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      mission: small(2),
      runner: small(1),
      now: small(40),
    }),
  },
  fc.record({ kind: fc.constant("heartbeat" as const), mission: small(2), epoch: small(3), now: small(40) }),
  fc.record({ kind: fc.constant("release" as const), mission: small(2), epoch: small(3) }),
  fc.record({ kind: fc.constant("drop" as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function play(store: Store, { ...now }: Step): Promise<unknown> {
  switch (now.kind) {
    case "append": {
      const missionId = uuid(1, now.mission);
      // Mostly what the log says, sometimes beside it.
      const expected = async (streamId: string): Promise<number> =>
        (await store.log.head(streamId)) + (now.off === 0 ? 1 : 0);
      const streamId = missionStream(missionId);
      const events = Array.from({ length: now.events }, (_, i) => ({
        at: i,
        event: note(now.reason + String(i)),
      }));
      const streams = [{ streamId, expectedSeq: await expected(streamId), events }];
      if (now.both) streams.push({ streamId: "session:s", expectedSeq: await expected("session:s"), events });
      const { inline } = await store.blobs.stage(noise(now.blob * 300, now.blob));
      return store.log.append({
        commandId: uuid(4, now.command),
        streams,
        blobs: inline === undefined ? [] : [inline],
        wakeAt: now.wakeAt,
        ...(now.epoch === null ? {} : { fence: { missionId, epoch: now.epoch } }),
        summary: summaryOf(missionId, now.events, now.mission),
      });
    }
    case "acquire":
      return store.leases.acquire({
        missionId: uuid(1, now.mission),
        runnerId: uuid(3, now.runner),
        ttlMs: 10,
        now: now.now,
      });
    case "heartbeat":
      return store.leases.heartbeat({
        missionId: uuid(1, now.mission),
        epoch: now.epoch,
        ttlMs: 10,
        now: now.now,
      });
    case "release":
      return store.leases.release(uuid(1, now.mission), now.epoch);
    case "drop":
      return store.log.dropProjections();
  }
}

async function everything(store: Store): Promise<unknown> {
  const { log } = store;
  const streams = await log.streams();
  const receipts = await Promise.all(Array.from({ length: 31 }, (_, i) => log.receipt(uuid(4, i))));
  return {
    streams,
    receipts,
    archive: await Array.fromAsync(exportArchive(store)),
    summaries: await log.summaries(),
    wakes: await log.wakes(100, 100),
    records: await Promise.all(streams.map((streamId) => log.read(streamId, 0, 1_000))),
    leases: await Promise.all([0, 1, 2].map((i) => store.leases.get(uuid(1, i)))),
  };
}

test("the same script gives the same answers and the same log", async () => {
  let number = 0;
  const script = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
    const memory = createMemoryStore({ digest });
    const sqlite = await openSqliteStore({ directory: join(root, String((number += 1))), clock });
    for (const now of steps) expect(await play(sqlite, now)).toEqual(await play(memory, now));
    expect(await everything(sqlite)).toEqual(await everything(memory));
    await sqlite.close();
  });
  await fc.assert(script, { numRuns: 12, seed: 7, endOnFailure: true });
});
