// Commands of people: receipts, races, refusals, session budgets; loading through caches nobody trusts; rebuilding.
import { describe, expect, test } from "vitest";
import { encodeState, fold } from "../mission/fold.ts";
import { stateVersion, type MissionState } from "../mission/state.ts";
import type { Append, Log } from "../ports/log.ts";
import type { CachedState, StateCaches } from "../ports/stateCache.ts";
import type { Command, HumanCommand } from "../protocol/commands.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import { missionStream } from "../protocol/ids.ts";
import type { MissionSpec } from "../protocol/plan.ts";
import { ada, oneTask, specMissionId, specSessionId, specStart } from "../testing/specification.ts";
import { loadSession } from "./append.ts";
import { Lab, lab } from "../testing/lab.ts";
import { CacheKeeper, loadMission } from "./load.ts";
import { rebuild } from "./rebuild.ts";
import { createMission, openSession, submit } from "./submit.ts";

const command = (body: HumanCommand, id: string): Command<HumanCommand> => ({
  id,
  at: specStart,
  by: ada,
  body,
});
const pause = (id: string): Command<HumanCommand> => command({ type: "mission.pause", reason: "lunch" }, id);
const another = "0190a000-0000-7000-8000-00000000eeee";

const creation = (spec: MissionSpec, id: string, missionId = specMissionId) => ({
  id,
  at: specStart,
  by: ada,
  body: { type: "mission.create" as const, missionId, sessionId: specSessionId, spec },
});

/** The log, with somebody who is always faster for the first few appends. */
function raced({ store }: Lab, times: number, first: () => Promise<void>): { log: Log; caches: StateCaches } {
  let left = times;
  const append = async (request: Append): ReturnType<Log["append"]> => {
    if (left-- > 0) await first();
    return await store.log.append(request);
  };
  const log = new Proxy(store.log, {
    get: (target, name) =>
      name === "append" ? append : (Reflect.get(target, name) as () => unknown).bind(target),
  });
  return { log, caches: store.caches };
}

describe("a command", () => {
  test("repeated, returns its receipt and changes nothing", async () => {
    const { store } = await lab(oneTask());
    expect(await submit(store, specMissionId, pause("x"))).toEqual({ ok: true, seq: 2, repeated: false });
    expect(await submit(store, specMissionId, pause("x"))).toEqual({ ok: true, seq: 2, repeated: true });
    expect(await submit(store, specMissionId, pause("y"))).toMatchObject({
      ok: false,
      refusal: { code: "alreadyDone" },
    });
    expect(await store.log.head(missionStream(specMissionId))).toBe(2);
  });

  test("about a mission that does not exist", async () => {
    expect(await submit(new Lab().store, "ghost", pause("x"))).toMatchObject({
      ok: false,
      refusal: { code: "notFound" },
    });
  });

  test("that lost a race is decided again on what happened", async () => {
    const one = await lab(oneTask());
    const ports = raced(one, 1, () => one.ask({ type: "mission.cancel", reason: "first" }));
    expect(await submit(ports, specMissionId, pause("x"))).toMatchObject({
      ok: false,
      refusal: { code: "notNow" },
    });
    expect((await one.events()).map(({ type }) => type)).toEqual(["mission.created", "mission.cancelled"]);
  });

  test("that loses every race is told to come back", async () => {
    const one = await lab(oneTask());
    let paused = false;
    const ports = raced(one, 100, async () => {
      paused = !paused;
      await one.ask(paused ? { type: "mission.pause", reason: "x" } : { type: "mission.resume" });
    });
    const cancel = command({ type: "mission.cancel", reason: "x" }, "x");
    expect(await submit(ports, specMissionId, cancel)).toMatchObject({
      ok: false,
      refusal: { code: "notNow", message: expect.stringContaining("twenty") as string },
    });
  });

  test("writes summary and wake time with its events", async () => {
    const { store } = await lab(oneTask());
    await submit(store, specMissionId, pause("x"));
    expect(await store.log.summary(specMissionId)).toMatchObject({ seq: 2, status: { state: "Paused" } });
    expect(await store.log.wakes(Number.MAX_SAFE_INTEGER, 1)).toEqual([
      { missionId: specMissionId, wakeAt: specStart + 86_400_000 },
    ]);
  });
});

