// What is known about a folder's files when it has just been made: only what no later write could hide behind.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Snapshot } from "../protocol/snapshot.ts";
import { Fixture, link, missionId, put } from "./fixture.ts";
import { type Materialised, materialiseSnapshot } from "./materialise.ts";
import { missionFolders } from "./missionRepository.ts";

let f: Fixture;
let base: Snapshot;
beforeEach(async () => {
  f = new Fixture();
  put(f.user, "a", "1\n");
  put(f.user, "dir/b", "2\n");
  link(f.user, "link", "a");
  f.commit();
  base = await f.prepare();
});
afterEach(() => {
  vi.restoreAllMocks();
  f.remove();
});

const made = async (nowMs: number): Promise<Materialised> => {
  vi.spyOn(Date, "now").mockReturnValue(nowMs);
  return await materialiseSnapshot(missionFolders(f.directory, missionId), "w", base, undefined);
};

test("files that are older than a tick of the clock are known as they stand", async () => {
  const { directory, files } = await made(Date.now() + 3_600_000);
  const { ino, dev, size, mtimeMs, ctimeMs } = lstatSync(join(directory, "dir/b"));
  expect([...files.keys()].sort()).toEqual(["a", "dir/b"]);
  expect(files.get("dir/b")).toEqual({
    oid: f.bare("rev-parse", `${base.commit}:dir/b`),
    ino,
    dev,
    size,
    mtimeMs,
    ctimeMs,
  });
});

test("younger ones are not, because the next write could carry the same time", async () => {
  expect((await made(Date.now())).files).toEqual(new Map());
});
