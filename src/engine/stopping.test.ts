// A runner that must end does, whatever is broken around it: a full disk, a delivery that hangs, a feed of changes that breaks.
import { describe, expect, test } from "vitest";
import { StoreError } from "../ports/log.ts";
import { lab, patient, type Lab } from "../testing/lab.ts";
import { oneTask, specMissionId } from "../testing/specification.ts";

/** How a runner has ended after so much time. */
async function endAfter(one: Lab, ms: number, { ended }: { ended: Promise<string> }): Promise<string> {
  await one.passes(ms);
  return await Promise.race([ended, Promise.resolve("still running")]);
}

describe("a runner that is stopped", () => {
  test("while the disk is full leaves what it cannot write to the next", async () => {
    const one = await lab(oneTask());
    const first = one.runner("one");
    await one.passes(3_000);
    one.gate = () => Promise.reject(new StoreError("diskFull", "no space left"));
    await one.passes(20_000);
    expect(await endAfter(one, 0, first)).toBe("still running");
    first.stop.abort();
    expect(await endAfter(one, 15_000, first)).toBe("ended");
    one.gate = () => Promise.resolve();
    one.runner("two");
    await one.passes(60_000);
    expect(await one.outcome()).toBe("verified");
  });

  test("gives a delivery that hangs its grace, then goes without it; the next one delivers", async () => {
    const one = await lab(oneTask());
    const first = one.runner("one", {}, (ports) => ({
      ...ports,
      workspaces: { ...ports.workspaces, deliver: () => new Promise<never>(() => undefined) },
    }));
    await one.passes(15_000);
    expect((await one.all("call.wanted")).at(-1)?.call.work.kind).toBe("deliver");
    first.stop.abort();
    expect(await endAfter(one, 14_999, first)).toBe("still running");
    // Told to end after its grace, it may take as long again to do so.
    expect(await endAfter(one, 15_002, first)).toBe("ended");
    expect(await one.all("run.stopped")).toMatchObject([{ reason: "stopped" }]);
    one.runner("two");
    await one.passes(60_000);
    expect(await one.outcome()).toBe("verified");
  });

  test("lets a delivery that ends within its grace end", async () => {
    const one = await lab(oneTask());
    const first = one.runner("one", {}, (ports) => ({
      ...ports,
      workspaces: {
        ...ports.workspaces,
        deliver: async (request) => {
          await one.time.pause(15_000, new AbortController().signal);
          await ports.workspaces.deliver(request);
        },
      },
    }));
    await one.passes(15_000);
    first.stop.abort();
    expect(await endAfter(one, 10_001, first)).toBe("ended");
    expect((await one.all("call.settled")).at(-1)?.outcome).toMatchObject({
      status: "succeeded",
      result: { kind: "deliver" },
    });
  });
});

describe("a runner that no longer hears of others' appends", () => {
  test("rejects with what broke, and gives its missions back", async () => {
    const one = await lab(oneTask());
    const runner = one.runner("one", {}, (ports) => ({
      ...ports,
      changes: {
        cursor: () => ports.changes.cursor(),
        async *changes(cursor, signal) {
          await one.time.pause(5_000, signal);
          yield* [];
          throw new Error(`the disk failed at ${cursor}`);
        },
      },
    }));
    expect(await endAfter(one, 60_000, runner)).toMatch(/^died: Error: the disk failed at/);
    expect(await one.store.leases.get(specMissionId)).toMatchObject({ released: true });
  });

  test("does not wait for what its agents are still at", async () => {
    const one = await lab(oneTask({ timeoutMs: 86_400_000 }, { policy: patient }), (it) => {
      it.program = async ({ signal }) => {
        await it.time.wait(Infinity, signal);
        return { status: "interrupted", usage: {} };
      };
    });
    const runner = one.runner("one", {}, (ports) => ({
      ...ports,
      changes: {
        cursor: () => ports.changes.cursor(),
        async *changes(_cursor, signal) {
          await one.time.pause(5_000, signal);
          yield* [];
          throw new Error("the disk failed");
        },
      },
    }));
    expect(await endAfter(one, 60_000, runner)).toBe("died: Error: the disk failed");
  });
});