describe("creating", () => {
  test("a plan that does not hold is refused; an id that is taken too", async () => {
    const { store } = await lab(oneTask());
    expect(await createMission(store.log, creation(oneTask({ agentId: "x" }), "a"))).toMatchObject({
      ok: false,
      refusal: { code: "invalid" },
    });
    expect(await createMission(store.log, creation(oneTask(), "b"))).toMatchObject({
      ok: false,
      refusal: { code: "alreadyDone" },
    });
    const again = creation(oneTask(), "c", another);
    expect(await createMission(store.log, again)).toMatchObject({ ok: true, repeated: false });
    expect(await createMission(store.log, again)).toMatchObject({ ok: true, repeated: true });
  });

  test("takes its budget from the session in the same append, and a closed mission gives the rest back", async () => {
    const one = new Lab();
    const open = {
      sessionId: specSessionId,
      userId: "ada",
      limits: { tokens: 500 },
      commandId: "s",
      at: specStart,
    };
    await openSession(one.store.log, open);
    await openSession(one.store.log, { ...open, commandId: "again", limits: { tokens: 9 } });
    await one.create(oneTask({}, { budget: { tokens: 400 } }));
    const tooMuch = creation(oneTask({}, { budget: { tokens: 101 } }), "b", another);
    expect(await createMission(one.store.log, tooMuch)).toMatchObject({
      ok: false,
      refusal: { code: "overBudget" },
    });
    one.runner();
    await one.passes(60_000);
    expect(await one.outcome()).toBe("verified");
    const session = await loadSession(one.store.log, specSessionId);
    expect(session?.spent.tokens).toBe(1);
    expect(session?.granted.size).toBe(0);
    expect(await createMission(one.store.log, tooMuch)).toMatchObject({ ok: true });
  });

  test("a raise the session has no room for is refused", async () => {
    const one = new Lab();
    await openSession(one.store.log, {
      sessionId: specSessionId,
      userId: "ada",
      limits: { tokens: 60 },
      commandId: "s",
      at: specStart,
    });
    await one.create(oneTask({}, { budget: { tokens: 60 } }));
    one.runner();
    await one.passes(1_000);
    const raise = command({ type: "approval.approve", approvalId: "a1", raise: { tokens: 40 } }, "r");
    expect(await submit(one.store, specMissionId, raise)).toMatchObject({
      ok: false,
      refusal: { code: "overBudget" },
    });
    expect(await one.all("budget.raised")).toEqual([]);
  });
});

describe("state caches", () => {
  /** A finished mission, and how many events a load read of the log. */
  async function loaded(
    cache: (good: CachedState) => CachedState[],
  ): Promise<{ read: number; same: boolean }> {
    const one = await lab(oneTask());
    one.runner();
    await one.passes(60_000);
    const all = (await one.store.log.read(
      missionStream(specMissionId),
      0,
      1_000,
    )) as EventRecord<MissionEvent>[];
    const state = fold(undefined, all.slice(0, 7));
    if (state === undefined) throw new Error("no mission");
    const good = { seq: 7, stateVersion, body: encodeState(state) };
    let read = 0;
    const log = {
      ...one.store.log,
      head: (id: string) => one.store.log.head(id),
      read: async (id: string, after: number, limit: number) => {
        const records = await one.store.log.read(id, after, limit);
        read += records.length;
        return records;
      },
    };
    const caches = { load: () => Promise.resolve(cache(good)), save: () => Promise.resolve() };
    const whole: MissionState | undefined = fold(undefined, all);
    const found = await loadMission({ log, caches }, specMissionId);
    return {
      read: all.length - read,
      same: found !== undefined && whole !== undefined && encodeState(found) === encodeState(whole),
    };
  }

  test("save folding what they hold", async () =>
    expect(await loaded((good) => [good])).toEqual({ read: 7, same: true }));

  test.each<[string, (good: CachedState) => CachedState]>([
    ["another version of the state", (good) => ({ ...good, stateVersion: stateVersion + 1 })],
    ["a position beyond the log", (good) => ({ ...good, seq: 10_000 })],
    ["a position that is not the state's", (good) => ({ ...good, seq: 6 })],
    ["no state at all", (good) => ({ ...good, body: "{" })],
    ["another mission's", (good) => ({ ...good, body: good.body.replaceAll(specMissionId, another) })],
  ])("are dropped when in doubt: %s", async (_name, wrong) => {
    expect(await loaded((good) => [wrong(good)])).toEqual({ read: 0, same: true });
    expect(await loaded((good) => [wrong(good), good])).toEqual({ read: 7, same: true });
  });

  test("are written when the tail outweighs them; one that cannot be written is not needed", async () => {
    const one = await lab(oneTask());
    const state = await loadMission(one.store, specMissionId);
    if (state === undefined) throw new Error("no mission");
    const keeper = new CacheKeeper(one.store.caches, { seq: 0, bytes: 0 });
    state.seq = 499;
    expect(await keeper.keep(state)).toBe(false);
    state.seq = 500;
    expect(await keeper.keep(state)).toBe(true);
    expect(await one.store.caches.load(specMissionId)).toMatchObject([{ seq: 500, stateVersion }]);
    state.seq = 900;
    expect(await keeper.keep(state)).toBe(false);
    const broken = new CacheKeeper(
      { load: () => Promise.resolve([]), save: () => Promise.reject(new Error("full")) },
      { seq: 0, bytes: 0 },
    );
    expect(await broken.keep(state)).toBe(false);
  });
});

test("everything derived can be dropped and made again from the log", async () => {
  const one = await lab(oneTask());
  one.runner();
  await one.passes(3_000);
  const [summary, wakes] = [
    await one.store.log.summary(specMissionId),
    await one.store.log.wakes(Number.MAX_SAFE_INTEGER, 9),
  ];
  expect(await rebuild(one.store.log)).toBe(1);
  expect(await one.store.log.summary(specMissionId)).toEqual(summary);
  expect(await one.store.log.wakes(Number.MAX_SAFE_INTEGER, 9)).toEqual(wakes);
  expect(await submit(one.store, specMissionId, pause("x"))).toMatchObject({ ok: true });
});
