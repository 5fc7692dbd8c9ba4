// What a runner does when performers hang, people interfere, it is stopped, or the store is in trouble.
import { describe, expect, test } from "vitest";
import { StoreError } from "../ports/log.ts";
import type { StepRequest } from "../ports/stepExecutor.ts";
import type { MissionEvent } from "../protocol/events.ts";
import {
  humanTask,
  missionOf,
  oneTask,
  specMissionId,
  specStart,
  stepDone,
  stepDraft,
  stepwise,
  task,
} from "../testing/specification.ts";
import { hangs, lab, patient } from "../testing/lab.ts";

describe("deadlines", () => {
  test("one ends a performer that hangs; grace gives up one that does not even end then", async () => {
    const one = await lab(oneTask({ maxAttempts: 1 }, { policy: patient }), (it) => (it.program = hangs));
    one.runner();
    await one.passes(60_000 + 14_999);
    expect(await one.all("call.cancelling")).toMatchObject([{ callId: "c2", reason: "deadline" }]);
    expect(await one.all("attempt.ended")).toEqual([]);
    await one.passes(2);
    expect((await one.all("attempt.ended"))[0]?.outcome).toMatchObject({
      status: "failed",
      error: { code: "timeout" },
    });
  });

  test("what a hanging step may have done outside is not known: a human is asked, nothing is repeated", async () => {
    let performed = 0;
    const one = await lab(stepwise({ policy: patient }), (it) => {
      const push = stepDraft("push", { effects: ["external"] });
      it.steps = {
        perform: ({ call }: StepRequest) => {
          if (call.work.kind === "skill")
            return Promise.resolve({
              outcome: stepDone(),
              usage: {},
              blobs: [],
              next: { attemptId: "think.1", steps: [push], position: "append" },
            });
          performed += 1;
          return new Promise(() => undefined);
        },
      };
    });
    one.runner();
    await one.passes(120_000);
    expect(await one.all("approval.requested")).toMatchObject([
      { approval: { kind: "unknownEffect", taskId: "think" } },
    ]);
    expect(performed).toBe(1);
  });
});

describe("answers against the law", () => {
  test("end the call, and are not asked for again", async () => {
    let performed = 0;
    const one = await lab(missionOf([task("think", { agentId: "thinker", maxAttempts: 1 })]), (it) => {
      it.steps = {
        perform: async () => {
          performed += 1;
          await it.time.wait(it.time.now() + 1_000, new AbortController().signal);
          return {
            outcome: stepDone(),
            usage: {},
            blobs: [],
            next: { attemptId: "other.1", steps: [], position: "append" },
          };
        },
      };
    });
    one.runner();
    await one.passes(20_000);
    expect(performed).toBe(1);
    expect((await one.all("attempt.ended"))[0]?.outcome).toMatchObject({
      status: "failed",
      error: { code: "agentFailed" },
    });
  });

  test("a mission that a newer Houston wrote is neither performed nor spun on", async () => {
    const one = await lab(oneTask());
    const first = one.runner();
    await one.passes(3_000);
    first.life.kill();
    const seq = await one.store.log.head(`mission:${specMissionId}`);
    const event = { type: "message.sent" } as unknown as MissionEvent;
    await one.store.log.append({
      commandId: one.id(),
      streams: [
        { streamId: `mission:${specMissionId}`, expectedSeq: seq, events: [{ at: one.time.now(), event }] },
      ],
      blobs: [],
    });
    one.runner("two");
    await one.passes(60_000);
    expect(one.begun).toHaveLength(1);
    expect(one.reports.length).toBeGreaterThan(0);
    expect(one.reports.length).toBeLessThan(10);
    expect(one.reports[0]).toMatch(/"message.sent", written by a newer Houston/);
  });
});

