// What one runner does when nothing goes wrong, or little does.
import { describe, expect, test } from "vitest";
import { lab } from "../testing/lab.ts";
import { oneTask, specMissionId } from "../testing/specification.ts";

describe("one runner", () => {
  test("takes a mission from its creation to its delivery, and gives it back", async () => {
    const one = await lab(oneTask());
    one.runner();
    await one.passes(60_000);
    expect(await one.outcome()).toBe("verified");
    expect(one.outside.treeOf(one.outside.branches.get("houston/spec") ?? "").has("fixed:build-ok")).toBe(
      true,
    );
    expect((await one.events()).at(-1)).toMatchObject({ type: "run.stopped", reason: "closed" });
    expect(await one.store.leases.get(specMissionId)).toMatchObject({ released: true, epoch: 1 });
    expect(await one.store.log.wakes(Number.MAX_SAFE_INTEGER, 9)).toEqual([]);
    expect(one.outside.violations).toEqual([]);
  });

  test("with only one mission to run, ends when that is closed", async () => {
    const one = await lab(oneTask());
    const { ended } = one.runner("one", { only: specMissionId });
    await one.passes(60_000);
    expect(await ended).toBe("ended");
  });

  test("settles a call and wants the next in one append", async () => {
    const one = await lab(oneTask());
    one.runner();
    await one.passes(60_000);
    const mission = one.appends
      .slice(1)
      .map(({ streams }) => streams[0]?.events.map(({ event }) => event.type));
    expect(mission).toEqual([
      ["run.started", "call.wanted"],
      ["call.settled", "attempt.started", "call.wanted"],
      // A snapshot of what had changed inside the attempt would come between.
      ["call.settled", "attempt.ended", "call.wanted"],
      ["verdict.given", "call.settled", "task.ended", "mission.sealing", "call.wanted"],
      ["call.settled", "mission.closed"],
      ["run.stopped"],
    ]);
  });

  test("a performer that throws is an infrastructure failure, tried again after a wait", async () => {
    const one = await lab(oneTask());
    one.program = () => {
      one.program = (request) => one.works(request);
      return Promise.reject(new Error("out of pipes"));
    };
    one.runner();
    await one.passes(60_000);
    expect((await one.all("attempt.ended"))[0]?.outcome).toMatchObject({
      status: "failed",
      error: { code: "infrastructure", message: "out of pipes" },
    });
    expect(await one.outcome()).toBe("verified");
  });

  test("captures what an attempt has done every few seconds, once per change", async () => {
    const one = await lab(oneTask());
    one.program = async (request) => {
      one.outside.folders.get(request.directory)?.add("begun");
      await one.time.wait(one.time.now() + 30_000, request.signal);
      return await one.works(request);
    };
    one.runner();
    await one.passes(120_000);
    expect(await one.all("snapshot.taken")).toHaveLength(1);
  });
});
