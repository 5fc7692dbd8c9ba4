// Joining packs loses nothing, whenever it is killed: `test:power` also cuts the power there.
import { cpSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Snapshot } from "../protocol/snapshot.ts";
import { Fixture, missionId, put, syncsOf } from "./fixture.ts";
import { packsToJoin } from "./packs.ts";

let f: Fixture;
let work: string;
let last: Snapshot;
let snapshots: Snapshot[];
const pack = (): string => join(f.directory, missionId, "repo.git/objects/pack");
const packs = (): string[] => readdirSync(pack()).filter((name) => name.endsWith(".pack"));
const captures = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) {
    put(work, "tick", String(snapshots.length));
    last = await f.capture(work, last);
    snapshots.push(last);
  }
};
beforeEach(async () => {
  f = new Fixture();
  put(f.user, "a", "1\n");
  f.commit("one");
  put(f.user, "a", "2\n");
  f.commit("two");
  last = await f.prepare();
  snapshots = [last];
  work = await f.folder(last);
  await captures(49);
  expect(packs()).toHaveLength(50);
});

afterEach(() => {
  f.remove();
});

const expectAllHeld = async (): Promise<void> => {
  for (const snapshot of snapshots)
    expect(await f.workspaces.has(missionId, snapshot), snapshot.commit).toBe(true);
  expect(f.bare("fsck", "--strict", "--full")).toBe("");
};

describe("joining packs", () => {
  test("keeps every object and does not write shallow anew, on which the base rests", async () => {
    const shallow = join(f.directory, missionId, "repo.git/shallow");
    const before = statSync(shallow, { bigint: true });
    f.bare("update-ref", "-d", `refs/houston/snapshots/${snapshots[9]?.commit ?? ""}`);
    await captures(1);
    expect(packs().length).toBeLessThan(30);
    expect(readdirSync(pack()).filter((name) => !/^pack-[0-9a-f]+\.(pack|idx|rev)$/.test(name))).toEqual([]);
    const { ino, mtimeNs } = statSync(shallow, { bigint: true });
    expect([ino, mtimeNs]).toEqual([before.ino, before.mtimeNs]);
    await expectAllHeld();
  });

  test.skipIf(!existsSync("/proc/self/fd"))(
    "removes no pack before the new one is durable, and none when it cannot be",
    async () => {
      const seen: number[] = [];
      await syncsOf(
        async () => await captures(1),
        (path) => {
          if (path !== pack()) return;
          seen.push(packs().length);
          // The first is of the capture itself.
          if (seen.length === 2) throw new Error("the disk failed");
        },
      );
      expect(seen).toEqual([51, 52]);
      expect(packs()).toHaveLength(52);
      await expectAllHeld();
      await captures(1);
      expect(packs().length).toBeLessThan(30);
      await expectAllHeld();
    },
  );

  test("goes on where a kill left some packs and halves of packs", async () => {
    const [whole, half] = packs();
    const saved = join(f.root, "saved");
    cpSync(pack(), saved, { recursive: true });
    await captures(1);
    for (const name of [whole, half, whole?.replace(/pack$/, "idx")])
      if (name !== undefined) cpSync(join(saved, name), join(pack(), name));
    await expectAllHeld();
    rmSync(saved, { recursive: true });
    await captures(60);
    expect(packs().length).toBeLessThan(52);
    await expectAllHeld();
  });
});

test("large packs are left alone until the small ones together are as large", () => {
  const chosen = (...sizes: number[]): number[] =>
    packsToJoin(sizes.map((sizeBytes) => ({ name: "", sizeBytes }))).map(({ sizeBytes }) => sizeBytes);
  expect(chosen(1000, 1, 1, 1)).toEqual([1, 1, 1]);
  expect(chosen(1000, 400, 1, 1, 1)).toEqual([1, 1, 1]);
  expect(chosen(5, 2, 2, 100)).toEqual([2, 2, 5]);
  expect(chosen(1, 3, 9)).toEqual([]);
  expect(chosen(7)).toEqual([]);
  expect(chosen()).toEqual([]);
});
