// A lease is kept by a clock that does not jump: setting the time of day back must not silence the runner.
import { expect, test } from "vitest";
import type { Clock } from "../ports/clock.ts";
import { Lab } from "../testing/lab.ts";
import { specMissionId } from "../testing/specification.ts";
import { keepLease } from "./heartbeat.ts";

test("heartbeats go on when the wall clock is set back", async () => {
  const one = new Lab();
  const { time, store } = one;
  let setBackMs = 0;
  const now = (): number => time.now() - setBackMs;
  const clock: Clock = {
    now,
    monotonicMs: () => time.monotonicMs(),
    pause: (durationMs, signal) => time.pause(durationMs, signal),
    // As the machine's: it looks at the wall again and again.
    wait: async (at, signal) => {
      while (!signal.aborted && now() < at) await time.pause(Math.min(at - now(), 500), signal);
    },
  };
  const [missionId, ttlMs] = [specMissionId, 10_000];
  await store.leases.acquire({ missionId, runnerId: "one", ttlMs, now: now() });
  const settings = { ttlMs, heartbeatMs: 2_000 };
  const lease = keepLease({ leases: store.leases, clock }, { missionId, epoch: 1 }, settings);
  await one.passes(3_000);
  setBackMs = 3_600_000;
  await one.passes(60_000);
  expect(lease.held()).toBe(true);
  // Others see it alive by the same wall.
  expect(await store.leases.get(missionId)).toMatchObject({ heartbeatAt: now() - 1_000 });
  await lease.stop();
});
