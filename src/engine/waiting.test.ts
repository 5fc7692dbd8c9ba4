// What a runner waits for: room for another mission, its own clock, and what calls under way hold back of a budget.
import { describe, expect, test } from "vitest";
import type { Log } from "../ports/log.ts";
import type { Limits } from "../protocol/budget.ts";
import type { HumanCommand } from "../protocol/commands.ts";
import { hangs, lab, patient, type Lab } from "../testing/lab.ts";
import { ada, missionOf, oneTask, specMissionId, specStart, task } from "../testing/specification.ts";
import type { EnginePorts } from "./enginePorts.ts";
import { submit } from "./submit.ts";

const other = "0190a000-0000-7000-8000-00000000dddd";

describe("a runner without room for another mission", () => {
  /** Counts scans. A runner that spins is thrown out of it: virtual time would never go on. */
  function countingScans(counter: { scans: number }): (ports: EnginePorts) => EnginePorts {
    const get = (log: Log, name: keyof Log): unknown => {
      if (name === "wakes") counter.scans += 1;
      if (counter.scans > 1_000) throw new Error("the runner spins");
      return log[name];
    };
    return (ports) => ({
      ...ports,
      log: new Proxy(ports.log, { get: (log, name) => get(log, name as keyof Log) }),
    });
  }

  test("sleeps, and does not look for work it could not take", async () => {
    const one = await lab(oneTask({}, { policy: patient }), (it) => (it.program = hangs));
    await one.create(oneTask(), other);
    const counter = { scans: 0 };
    one.runner("one", { maxMissions: 1 }, countingScans(counter));
    await one.passes(10_000);
    expect(one.begun).toHaveLength(1);
    expect(counter.scans).toBeLessThan(20);
  });

  test("takes the next as soon as one has ended", async () => {
    const one = await lab(oneTask());
    await one.create(oneTask({}, { branch: "houston/other" }), other);
    one.runner("one", { maxMissions: 1 }, countingScans({ scans: 0 }));
    await one.passes(20_000);
    expect(one.begun.map(({ at }) => at)).toEqual([specStart, specStart + 10_000]);
    expect([await one.outcome(), await one.outcome(other)]).toEqual(["verified", "verified"]);
  });
});

describe("a command from a clock that was ahead", () => {
  test("does not make the mission wait for that clock", async () => {
    const one = await lab(oneTask());
    const aheadMs = 3_600_000;
    const says = async (at: number, body: HumanCommand): Promise<void> => {
      const { log, caches } = one.store;
      await submit({ log, caches }, specMissionId, { id: one.id(), at, by: ada, body });
    };
    await says(specStart + aheadMs, { type: "mission.pause", reason: "lunch" });
    await says(specStart, { type: "mission.resume" });
    one.runner();
    await one.passes(1_000);
    expect(one.begun).toEqual([{ at: specStart, directory: `/${specMissionId}/e1-c2` }]);
  });
});

describe("a task without room in the budget that calls under way hold back", () => {
  /** Two tasks that could run at once, each ten seconds of the minute it reserves. */
  async function twoAtOnce(budget: Limits): Promise<Lab> {
    const spec = missionOf([task("one", { access: "read" }), task("two", { access: "read" })], { budget });
    const one = await lab(spec);
    one.runner("one", {}, (ports) => ({
      ...ports,
      verifier: {
        ...ports.verifier,
        judge: async () => ({ value: "passed", reason: "looked", observations: [] }),
      },
    }));
    return one;
  }

  test.each([
    ["time", { timeMs: 60_000 }],
    ["time that would leave it some", { timeMs: 65_000 }],
    ["tokens", { tokens: 150 }],
  ])("waits for %s instead of asking a human", async (_what, budget) => {
    const one = await twoAtOnce(budget);
    await one.passes(60_000);
    expect(await one.all("approval.requested")).toEqual([]);
    expect(one.begun.map(({ at }) => at)).toEqual([specStart, specStart + 10_000]);
    expect(await one.outcome()).toBe("verified");
  });

  test("has its time cut only when nothing more comes back", async () => {
    const one = await twoAtOnce({ timeMs: 65_000 });
    await one.passes(60_000);
    const attempts = (await one.all("call.wanted")).filter(({ call }) => call.work.kind === "attempt");
    expect(attempts.map(({ call }) => call.reserve.timeMs)).toEqual([60_000, 55_000]);
  });

  test("begins at once when there is room for both", async () => {
    const one = await twoAtOnce({ timeMs: 120_000, tokens: 200 });
    await one.passes(60_000);
    expect(one.begun.map(({ at }) => at)).toEqual([specStart, specStart]);
    expect(await one.outcome()).toBe("verified");
  });
});
