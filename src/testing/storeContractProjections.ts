/** Promises of what is derived: summaries, wake times, receipts, and their rebuilding; and of archives' raw material. */
import {
  appended,
  appendOf,
  equal,
  missionA,
  missionB,
  note,
  notes,
  runner1,
  session,
  streamA,
  streamB,
  summaryOf,
  uuid,
  type Checks,
} from "./storeContractKit.ts";

export const projectionCases: Checks = {
  "a summary is replaced with its append, newest mission first": async (store) => {
    await appended(store, appendOf(streamA, 0, ["x"], { summary: summaryOf(missionA, 1, 1_000) }));
    await appended(store, appendOf(streamB, 0, ["x"], { summary: summaryOf(missionB, 1, 2_000) }));
    await appended(store, appendOf(streamA, 1, ["y"], { summary: summaryOf(missionA, 2, 1_000) }));
    await appended(store, appendOf(streamA, 2, ["z"]));
    equal(await store.log.summaries(), [summaryOf(missionB, 1, 2_000), summaryOf(missionA, 2, 1_000)]);
    equal(await store.log.summary(missionA), summaryOf(missionA, 2, 1_000));
    equal(await store.log.summary(uuid(1, 77)), undefined);
  },

  "a refused append changes neither summary nor wake time": async (store) => {
    await appended(store, appendOf(streamA, 0, ["x"], { summary: summaryOf(missionA, 1), wakeAt: 5 }));
    equal(
      (await store.log.append(appendOf(streamA, 0, ["x"], { summary: summaryOf(missionA, 9), wakeAt: 9 })))
        .status,
      "conflict",
    );
    equal(await store.log.summary(missionA), summaryOf(missionA, 1));
    equal(await store.log.wakes(10, 10), [{ missionId: missionA, wakeAt: 5 }]);
  },

  "wakes come soonest first, up to a time and a limit": async (store) => {
    const at = [30, 10, 20, 40];
    for (const [i, wakeAt] of at.entries())
      await appended(store, appendOf(`mission:${uuid(7, i)}`, 0, ["x"], { wakeAt }));
    const due = async (until: number, limit: number): Promise<number[]> =>
      (await store.log.wakes(until, limit)).map(({ wakeAt }) => wakeAt);
    equal(await due(9, 10), []);
    equal(await due(30, 10), [10, 20, 30]);
    equal(await due(100, 2), [10, 20]);
    await appended(store, appendOf(`mission:${uuid(7, 1)}`, 1, ["x"], { wakeAt: 35 }));
    equal(await due(100, 10), [20, 30, 35, 40]);
    await appended(store, appendOf(`mission:${uuid(7, 2)}`, 1, ["x"], { wakeAt: null }));
    await appended(store, appendOf(`mission:${uuid(7, 0)}`, 1, ["x"]));
    equal(await due(100, 10), [30, 35, 40]);
  },

  "projecting replaces summary and wake time unless the stream moved": async (store) => {
    await appended(store, appendOf(streamA, 0, ["x", "y"]));
    equal(await store.log.project(missionA, 1, summaryOf(missionA, 1), 7), false);
    equal(await store.log.summary(missionA), undefined);
    equal(await store.log.project(missionA, 2, summaryOf(missionA, 2), 7), true);
    equal(await store.log.summary(missionA), summaryOf(missionA, 2));
    equal(await store.log.wakes(7, 1), [{ missionId: missionA, wakeAt: 7 }]);
    equal(await store.log.project(missionA, 2, summaryOf(missionA, 2), null), true);
    equal(await store.log.wakes(7, 1), []);
  },

  "dropping projections leaves the log, and receipts come back from it": async (store) => {
    const streams = [
      {
        streamId: streamA,
        expectedSeq: 0,
        events: [
          { at: 1, event: note("a") },
          { at: 1, event: note("b") },
        ],
      },
      { streamId: session, expectedSeq: 0, events: [{ at: 1, event: note("s") }] },
    ];
    const first = await appended(
      store,
      appendOf(streamA, 0, [], { streams, summary: summaryOf(missionA, 2), wakeAt: 5 }),
    );
    const second = await appended(store, appendOf(streamA, 2, ["c"]));
    await store.leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs: 10, now: 0 });
    await store.caches.save(missionA, { seq: 3, stateVersion: 1, body: "{}" });
    await store.log.dropProjections();
    equal(await store.log.summaries(), []);
    equal(await store.log.wakes(100, 10), []);
    equal(await store.caches.load(missionA), []);
    equal(await notes(store, streamA), ["a", "b", "c"]);
    for (const { receipt } of [first, second]) equal(await store.log.receipt(receipt.commandId), receipt);
    equal((await store.leases.get(missionA))?.epoch, 1, "epochs are truth");
    equal(
      (await store.log.append(appendOf(streamA, 0, ["x"], { commandId: first.receipt.commandId }))).status,
      "repeated",
    );
  },
};
