/** A few dozen seeds of `npm run test:sim` in every test run, and proof that the laws can fail. */
import { describe, expect, it } from "vitest";
import { checkLaws } from "../../src/testing/laws.ts";
import { runWorld } from "../../src/testing/world.ts";
import { merge, newTally, optionsOf, simulate } from "./tally.ts";

describe("seeded missions", () => {
  it("keep the laws whatever goes wrong", { timeout: 120_000 }, async () => {
    let tally = newTally();
    for (let seed = 1; seed <= 40; seed += 1) tally = merge(tally, await simulate(String(seed)));
    expect(tally.failures).toEqual([]);
    expect(tally.lengths).toHaveLength(40);
    expect(tally.kills).toBeGreaterThan(10);
  });

  it("happen the same way again for the same seed", { timeout: 60_000 }, async () => {
    const [one, other] = [await runWorld(optionsOf("7")), await runWorld(optionsOf("7"))];
    const [first, second] = [await checkLaws(one), await checkLaws(other)];
    expect(second.events).toEqual(first.events);
  });
});

describe("the laws of the simulator", () => {
  const calm = { seed: "laws", trouble: 0, crashes: 0, maxTasks: 3, maxSteps: 10 };

  it("notice an acknowledged event that vanished", async () => {
    const end = await runWorld(calm);
    end.acknowledged.push({ streamId: "session:local", seq: 99, count: 1, commandId: "lost", at: 0 });
    expect((await checkLaws(end)).violations.join()).toContain("law 2: acknowledged event session:local#99");
  });

  it("notice a settled call that is performed again", async () => {
    const end = await runWorld(calm);
    const first = end.outside.performances[0];
    if (first === undefined) throw new Error("nothing was performed");
    end.outside.performances.push({ ...first, startedAt: Number.MAX_SAFE_INTEGER });
    expect((await checkLaws(end)).violations.join()).toContain("performed again");
  });

  it("notice a call that is performed twice by one runner", async () => {
    const end = await runWorld(calm);
    const first = end.outside.performances[0];
    if (first === undefined) throw new Error("nothing was performed");
    end.outside.performances.push({ ...first });
    expect((await checkLaws(end)).violations.join()).toContain("performed twice in epoch");
  });

  it("notice a delivered tree that does not hold what was promised", async () => {
    const end = await runWorld(calm);
    end.outside.branches.set(end.spec.branch, end.outside.commit(new Set(["base"])).commit);
    expect((await checkLaws(end)).violations.join()).toContain("law 4: delivered without");
  });

  it("notice a delivered tree that lacks what the contract brought", async () => {
    const end = await runWorld({ ...calm, seed: "brought-2" });
    const delivered = end.outside.branches.get(end.spec.branch) ?? "";
    const tree = [...end.outside.treeOf(delivered)].filter((fact) => !fact.startsWith("file:"));
    expect(tree.length).toBeLessThan(end.outside.treeOf(delivered).size);
    end.outside.branches.set(end.spec.branch, end.outside.commit(new Set(tree)).commit);
    expect((await checkLaws(end)).violations.join()).toContain("law 4: delivered without the contract's");
  });

  it("notice a folder that was made from a tree nobody logged", async () => {
    const end = await runWorld(calm);
    end.outside.made.set("/mission/e1-c9", "unknown");
    expect((await checkLaws(end)).violations.join()).toContain("law 7: /mission/e1-c9");
  });

  it("notice more spending than was allowed", async () => {
    const end = await runWorld({ ...calm, seed: "budget-5" });
    const limit = end.spec.budget.calls;
    if (limit === undefined) throw new Error("choose a seed with a budget");
    const first = end.outside.performances[0];
    if (first !== undefined)
      for (let call = 0; call <= limit * 2; call += 1)
        end.outside.performances.push({ ...first, startedAt: 0 });
    expect((await checkLaws(end)).violations.join()).toContain("law 5");
  });

  it("notice a stale runner's write", async () => {
    const end = await runWorld({ ...calm, crashes: 0.1, seed: "epochs" });
    const { events } = await checkLaws(end);
    const last = events.findLast(({ event }) => event.type === "mission.closed");
    for (const ack of end.acknowledged) if (ack.commandId === last?.commandId) ack.epoch = 0;
    expect((await checkLaws(end)).violations.join()).toContain("law 6");
  });
});
