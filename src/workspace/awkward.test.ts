// Repositories that are unusual, as people have them: what a mission gets from each, what it says about it, what comes back.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Snapshot } from "../protocol/snapshot.ts";
import { contents, Fixture, gitIn, link, missionId, put } from "./fixture.ts";
import { inspectRepository, type RepositoryNote } from "./notes.ts";

let f: Fixture;
beforeEach(() => {
  f = new Fixture();
  put(f.user, "a", "1\n");
  put(f.user, "dir/b", "2\n");
  f.commit();
});
afterEach(() => {
  f.remove();
});

const clone = (name: string, ...options: string[]): string => {
  gitIn(f.user, "config", "uploadpack.allowFilter", "true");
  gitIn(f.root, "clone", "-q", ...options, `file://${f.user}`, name);
  return join(f.root, name);
};
const prepareFrom = async (
  repositoryPath: string,
  base = "HEAD",
  id: string = missionId,
): Promise<Snapshot> => await f.workspaces.prepare({ missionId: id, repositoryPath, base });
const notesOf = async (path: string, base = "HEAD"): Promise<RepositoryNote[]> =>
  (await inspectRepository(path, base)).notes;
const note = async (kind: RepositoryNote["kind"], path = f.user): Promise<RepositoryNote | undefined> =>
  (await notesOf(path)).find((one) => one.kind === kind);
/** Everything git has in a repository's object store. */
const objectFiles = (gitDir: string): string[] =>
  readdirSync(join(gitDir, "objects"), { recursive: true, encoding: "utf8" }).sort();

test("an ordinary repository has nothing unusual", async () => {
  put(f.user, ".gitattributes", "* text=auto\n*.png binary\n");
  const commit = f.commit();
  expect(await inspectRepository(f.user, "main")).toEqual({ commit, notes: [] });
});

describe("a partial clone", () => {
  test("that has all of the base is as good as any other", async () => {
    const path = clone("partial", "--filter=blob:none");
    expect(contents(await f.folder(await prepareFrom(path)))).toEqual(contents(f.user));
    expect(await note("partialClone", path)).toMatchObject({
      found: expect.stringContaining("blob:none") as string,
      houston: expect.stringContaining("All of the base is here") as string,
    });
  });

  test.each(["blob:none", "tree:0"])(
    "that lacks some with %s is refused, and nothing is fetched",
    async (filter) => {
      const path = clone("partial", "--no-checkout", `--filter=${filter}`);
      const before = objectFiles(join(path, ".git"));
      const refusal = { code: "baseMissing", message: expect.stringContaining("partial clone") as string };
      await expect(prepareFrom(path)).rejects.toMatchObject(refusal);
      const parent = await prepareFrom(f.user);
      const importing = { missionId, repositoryPath: path, ref: "HEAD", parent, message: "m" };
      await expect(f.workspaces.importCommit(importing)).rejects.toMatchObject(refusal);
      await expect(prepareFrom(path, "1".repeat(40), "m2")).rejects.toMatchObject({ code: "baseMissing" });
      const found = await note("partialClone", path);
      expect(found?.count).toBeGreaterThan(0);
      expect(found?.houston).toContain("--no-filter");
      expect(objectFiles(join(path, ".git"))).toEqual(before);
    },
  );

  test.each(["blob:none", "tree:0"])("takes a delivery with %s, without a fetch", async (filter) => {
    const base = await f.prepare();
    const work = await f.folder(base);
    put(work, "new", "x\n");
    const result = await f.capture(work, base);
    const path = clone("partial", "--no-checkout", `--filter=${filter}`);
    rmSync(f.user, { recursive: true });
    await f.deliver("houston/m", result, path);
    expect(gitIn(path, "log", "--format=%s", "houston/m")).toBe("captured\nwork");
    expect(existsSync(join(path, ".git/shallow"))).toBe(false);
  });
});

describe("a shallow clone", () => {
  test("is worked on and delivered into as it is", async () => {
    put(f.user, "a", "2\n");
    f.commit("two");
    const path = clone("shallow", "--depth=1");
    const base = await prepareFrom(path);
    const work = await f.folder(base);
    put(work, "new", "x\n");
    await f.deliver("houston/m", await f.capture(work, base), path);
    expect(gitIn(path, "log", "--format=%s", "houston/m")).toBe("captured\ntwo");
    expect(gitIn(path, "fsck", "--strict")).toBe("");
    expect((await note("shallow", path))?.found).toContain("shallow clone");
  });
});