describe("other people's appends", () => {
  test("a human who was first is folded, and everything decided again", async () => {
    const one = await lab(oneTask());
    let raced = 0;
    one.gate = async ({ streams, fence }) => {
      const settles = streams[0]?.events.some(({ event }) => event.type === "attempt.ended") ?? false;
      if (fence === undefined || !settles || raced++ > 0) return;
      await one.ask({ type: "mission.pause", reason: "wait" });
    };
    one.runner();
    await one.passes(60_000);
    const events = (await one.events()).map(({ type }) => type);
    expect(events.slice(events.indexOf("mission.paused"))).toEqual([
      "mission.paused",
      "call.settled",
      "attempt.ended",
      "run.stopped",
    ]);
    await one.ask({ type: "mission.resume" });
    await one.passes(60_000);
    expect(await one.outcome()).toBe("verified");
    expect(one.begun).toHaveLength(1);
  });

  test("a running mission hears at once that it is cancelled", async () => {
    const one = await lab(oneTask({ timeoutMs: 9_000_000 }, { policy: patient }));
    one.program = async ({ signal }) => {
      await one.time.wait(Infinity, signal);
      return { status: "interrupted", usage: {} };
    };
    one.runner();
    await one.passes(5_000);
    await one.ask({ type: "mission.cancel", reason: "enough" });
    await one.passes(1);
    expect(await one.outcome()).toBe("cancelled");
  });
});

describe("a parked mission", () => {
  test("a parked mission is given back and woken by an approval", async () => {
    const one = await lab(oneTask({}, { policy: { approvePlan: true } }));
    one.runner();
    await one.passes(1_000);
    expect((await one.events()).at(-1)).toMatchObject({ type: "run.stopped", reason: "parked" });
    expect(await one.store.leases.get(specMissionId)).toMatchObject({ released: true });
    const [wake] = await one.store.log.wakes(Number.MAX_SAFE_INTEGER, 1);
    expect(wake?.wakeAt).toBe(specStart + 86_400_000);
    await one.ask({ type: "approval.approve", approvalId: "a1" });
    await one.passes(60_000);
    expect(await one.outcome()).toBe("verified");
  });

  test("a parked mission is woken by its own deadline, also while another is at work for hours", async () => {
    const other = "0190a000-0000-7000-8000-00000000dddd";
    const one = await lab(
      oneTask({ timeoutMs: 9_000_000 }, { policy: patient }),
      (it) => (it.program = hangs),
    );
    await one.create(humanTask({ policy: { approvePlan: true, approvalTimeoutMs: 300_000 } }), other);
    one.runner();
    await one.passes(299_000);
    expect(await one.outcome(other)).toBeUndefined();
    await one.passes(2_000);
    expect(await one.outcome(other)).toBe("rejected");
  });
});

describe("stopping in good order", () => {
  test("interrupts, settles, releases; the next goes on at once", async () => {
    const one = await lab(oneTask());
    const first = one.runner("one");
    await one.passes(5_000);
    first.stop.abort();
    await one.passes(1);
    expect(await first.ended).toBe("ended");
    expect((await one.events()).slice(-3).map(({ type }) => type)).toEqual([
      "call.settled",
      "attempt.ended",
      "run.stopped",
    ]);
    expect(await one.store.leases.get(specMissionId)).toMatchObject({ released: true });
    one.runner("two");
    await one.passes(1);
    expect(one.begun).toHaveLength(2);
  });
});

describe("a store in trouble", () => {
  test("a full disk is waited for, and nothing is lost or done twice", async () => {
    const one = await lab(oneTask());
    let full = 0;
    one.gate = async () => {
      if (one.time.now() >= specStart + 10_000 && full++ < 5)
        throw new StoreError("diskFull", "no space left");
    };
    one.runner();
    await one.passes(60_000);
    expect(full).toBeGreaterThan(5);
    expect(one.reports).toContain("no space left; trying again");
    expect(await one.outcome()).toBe("verified");
    expect(one.begun).toHaveLength(1);
  });

  test("anything else ends the run; the mission is tried again after a while", async () => {
    const one = await lab(oneTask());
    let broken = 0;
    one.gate = async ({ fence }) => {
      if (fence !== undefined && broken++ === 0) throw new StoreError("io", "cable pulled");
    };
    one.runner();
    await one.passes(5_000);
    expect(one.reports).toEqual([`mission ${specMissionId}: cable pulled`]);
    await one.passes(60_000);
    expect(await one.outcome()).toBe("verified");
  });
});
