// A mission's change in the user's work tree: all of it or nothing, and never anything of the user's lost.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Snapshot } from "../protocol/snapshot.ts";
import { contents, Fixture, gitIn, link, missionId, put } from "./fixture.ts";

let f: Fixture;
let base: Snapshot;
let result: Snapshot;
const lines = (first: string, last: string): string => `${first}\n${"same\n".repeat(20)}${last}\n`;

beforeEach(async () => {
  f = new Fixture();
  put(f.user, "text", lines("1", "2"));
  put(f.user, "run.sh", "#!/bin/sh\n");
  put(f.user, "gone/deep/file", "bye\n");
  put(f.user, "thing", "a file\n");
  put(f.user, "folder/inside", "in\n");
  put(f.user, "binary", Buffer.from([0, 1, 2, 255]));
  put(f.user, "untouched", "u\n");
  link(f.user, "link", "text");
  f.commit();
  base = await f.prepare();
  const work = await f.folder(base);
  put(work, "text", lines("1", "two"));
  chmodSync(join(work, "run.sh"), 0o755);
  rmSync(join(work, "gone"), { recursive: true });
  rmSync(join(work, "thing"));
  put(work, "thing/now/a/folder", "f\n");
  rmSync(join(work, "folder"), { recursive: true });
  put(work, "folder", "now a file\n");
  put(work, "binary", Buffer.from([0, 9, 2, 255]));
  put(work, "naïve/new", "n\r\n");
  rmSync(join(work, "link"));
  link(work, "link", "/etc/passwd");
  result = await f.capture(work, base);
});
afterEach(() => {
  f.remove();
});

const apply = async (repositoryPath = f.user): Promise<string[]> =>
  (await f.workspaces.apply({ missionId, repositoryPath, from: base, to: result })).paths;
const everything = (): unknown => [
  contents(f.user),
  readFileSync(join(f.user, ".git/index")).toString("latin1"),
  gitIn(f.user, "for-each-ref"),
  readdirSync(f.user).sort(),
];
/** Refused, with these words, and nothing touched. */
const expectConflict = async (words: string): Promise<void> => {
  const before = everything();
  await expect(apply()).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringMatching(new RegExp(`nothing was applied.*${words}`)) as string,
  });
  expect(everything()).toEqual(before);
};
const changed = [
  "binary",
  "folder",
  "folder/inside",
  "gone/deep/file",
  "link",
  "naïve/new",
  "run.sh",
  "text",
  "thing",
  "thing/now/a/folder",
];

describe("apply", () => {
  test("makes the work tree what was delivered, uncommitted, index and HEAD as they were", async () => {
    const index = readFileSync(join(f.user, ".git/index"));
    expect(await apply()).toEqual(changed);
    expect(contents(f.user)).toEqual(contents(await f.folder(result, "again")));
    expect(existsSync(join(f.user, "gone"))).toBe(false);
    expect(readFileSync(join(f.user, ".git/index")).equals(index)).toBe(true);
    expect(gitIn(f.user, "diff", "--cached", "--name-only")).toBe("");
    expect(gitIn(f.user, "log", "--format=%s")).toBe("work");
    expect(readdirSync(f.user).filter((name) => name.startsWith(".houston"))).toEqual([]);
  });

  test("done again finds it all there; cut off in between it goes on", async () => {
    await apply();
    expect(await apply()).toEqual([]);
    gitIn(f.user, "checkout", "text");
    rmSync(join(f.user, "naïve"), { recursive: true });
    expect(await apply()).toEqual(["naïve/new", "text"]);
  });

  test("leaves other uncommitted work alone, staged or not", async () => {
    put(f.user, "untouched", "mine\n");
    put(f.user, "staged", "s\n");
    put(f.user, "naïve/untracked", "u\n");
    gitIn(f.user, "add", "staged");
    expect(await apply()).toEqual(changed);
    expect(contents(f.user)).toMatchObject({ untouched: "mine\n", staged: "s\n" });
    expect(gitIn(f.user, "diff", "--cached", "--name-only")).toBe("staged");
    expect(readFileSync(join(f.user, "naïve/untracked"), "utf8")).toBe("u\n");
  });

  test("merges with what was committed there meanwhile", async () => {
    put(f.user, "text", lines("one", "2"), 0o755);
    f.commit();
    await apply();
    expect(readFileSync(join(f.user, "text"), "utf8")).toBe(lines("one", "two"));
    expect(lstatSync(join(f.user, "text")).mode & 0o111).not.toBe(0);
  });

  test("works in a linked worktree and from a folder inside", async () => {
    const linked = join(f.root, "linked");
    gitIn(f.user, "worktree", "add", "-q", "-b", "other", linked);
    mkdirSync(join(linked, "sub"));
    expect(await apply(join(linked, "sub"))).toEqual(changed);
    expect(readFileSync(join(linked, "folder"), "utf8")).toBe("now a file\n");
    expect(readFileSync(join(f.user, "text"), "utf8")).toBe(lines("1", "2"));
  });
});

describe("apply refuses, touching nothing,", () => {
  test("uncommitted changes of the same paths: edited, deleted, staged, in the way", async () => {
    put(f.user, "text", lines("1", "mine"));
    await expectConflict('"text" differ');
    gitIn(f.user, "add", "text");
    await expectConflict('"text" differ');
    gitIn(f.user, "show", "HEAD:text");
    put(f.user, "text", lines("1", "2"));
    await expectConflict('"text" differ');
    gitIn(f.user, "reset", "-q", "--hard");
    rmSync(join(f.user, "binary"));
    await expectConflict('"binary" differ');
    gitIn(f.user, "reset", "-q", "--hard");
    put(f.user, "naïve/new", "untracked\n");
    await expectConflict('"naïve/new" differ');
  });

  test("what does not merge: the same lines, binaries, files that are deleted or both new", async () => {
    put(f.user, "text", lines("1", "zwei"));
    put(f.user, "binary", Buffer.from([0, 1, 2, 3]));
    put(f.user, "gone/deep/file", "changed\n");
    put(f.user, "naïve/new", "theirs\n");
    f.commit();
    await expectConflict('"binary", "gone/deep/file", "naïve/new", "text" do not merge');
  });

  test("what turns out to be impossible in the middle, putting everything back", async () => {
    put(f.user, "folder/untracked", "keeps the folder\n");
    await expectConflict("ENOTEMPTY|EEXIST|EISDIR");
    rmSync(join(f.user, "folder/untracked"));
    symlinkSync("/tmp", join(f.user, "naïve"));
    await expectConflict("EEXIST");
    expect(existsSync("/tmp/new")).toBe(false);
  });

  test("a submodule that moves, and a repository without a work tree", async () => {
    const from = base;
    gitIn(f.user, "update-index", "--add", "--cacheinfo", `160000,${base.commit},sub`);
    gitIn(f.user, "commit", "-q", "-m", "sub");
    const request = { missionId, repositoryPath: f.user };
    const to = await f.workspaces.importCommit({ ...request, ref: "HEAD", parent: base, message: "m" });
    await expect(f.workspaces.apply({ ...request, from, to })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("submodule") as string,
    });
    gitIn(f.root, "clone", "-q", "--bare", f.user, "bare.git");
    await expect(apply(join(f.root, "bare.git"))).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("no work tree") as string,
    });
  });
});