describe("a sparse checkout", () => {
  test("gives the mission all of the commit", async () => {
    gitIn(f.user, "sparse-checkout", "set", "--no-cone", "/dir/");
    expect(existsSync(join(f.user, "a"))).toBe(false);
    expect(contents(await f.folder(await f.prepare()))).toEqual({ a: "1\n", "dir/b": "2\n" });
    expect((await note("sparseCheckout"))?.houston).toContain("all files");
  });
});

describe("submodules and nested repositories", () => {
  let base: Snapshot;
  let work: string;
  beforeEach(async () => {
    const oid = gitIn(f.user, "rev-parse", "HEAD");
    put(f.user, ".gitmodules", '[submodule "s"]\n\tpath = vendor/sub\n\turl = ../elsewhere\n');
    for (const path of ["vendor/sub", "nested"])
      gitIn(f.user, "update-index", "--add", "--cacheinfo", `160000,${oid},${path}`);
    gitIn(f.user, "add", ".gitmodules");
    gitIn(f.user, "commit", "-q", "-m", "links");
    base = await f.prepare();
    work = await f.folder(base);
  });
  const links = (snapshot: Snapshot): string[] =>
    f
      .bare("ls-tree", "-r", snapshot.commit)
      .split("\n")
      .filter((text) => text.startsWith("160000"))
      .map((text) => text.split("\t")[1] ?? "");

  test("are named, each for what it is", async () => {
    expect(await note("submodules")).toMatchObject({ count: 1, examples: ["vendor/sub"] });
    expect(await note("nestedRepositories")).toMatchObject({ count: 1, examples: ["nested"] });
  });

  test("stay through capture and delivery, whatever ignored or git files come to lie in them", async () => {
    gitIn(join(work, "nested"), "init", "-q");
    put(work, ".gitignore", "*.log\n");
    put(work, "vendor/sub/x.log", "ignored");
    const result = await f.capture(work, base);
    expect(links(result)).toEqual(["nested", "vendor/sub"]);
    await f.deliver("houston/m", result);
    expect(gitIn(f.user, "ls-tree", "-r", "houston/m")).toContain("160000");
    expect(await f.workspaces.files(missionId, result)).toEqual([".gitignore", ".gitmodules", "a", "dir/b"]);
  });

  test("go when their folder goes, and become files when files are put there", async () => {
    rmSync(join(work, "nested"), { recursive: true });
    put(work, "vendor/sub/file", "1");
    const result = await f.capture(work, base);
    expect(links(result)).toEqual([]);
    expect(await f.workspaces.changes(missionId, base, result)).toEqual([
      { path: "nested", change: "deleted" },
      { path: "vendor/sub", change: "deleted" },
      { path: "vendor/sub/file", change: "added" },
    ]);
  });
});

describe("filters", () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4".repeat(64)}\nsize 12345\n`;
  test("are named, never run, and their files come through as they are stored", async () => {
    const marker = join(f.root, "marker");
    put(f.user, "big.bin", pointer);
    put(f.user, "deep/win.txt", "a\nb\n");
    gitIn(f.user, "add", "-A");
    put(f.user, ".gitattributes", "*.bin filter=lfs\n*.x filter=crypt ident\n");
    put(f.user, "deep/.gitattributes", "# *.c filter=no\n*.txt eol=crlf\n*.u working-tree-encoding=UTF-16\n");
    f.commit();
    for (const name of ["lfs", "crypt"])
      for (const side of ["clean", "smudge", "process"])
        gitIn(f.user, "config", `filter.${name}.${side}`, `touch ${marker}`);
    rmSync(marker, { force: true });
    const base = await f.prepare();
    const work = await f.folder(base);
    expect(contents(work)).toMatchObject({ "big.bin": pointer, "deep/win.txt": "a\nb\n" });
    put(work, "new.bin", "not a pointer\r\n");
    const result = await f.capture(work, base);
    await f.workspaces.apply({ missionId, repositoryPath: f.user, from: base, to: result });
    expect(readFileSync(join(f.user, "new.bin"), "utf8")).toBe("not a pointer\r\n");
    expect(await note("lfs")).toMatchObject({ count: 1, examples: ["big.bin"] });
    expect(await note("filters")).toMatchObject({
      found: expect.stringMatching(
        /filter=crypt, ident, eol=crlf, working-tree-encoding=UTF-16\.$/,
      ) as string,
      examples: [".gitattributes", "deep/.gitattributes"],
    });
    expect(existsSync(marker)).toBe(false);
  });
});

