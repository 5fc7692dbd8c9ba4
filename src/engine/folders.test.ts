// Folders made for calls: one that cannot be removed changes no outcome, and none is left behind for good.
import { describe, expect, test } from "vitest";
import { hangs, lab, patient, type Lab } from "../testing/lab.ts";
import { oneTask, specMissionId, specStart } from "../testing/specification.ts";
import type { EnginePorts } from "./enginePorts.ts";

const attempt = /\/e1-c2$/;
const verification = /-build-ok$/;
const directory = (name: string): string => `/${specMissionId}/${name}`;
const folders = ({ outside }: Lab): string[] => [...outside.folders.keys()];

/** Folders with such a path cannot be removed. */
function stuck(path: RegExp): (ports: EnginePorts) => EnginePorts {
  return ({ workspaces, ...ports }) => ({
    ...ports,
    workspaces: {
      ...workspaces,
      remove: async (at) => {
        if (path.test(at)) throw new Error(`ENOTEMPTY: ${at}`);
        await workspaces.remove(at);
      },
    },
  });
}

describe("a folder that cannot be removed", () => {
  test("loses no handoff of the attempt that was made in it", async () => {
    const one = await lab(oneTask());
    one.runner("one", {}, stuck(attempt));
    await one.passes(120_000);
    expect(await one.all("attempt.ended")).toMatchObject([{ outcome: { status: "handedOff" } }]);
    expect(one.begun).toHaveLength(1);
    expect(await one.outcome()).toBe("verified");
  });

  test("changes no verdict on the tree that was judged in it", async () => {
    const one = await lab(oneTask());
    one.runner("one", {}, stuck(verification));
    await one.passes(120_000);
    expect(await one.all("verdict.given")).toMatchObject([{ verdict: { value: "passed" } }]);
    expect(await one.outcome()).toBe("verified");
  });

  test("goes when the mission closes", async () => {
    const one = await lab(oneTask());
    one.runner("one", {}, stuck(/./));
    await one.passes(5_000);
    expect(folders(one)).toEqual([directory("e1-c2")]);
    await one.passes(115_000);
    expect(folders(one)).toEqual([]);
  });
});

describe("a folder is left behind", () => {
  test("by no attempt, one whose agent throws included", async () => {
    const one = await lab(oneTask());
    one.program = () => Promise.reject(new Error("out of pipes"));
    one.runner();
    await one.passes(1_000);
    expect(await one.all("attempt.ended")).toMatchObject([{ outcome: { status: "failed" } }]);
    expect(one.begun).toEqual([{ at: specStart, directory: directory("e1-c2") }]);
    expect(folders(one)).toEqual([]);
  });

  test("by dead runners only until the next one comes, which keeps its own", async () => {
    const one = await lab(oneTask({}, { policy: patient }), (it) => (it.program = hangs));
    const first = one.runner("one");
    await one.passes(3_000);
    expect(folders(one)).toEqual([directory("e1-c2")]);
    first.life.kill();
    one.runner("two", {}, ({ workspaces, ...ports }) => ({
      ...ports,
      workspaces: {
        ...workspaces,
        // Slow enough that its own folder is there before the others go.
        removeAll: async (...which) => {
          await one.time.pause(1_000, new AbortController().signal);
          await workspaces.removeAll(...which);
        },
      },
    }));
    await one.passes(15_000);
    expect(folders(one)).toEqual([directory("e2-c3")]);
  });
});
