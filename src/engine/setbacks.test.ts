// Trouble that is not the work's: what was done so far is kept, and a runner's death is not counted as more than it is.
import { describe, expect, test } from "vitest";
import { hangs, lab, patient } from "../testing/lab.ts";
import { oneTask } from "../testing/specification.ts";

describe("an infrastructure failure", () => {
  test("keeps the attempt's latest snapshot: the next goes on from there", async () => {
    const one = await lab(oneTask());
    const found: string[][] = [];
    one.program = async (request) => {
      const folder = one.outside.folders.get(request.directory);
      found.push([...(folder ?? [])]);
      folder?.add(`hours of work ${found.length}`);
      await one.time.pause(30_000, request.signal);
      return await one.works(request);
    };
    one.runner("one", {}, (ports) => ({
      ...ports,
      workspaces: {
        ...ports.workspaces,
        capture: async (request) => {
          const isLast = !request.message.endsWith("working");
          if (isLast && found.length === 1) throw new Error("EIO");
          return await ports.workspaces.capture(request);
        },
      },
    }));
    await one.passes(180_000);
    expect((await one.all("attempt.ended"))[0]?.outcome).toMatchObject({
      status: "failed",
      error: { code: "infrastructure", message: "EIO" },
    });
    expect(found).toEqual([["base"], ["base", "hours of work 1"]]);
    expect(await one.outcome()).toBe("verified");
  });

  test("is tried again as often as allowed, however often runners died before", async () => {
    const one = await lab(oneTask({}, { policy: patient }), (it) => (it.program = hangs));
    for (const name of ["one", "two", "three", "four"]) {
      const { life } = one.runner(name);
      await one.passes(3_000);
      life.kill();
      await one.passes(15_000);
    }
    let failures = 0;
    one.program = async (request) => {
      failures += 1;
      if (failures <= 3) throw new Error("out of pipes");
      return await one.works(request);
    };
    one.runner("last");
    await one.passes(120_000);
    expect((await one.all("attempt.ended")).map(({ outcome }) => outcome.status)).toEqual([
      ...Array<string>(4).fill("interrupted"),
      ...Array<string>(3).fill("failed"),
      "handedOff",
    ]);
    expect(await one.all("approval.requested")).toEqual([]);
    expect(await one.outcome()).toBe("verified");
  });
});