describe("a mission", () => {
  test("starts from a detached HEAD, and from a linked worktree with a HEAD of its own", async () => {
    const first = gitIn(f.user, "rev-parse", "HEAD");
    put(f.user, "a", "2\n");
    const second = f.commit();
    gitIn(f.user, "worktree", "add", "-q", "--detach", join(f.root, "linked"), first);
    gitIn(f.user, "checkout", "-q", "--detach", second);
    expect((await prepareFrom(f.user)).commit).toBe(second);
    expect((await prepareFrom(join(f.root, "linked"), "HEAD", "m2")).commit).toBe(first);
  });

  test("goes on when its repository is collected and rewritten meanwhile", async () => {
    const base = await f.prepare();
    gitIn(f.user, "checkout", "-q", "--orphan", "other");
    f.commit("other");
    gitIn(f.user, "branch", "-D", "main");
    gitIn(f.user, "reflog", "expire", "--expire=now", "--all");
    gitIn(f.user, "gc", "-q", "--prune=now");
    expect(() => gitIn(f.user, "cat-file", "-e", base.commit)).toThrow();
    const work = await f.folder(base);
    put(work, "a", "3\n");
    await f.deliver("houston/m", await f.capture(work, base));
    expect(gitIn(f.user, "show", "houston/m:a")).toBe("3");
  });

  test("shares a repository with another at the same time", async () => {
    const one = async (id: string): Promise<string> => {
      const base = await prepareFrom(f.user, "HEAD", id);
      const { directory } = await f.workspaces.materialise({ missionId: id, name: "w", snapshot: base });
      put(directory, id, "1");
      const snapshot = await f.workspaces.capture({ missionId: id, directory, parent: base, message: "m" });
      await f.workspaces.deliver({
        missionId: id,
        repositoryPath: f.user,
        branch: `houston/${id}`,
        snapshot,
      });
      return gitIn(f.user, "ls-tree", "--name-only", `houston/${id}`);
    };
    expect(await Promise.all(["m1", "m2"].map(one))).toEqual(["a\ndir\nm1", "a\ndir\nm2"]);
    expect(gitIn(f.user, "fsck", "--strict")).toBe("");
  });

  test("keeps names apart that differ in case only, and links out of the tree as links", async () => {
    put(f.user, "README", "upper");
    put(f.user, "readme", "lower");
    link(f.user, "out", "../../../../etc/passwd");
    f.commit();
    const work = await f.folder(await f.prepare());
    expect(contents(work)).toEqual(contents(f.user));
    expect(contents(work)["out"]).toBe("-> ../../../../etc/passwd");
  });
});

test("a mission does not hold a huge file in memory", { timeout: 60_000 }, async () => {
  const quarter = Buffer.alloc(32 * 1024 * 1024, "0123456789abcdef");
  const base = await f.prepare();
  const work = await f.folder(base);
  put(work, "huge", quarter);
  for (let times = 1; times < 4; times += 1) writeFileSync(join(work, "huge"), quarter, { flag: "a" });
  let most = 0;
  const before = process.memoryUsage();
  const watch = setInterval(() => {
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    most = Math.max(most, arrayBuffers + heapUsed - before.arrayBuffers - before.heapUsed);
  }, 5);
  const snapshot = await f.capture(work, base);
  const again = await f.folder(snapshot, "again");
  clearInterval(watch);
  expect(execFileSync("cmp", [join(work, "huge"), join(again, "huge")], { encoding: "utf8" })).toBe("");
  // What streams leave for the collector comes and goes; the file itself would be 128 MiB.
  expect(most).toBeLessThan(64 * 1024 * 1024);
});
