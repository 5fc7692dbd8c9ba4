// Two runners: who waits, who takes over, and what a stale or frozen one can no longer do.
import { describe, expect, test } from "vitest";
import {
  handoff,
  missionOf,
  oneTask,
  specMissionId,
  stepDone,
  stepDraft,
  stepwise,
  task,
} from "../testing/specification.ts";
import { hangs, lab, patient } from "../testing/lab.ts";

describe("two runners", () => {
  test("the second waits while the first lives", async () => {
    const one = await lab(
      oneTask({ timeoutMs: 9_000_000 }, { policy: patient }),
      (it) => (it.program = hangs),
    );
    one.runner("one");
    one.runner("two");
    await one.passes(600_000);
    expect(await one.all("run.started")).toMatchObject([{ runnerId: "one", epoch: 1 }]);
  });

  test("when the first dies, the second takes over as soon as its lease is over, in a folder of its own", async () => {
    const one = await lab(oneTask());
    const first = one.runner("one");
    one.runner("two");
    await one.passes(5_000);
    first.life.kill();
    await one.passes(9_002);
    const runs = await one.all("run.started");
    expect(runs).toMatchObject([
      { runnerId: "one", epoch: 1 },
      { runnerId: "two", epoch: 2 },
    ]);
    await one.passes(60_000);
    expect(await one.outcome()).toBe("verified");
    expect(one.begun.map(({ directory }) => directory)).toEqual([
      `/${specMissionId}/e1-c2`,
      `/${specMissionId}/e2-c3`,
    ]);
    expect(await one.all("attempt.ended")).toMatchObject([
      { outcome: { status: "interrupted" } },
      { outcome: { status: "handedOff" } },
    ]);
  });
});

describe("a runner whose lease is gone", () => {
  test("a stale runner settles nothing and ends its performers", async () => {
    const one = await lab(oneTask({ timeoutMs: 9_000_000 }, { policy: patient }));
    const ends: string[] = [];
    one.program = async ({ signal, directory }) => {
      await one.time.wait(Infinity, signal);
      ends.push(directory);
      return { status: "interrupted", usage: {} };
    };
    one.runner("one");
    await one.passes(5_000);
    // Somebody took the mission although the first is alive: a clock went wrong.
    await one.store.leases.acquire({
      missionId: specMissionId,
      runnerId: "thief",
      ttlMs: 600_000,
      now: one.time.now() + 60_000,
    });
    const before = (await one.events()).length;
    await one.passes(5_000);
    expect(ends).toEqual([`/${specMissionId}/e1-c2`]);
    expect(await one.events()).toHaveLength(before);
    expect(await one.store.leases.get(specMissionId)).toMatchObject({ runnerId: "thief", released: false });
  });

  test("a runner frozen past its lease begins nothing when it wakes", async () => {
    const one = await lab(missionOf([task("build"), task("polish", { needs: ["build"] })]));
    const first = one.runner("one");
    await one.passes(5_000);
    first.life.freeze(new Promise((resolve) => one.time.schedule(one.time.now() + 25_000, () => resolve())));
    one.runner("two");
    await one.passes(24_999);
    const begun = one.begun.length;
    const seqs = (await one.events()).length;
    expect(begun).toBeGreaterThanOrEqual(2);
    await one.passes(120_000);
    expect(one.begun.slice(begun).every(({ directory }) => directory.includes("/e2-"))).toBe(true);
    expect((await one.events()).length).toBeGreaterThan(seqs);
    expect(await one.outcome()).toBe("verified");
    expect(one.outside.violations).toEqual([]);
  });
});

test("a runner frozen between making the folder and starting the agent does not start it", async () => {
  const one = await lab(oneTask());
  const thaw = (): Promise<void> =>
    new Promise((resolve) => one.time.schedule(one.time.now() + 25_000, () => resolve()));
  one.runner("one", {}, (ports, life) => ({
    ...ports,
    workspaces: {
      ...ports.workspaces,
      materialise: async (request) => {
        const made = await ports.workspaces.materialise(request);
        life.freeze(thaw());
        return made;
      },
    },
  }));
  await one.passes(20_000);
  expect(one.outside.folders.has(`/${specMissionId}/e1-c2`)).toBe(true);
  await one.passes(10_000);
  expect(one.begun).toEqual([]);
});

describe("an external call whose runner died while it was being ended", () => {
  test("is looked up, not forgotten", async () => {
    let lookUps = 0;
    const one = await lab(stepwise({ policy: patient }), (it) => {
      const push = stepDraft("push", { effects: ["external"] });
      it.steps = {
        perform: ({ call }) =>
          call.work.kind === "skill"
            ? Promise.resolve({
                outcome: stepDone(),
                usage: {},
                blobs: [],
                next: { attemptId: "think.1", steps: [push], position: "append" },
              })
            : new Promise(() => undefined),
        lookUp: async () => {
          lookUps += 1;
          return { found: "done", report: { outcome: stepDone({ done: handoff() }), usage: {}, blobs: [] } };
        },
      };
    });
    const first = one.runner("one");
    await one.passes(31_000);
    expect(await one.all("call.cancelling")).toMatchObject([{ callId: "c3", reason: "deadline" }]);
    first.life.kill();
    one.runner("two");
    await one.passes(20_000);
    expect(lookUps).toBe(1);
    expect((await one.all("attempt.ended"))[0]?.outcome.status).toBe("handedOff");
  });
});
