// External steps about which nothing is certain: a human is asked, and nothing is repeated unasked.
import { describe, expect, test } from "vitest";
import type { StepReport } from "../ports/stepExecutor.ts";
import { lab, patient, type Lab } from "../testing/lab.ts";
import { specMissionId, stepDone, stepDraft, stepwise } from "../testing/specification.ts";

/** An agent whose only step pushes to the outside. */
async function pusher(push: () => Promise<StepReport>): Promise<Lab> {
  const steps = [stepDraft("push", { effects: ["external"] })];
  return await lab(stepwise({ policy: patient }), (it) => {
    it.steps.perform = async ({ call }) => {
      if (call.work.kind !== "skill") return await push();
      const next = { attemptId: call.attemptId ?? "?", steps, position: "append" } as const;
      return { outcome: stepDone(), usage: {}, blobs: [], next };
    };
  });
}

/** The outcome of the push is unknown, and a human was asked what to make of it. */
async function expectHumanAsked(one: Lab, why: string): Promise<void> {
  expect((await one.all("call.settled")).at(-1)?.outcome).toEqual({ status: "unknown", reason: why });
  expect(await one.all("attempt.ended")).toMatchObject([
    { outcome: { status: "failed", error: { code: "unknownEffect", message: why } } },
  ]);
  expect(await one.all("approval.requested")).toMatchObject([
    { approval: { kind: "unknownEffect", taskId: "think" } },
  ]);
}

describe("an external step", () => {
  test("whose performer throws may have happened: a human is asked", async () => {
    let pushed = 0;
    const one = await pusher(() => {
      pushed += 1;
      return Promise.reject(new Error("connection reset after the request was sent"));
    });
    one.runner();
    await one.passes(600_000);
    expect(pushed).toBe(1);
    await expectHumanAsked(one, "connection reset after the request was sent");
  });

  test("whose runner died and whose look-up throws may have happened: a human is asked", async () => {
    let pushed = 0;
    const one = await pusher(() => {
      pushed += 1;
      return new Promise(() => undefined);
    });
    one.steps.lookUp = () => Promise.reject(new Error("network down"));
    const first = one.runner("one");
    await one.passes(5_000);
    first.life.kill();
    one.runner("two");
    await one.passes(600_000);
    expect(pushed).toBe(1);
    await expectHumanAsked(one, "network down");
  });

  test("that nobody here can look up may have happened: a human is asked", async () => {
    const one = await pusher(() => new Promise(() => undefined));
    const first = one.runner("one");
    await one.passes(5_000);
    first.life.kill();
    one.runner("two", {}, ({ steps: _none, ...ports }) => ports);
    await one.passes(600_000);
    await expectHumanAsked(one, "this runner has no executor for steps to look it up with");
  });

  test("is repeated when the human says so", async () => {
    let pushed = 0;
    const one = await pusher(() => {
      pushed += 1;
      return Promise.reject(new Error("connection reset"));
    });
    one.runner();
    await one.passes(10_000);
    await one.ask({ type: "approval.approve", approvalId: "a1" }, specMissionId);
    await one.passes(10_000);
    expect(pushed).toBe(2);
  });
});
