/** Promises of leases and of the fence inside an append. */
import {
  appended,
  appendOf,
  equal,
  missionA,
  notes,
  runner1,
  runner2,
  streamA,
  type Checks,
} from "./storeContractKit.ts";

const ttlMs = 1_000;

export const leaseCases: Checks = {
  "a mission that nobody leased has no lease and no epoch": async ({ leases, log }) => {
    equal(await leases.get(missionA), undefined);
    for (const epoch of [0, 1]) {
      equal(await leases.heartbeat({ missionId: missionA, epoch, ttlMs, now: 0 }), false);
      equal(await log.append(appendOf(streamA, 0, ["x"], { fence: { missionId: missionA, epoch } })), {
        status: "stale",
        epoch,
        currentEpoch: 0,
      });
    }
    await leases.release(missionA, 1);
  },

  "acquiring gives epoch 1, and others are told who holds it": async ({ leases }) => {
    equal(await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 100 }), {
      status: "acquired",
      epoch: 1,
    });
    const lease = {
      missionId: missionA,
      runnerId: runner1,
      epoch: 1,
      heartbeatAt: 100,
      expiresAt: 1_100,
      released: false,
    };
    equal(await leases.get(missionA), lease);
    equal(await leases.acquire({ missionId: missionA, runnerId: runner2, ttlMs, now: 1_099 }), {
      status: "held",
      lease,
    });
    equal(await leases.get(missionA), lease);
  },

  "a runner that asks again for its own gets a new epoch": async ({ leases }) => {
    await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 100 });
    const previous = await leases.get(missionA);
    equal(await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 200 }), {
      status: "acquired",
      epoch: 2,
      previous,
    });
  },

  "a heartbeat keeps the lease; without one it expires": async ({ leases }) => {
    await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 0 });
    equal(await leases.heartbeat({ missionId: missionA, epoch: 1, ttlMs, now: 900 }), true);
    equal((await leases.get(missionA))?.expiresAt, 1_900);
    equal(
      (await leases.acquire({ missionId: missionA, runnerId: runner2, ttlMs, now: 1_899 })).status,
      "held",
    );
    const previous = await leases.get(missionA);
    equal(await leases.acquire({ missionId: missionA, runnerId: runner2, ttlMs, now: 1_900 }), {
      status: "acquired",
      epoch: 2,
      previous,
    });
    equal((await leases.get(missionA))?.runnerId, runner2);
  },

  "after a takeover the old runner's heartbeat says so": async ({ leases }) => {
    await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 0 });
    await leases.acquire({ missionId: missionA, runnerId: runner2, ttlMs, now: 5_000 });
    const current = await leases.get(missionA);
    equal(await leases.heartbeat({ missionId: missionA, epoch: 1, ttlMs, now: 5_001 }), false);
    equal(await leases.get(missionA), current);
    equal(await leases.heartbeat({ missionId: missionA, epoch: 2, ttlMs, now: 5_001 }), true);
    equal(await leases.heartbeat({ missionId: missionA, epoch: 3, ttlMs, now: 5_001 }), false);
  },

  "a live lease is taken over with proof that exactly its runner is dead": async ({ leases }) => {
    await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 0 });
    await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 0 });
    const ask = { missionId: missionA, runnerId: runner2, ttlMs, now: 1 };
    equal((await leases.acquire({ ...ask, deadEpoch: 1 })).status, "held", "an epoch before");
    equal((await leases.acquire({ ...ask, deadEpoch: 3 })).status, "held", "an epoch to come");
    const previous = await leases.get(missionA);
    equal(await leases.acquire({ ...ask, deadEpoch: 2 }), { status: "acquired", epoch: 3, previous });
    equal(await leases.heartbeat({ missionId: missionA, epoch: 2, ttlMs, now: 2 }), false);
  },

  "a released mission is free at once; a stale release is without effect": async ({ leases }) => {
    await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 0 });
    await leases.release(missionA, 1);
    equal((await leases.get(missionA))?.released, true);
    equal(
      (await leases.acquire({ missionId: missionA, runnerId: runner2, ttlMs, now: 1 })).status,
      "acquired",
    );
    equal((await leases.get(missionA))?.released, false);
    await leases.release(missionA, 1);
    equal((await leases.get(missionA))?.released, false);
    await leases.heartbeat({ missionId: missionA, epoch: 2, ttlMs, now: 2 });
    await leases.release(missionA, 2);
    equal((await leases.get(missionA))?.released, true);
  },

  "of several runners at once one acquires": async ({ leases }) => {
    const results = await Promise.all(
      [runner1, runner2, "third", "fourth"].map((runnerId) =>
        leases.acquire({ missionId: missionA, runnerId, ttlMs, now: 0 }),
      ),
    );
    equal(results.filter(({ status }) => status === "acquired").length, 1);
  },

  "a stale runner's append is refused and writes nothing": async (store) => {
    const { leases, log } = store;
    await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 0 });
    await appended(store, appendOf(streamA, 0, ["mine"], { fence: { missionId: missionA, epoch: 1 } }));
    await leases.acquire({ missionId: missionA, runnerId: runner2, ttlMs, now: 5_000 });
    const zombie = appendOf(streamA, 1, ["zombie"], { fence: { missionId: missionA, epoch: 1 } });
    equal(await log.append(zombie), { status: "stale", epoch: 1, currentEpoch: 2 });
    equal(
      await log.append({
        ...zombie,
        streams: [{ streamId: streamA, expectedSeq: 9, events: zombie.streams[0]?.events ?? [] }],
      }),
      { status: "stale", epoch: 1, currentEpoch: 2 },
      "before the expectation",
    );
    equal(await log.append(appendOf(streamA, 1, ["x"], { fence: { missionId: missionA, epoch: 3 } })), {
      status: "stale",
      epoch: 3,
      currentEpoch: 2,
    });
    await appended(store, appendOf(streamA, 1, ["heir"], { fence: { missionId: missionA, epoch: 2 } }));
    await appended(store, appendOf(streamA, 2, ["human"]));
    equal(await notes(store, streamA), ["mine", "heir", "human"]);
  },

  "an append behind a takeover in the same moment is refused": async ({ leases, log }) => {
    await leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs, now: 0 });
    const takeover = leases.acquire({ missionId: missionA, runnerId: runner2, ttlMs, now: 5_000 });
    const late = log.append(appendOf(streamA, 0, ["late"], { fence: { missionId: missionA, epoch: 1 } }));
    equal((await takeover).status, "acquired");
    equal((await late).status, "stale");
  },
};
