// What survives a power cut: which names are synced, and when. Whether that is enough is what `test:power` asks.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Snapshot } from "../protocol/snapshot.ts";
import { Fixture, gitIn, missionId, put, syncsOf } from "./fixture.ts";

let f: Fixture;
beforeEach(() => {
  f = new Fixture();
  put(f.user, "a", "1\n");
  f.commit();
});
afterEach(() => {
  f.remove();
});

describe.skipIf(!existsSync("/proc/self/fd"))("prepare syncs", () => {
  test("the way to the repository, also when one that was killed had made it", async () => {
    const way = [join(f.directory, missionId), f.directory, dirname(f.directory)];
    const first = await syncsOf(async () => await f.prepare());
    expect(first.slice(-3)).toEqual(way);
    expect(await syncsOf(async () => await f.prepare())).toEqual(way);
  });
});

describe.skipIf(!existsSync("/proc/self/fd"))("deliver syncs", () => {
  let result: Snapshot;
  beforeEach(async () => {
    const base = await f.prepare();
    const work = await f.folder(base);
    put(work, "b", "new\n");
    result = await f.capture(work, base);
  });

  const objectFolders = (gitDir: string): string[] =>
    readdirSync(join(gitDir, "objects"))
      .filter((name) => name.length === 2 || name === "pack")
      .map((name) => join(gitDir, "objects", name));
  const way = (gitDir: string): string[] =>
    ["refs/heads/houston/m1", "refs/heads/houston", "refs/heads", "refs"].map((name) => join(gitDir, name));
  const deliver = async (path = f.user): Promise<unknown> => await f.deliver("houston/m1", result, path);

  test("objects before the branch is there, then the branch and all folders above it", async () => {
    const gitDir = join(f.user, ".git");
    const branch = join(gitDir, "refs/heads/houston/m1");
    const before = new Set<string>();
    const all = await syncsOf(deliver, (path) => {
      if (!existsSync(branch)) before.add(path);
    });
    expect([...before]).toEqual(
      expect.arrayContaining([...objectFolders(gitDir), join(gitDir, "objects"), gitDir]),
    );
    expect(all.slice(-5)).toEqual([...way(gitDir), gitDir]);
  });

  test("all of it again when the branch is there already, and when it is asked for", async () => {
    const gitDir = join(f.user, ".git");
    await deliver();
    const asked = { repositoryPath: f.user, branch: "houston/m1", snapshot: result };
    const everything = [...objectFolders(gitDir), join(gitDir, "objects"), ...way(gitDir), gitDir];
    for (const again of [deliver, async () => await f.workspaces.delivered(asked)])
      expect(await syncsOf(again)).toEqual(expect.arrayContaining(everything));
    gitIn(f.user, "pack-refs", "--all");
    expect(await syncsOf(deliver)).toContain(join(gitDir, "packed-refs"));
    expect(await syncsOf(async () => await f.workspaces.delivered({ ...asked, branch: "main" }))).toEqual([]);
  });

  test("where a linked worktree keeps its branches", async () => {
    const linked = join(f.root, "linked");
    gitIn(f.user, "worktree", "add", "-q", "-b", "other", linked);
    expect(await syncsOf(async () => await deliver(linked))).toEqual(
      expect.arrayContaining([...objectFolders(join(f.user, ".git")), ...way(join(f.user, ".git"))]),
    );
  });

  test("shallow, when history begins there", async () => {
    const other = join(f.root, "other.git");
    gitIn(f.root, "init", "-q", "--bare", other);
    expect(await syncsOf(async () => await deliver(other))).toContain(join(other, "shallow"));
    expect(gitIn(other, "log", "--format=%s", "houston/m1")).toBe("captured\nwork");
  });
});
