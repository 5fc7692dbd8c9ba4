// An append takes time, and performers end meanwhile: what ended is settled and charged once, and not performed again.
import { describe, expect, test } from "vitest";
import type { StepReport } from "../ports/stepExecutor.ts";
import { hangs, lab, patient, type Lab } from "../testing/lab.ts";
import {
  fails,
  missionOf,
  oneTask,
  specMissionId,
  specStart,
  stepDone,
  stepDraft,
  task,
} from "../testing/specification.ts";

const never = new AbortController().signal;

/** The disk takes this long for every append of a runner. */
const appendMs = 50;

function slowDisk(one: Lab): void {
  one.gate = async ({ fence }) => {
    if (fence !== undefined) await one.time.pause(appendMs, never);
  };
}

/** Leaves something to capture, and hands off 10 ms after it was captured: while that snapshot is being appended. */
const snapshotEveryMs = 9_990;
function handsOffDuringAppend(one: Lab): void {
  one.program = async (request) => {
    one.outside.folders.get(request.directory)?.add("begun");
    return await one.works(request);
  };
}

describe("an attempt that hands off while its last snapshot is being appended", () => {
  const spec = oneTask({}, { policy: { ...patient, snapshotEveryMs } });

  test("is made once, and charged", async () => {
    const one = await lab(spec, handsOffDuringAppend);
    slowDisk(one);
    one.runner();
    await one.passes(60_000);
    expect(one.begun).toHaveLength(1);
    expect(await one.all("snapshot.taken")).toMatchObject([{ callId: "c2" }]);
    const settled = await one.all("call.settled");
    expect(settled.filter(({ callId }) => callId === "c2")).toMatchObject([{ charged: { tokens: 1 } }]);
    expect(await one.outcome()).toBe("verified");
    expect(one.outside.violations).toEqual([]);
  });

  test("keeps nobody from leaving: a stop ends in good order", async () => {
    const one = await lab(spec, handsOffDuringAppend);
    slowDisk(one);
    const { stop, ended } = one.runner();
    await one.passes(2 * appendMs + 10_000 + 10);
    expect(await one.all("snapshot.taken")).toEqual([]);
    // Whatever begins from here on would never end.
    one.program = hangs;
    await one.passes(appendMs);
    stop.abort();
    await one.passes(60_000);
    expect(await Promise.race([ended, Promise.resolve("still running")])).toBe("ended");
    expect(one.begun).toEqual([{ at: specStart + 2 * appendMs, directory: `/${specMissionId}/e1-c2` }]);
    expect(await one.all("attempt.ended")).toMatchObject([{ outcome: { status: "handedOff" } }]);
  });
});

describe("an external step that ends while another's end is being appended", () => {
  test("is done once, and charged", async () => {
    const thinks = { access: "read", agentId: "thinker" } as const;
    const spec = missionOf([task("one", thinks), task("two", thinks)], { policy: patient });
    const pushed: string[] = [];
    const push = stepDraft("push", { effects: ["external"] });
    const reserve = { ...push.reserve, tokens: 10 };
    const one = await lab(spec, (it) => {
      it.steps.perform = async ({ call }): Promise<StepReport> => {
        const { taskId = "?", attemptId = "?" } = call;
        if (call.work.kind === "skill") {
          const steps = [{ ...push, reserve }];
          const next = { attemptId, steps, position: "append" } as const;
          return { outcome: stepDone(), usage: {}, blobs: [], next };
        }
        pushed.push(taskId);
        await it.time.pause(taskId === "one" ? 10_000 : 10_000 + appendMs / 2, never);
        return { outcome: fails("blocked"), usage: { tokens: 7 }, blobs: [] };
      };
    });
    slowDisk(one);
    one.runner();
    await one.passes(60_000);
    expect(pushed).toEqual(["one", "two"]);
    const settled = await one.all("call.settled");
    expect(settled.filter(({ charged }) => charged.tokens === 7)).toHaveLength(2);
    expect(await one.all("attempt.ended")).toHaveLength(2);
  });
});
