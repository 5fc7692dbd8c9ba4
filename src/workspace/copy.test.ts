// A fork's repository: all of another's snapshots, and nothing shared with it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Fixture, missionId, put } from "./fixture.ts";

const forkId = "01890000-0000-7000-8000-0000000000ff";
let f: Fixture;
beforeEach(() => {
  f = new Fixture();
  put(f.user, "a", "1\n");
  f.commit();
});
afterEach(() => {
  f.remove();
});

test("holds what the other holds, also when the other is gone", async () => {
  const base = await f.prepare();
  const later = await f.workspaces.overlay({
    missionId,
    snapshot: base,
    files: [{ path: "b", content: new TextEncoder().encode("2\n") }],
    message: "later",
  });
  await f.workspaces.copy({ from: missionId, to: forkId });
  rmSync(join(f.directory, missionId), { recursive: true });
  expect(await f.workspaces.has(forkId, base)).toBe(true);
  expect(await f.workspaces.has(forkId, later)).toBe(true);
  expect(await f.workspaces.files(forkId, later)).toEqual(["a", "b"]);
});

test("asked for again, it stays as it is", async () => {
  const base = await f.prepare();
  await f.workspaces.copy({ from: missionId, to: forkId });
  const files = [{ path: "b", content: new TextEncoder().encode("2\n") }];
  const own = await f.workspaces.overlay({ missionId: forkId, snapshot: base, files, message: "own" });
  await f.workspaces.copy({ from: missionId, to: forkId });
  expect(await f.workspaces.has(forkId, own)).toBe(true);
});
