// Delivery: a new branch in the user's repository and nothing else touched.
import { existsSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { contents, Fixture, gitIn, put } from "./fixture.ts";

let f: Fixture;
let base: Snapshot;
let result: Snapshot;

beforeEach(async () => {
  f = new Fixture();
  put(f.user, "a", "1\n");
  f.commit("zero");
  put(f.user, "a", "2\n");
  f.commit("one");
  base = await f.prepare();
  const work = await f.folder(base);
  put(work, "b", "new\n");
  result = await f.capture(work, base);
});
afterEach(() => {
  f.remove();
});

const delivered = async (branch: string): Promise<boolean> =>
  await f.workspaces.delivered({ repositoryPath: f.user, branch, snapshot: result });

describe("deliver", () => {
  test("makes a branch on top of the user's own history; doing it again is fine", async () => {
    expect(await delivered("houston/m1")).toBe(false);
    await f.deliver("houston/m1", result);
    await f.deliver("houston/m1", result);
    expect(await delivered("houston/m1")).toBe(true);
    expect(gitIn(f.user, "log", "--format=%s", "houston/m1")).toBe("captured\none\nzero");
    expect(existsSync(join(f.user, ".git/shallow"))).toBe(false);
    expect(gitIn(f.user, "fsck", "--strict")).toBe("");
  });

  test("leaves work tree, index, HEAD, tags and FETCH_HEAD alone", async () => {
    put(f.user, "a", "dirty\n");
    put(f.user, "staged", "s\n");
    put(f.user, "untracked", "u\n");
    gitIn(f.user, "add", "staged");
    const look = (): unknown => [
      contents(f.user),
      readFileSync(join(f.user, ".git/index")).toString("latin1"),
      readFileSync(join(f.user, ".git/HEAD"), "utf8"),
      gitIn(f.user, "tag"),
      existsSync(join(f.user, ".git/FETCH_HEAD")),
    ];
    const before = look();
    await f.deliver("houston/m1", result);
    expect(look()).toEqual(before);
  });

  test("says in the branch's reflog who made it and why", async () => {
    await f.deliver("houston/m1", result);
    expect(gitIn(f.user, "log", "-g", "--format=%gn %gs", "houston/m1")).toBe(
      "Houston houston: deliver the result of a mission",
    );
  });

  test("works into linked worktrees, bare and shallow clones", async () => {
    const linked = join(f.root, "linked");
    gitIn(f.user, "worktree", "add", "-q", "-b", "other", linked);
    await f.deliver("houston/m1", result, linked);
    expect(await delivered("houston/m1")).toBe(true);
    for (const [name, option] of [
      ["bare.git", "--bare"],
      ["shallow", "--depth=1"],
    ] as const) {
      gitIn(f.root, "clone", "-q", option, `file://${f.user}`, name);
      await f.deliver("houston/m2", result, join(f.root, name));
      expect(gitIn(join(f.root, name), "rev-parse", "houston/m2")).toBe(result.commit);
      expect(gitIn(join(f.root, name), "fsck", "--strict")).toBe("");
    }
  });

  test("works when the origin has forgotten the base: history then starts there", async () => {
    gitIn(f.user, "reset", "-q", "--hard", "HEAD~1");
    gitIn(f.user, "reflog", "expire", "--expire=now", "--all");
    gitIn(f.user, "gc", "-q", "--prune=now");
    await f.deliver("houston/m1", result);
    expect(gitIn(f.user, "log", "--format=%s", "houston/m1")).toBe("captured\none");
    expect(gitIn(f.user, "log", "--format=%s", "main")).toBe("zero");
    expect(gitIn(f.user, "fsck")).toBe("");
  });
});

describe("a repository that never had the base, and is shallow itself,", () => {
  let other: string;
  let known: string;
  beforeEach(() => {
    const source = join(f.root, "source");
    gitIn(f.root, "init", "-q", source);
    for (const n of ["x", "y"]) {
      put(source, n, n);
      gitIn(source, "add", "-A");
      gitIn(source, "commit", "-q", "-m", n);
    }
    gitIn(f.root, "clone", "-q", "--depth=1", `file://${source}`, "other");
    other = join(f.root, "other");
    known = readFileSync(join(other, ".git/shallow"), "utf8");
  });

  test("gets the history from the base on and keeps its own", async () => {
    await f.deliver("houston/m1", result, other);
    expect(gitIn(other, "log", "--format=%s", "houston/m1")).toBe("captured\none");
    expect(gitIn(other, "log", "--format=%s", "main")).toBe("y");
    expect(readFileSync(join(other, ".git/shallow"), "utf8")).toBe(`${known}${base.commit}\n`);
    expect(gitIn(other, "fsck", "--strict")).toBe("");
  });

  const lock = (content: string): string => {
    put(other, ".git/shallow.lock", content);
    utimesSync(join(other, ".git/shallow.lock"), 1, 1);
    return join(other, ".git/shallow.lock");
  };

  test.each([
    ["nothing", () => ""],
    ["a torn lock", (whole: string) => `${whole.slice(0, 50)}\0\0`],
    ["a whole one", (whole: string) => whole],
  ])("is delivered into past %s that a delivery that was cut off left", async (_name, left) => {
    const path = lock(left(`${known}${base.commit}\n`));
    await f.deliver("houston/m1", result, other);
    expect(existsSync(path)).toBe(false);
    expect(gitIn(other, "fsck", "--strict")).toBe("");
  });

  test("is left alone while somebody else holds its lock", async () => {
    const path = lock("somebody else's\n");
    await expect(f.deliver("houston/m1", result, other)).rejects.toMatchObject({ code: "git" });
    expect(readFileSync(path, "utf8")).toBe("somebody else's\n");
    expect(readFileSync(join(other, ".git/shallow"), "utf8")).toBe(known);
  });
});

describe("a lock of the branch", () => {
  const lock = (content: string): string => {
    const path = join(f.user, ".git/refs/heads/houston/m1.lock");
    put(f.user, ".git/refs/heads/houston/m1.lock", content);
    utimesSync(path, 1, 1);
    return path;
  };

  test("is removed when a delivery that was cut off left it, whatever reached the disk", async () => {
    const torn = `${result.commit.slice(0, 9)}${"\0".repeat(32)}`;
    for (const content of ["", torn, `${result.commit}\n`]) {
      const path = lock(content);
      await f.deliver("houston/m1", result);
      expect(await delivered("houston/m1")).toBe(true);
      expect(existsSync(path)).toBe(false);
      gitIn(f.user, "branch", "-D", "houston/m1");
    }
  });

  test("stays when somebody else is making the branch", async () => {
    const path = lock(`${base.commit}\n`);
    await expect(f.deliver("houston/m1", result)).rejects.toMatchObject({ code: "git" });
    expect(readFileSync(path, "utf8")).toBe(`${base.commit}\n`);
  });
});

describe("deliver refuses", () => {
  test("a branch that stands elsewhere, naming both commits", async () => {
    gitIn(f.user, "branch", "houston/m1");
    const both = new RegExp(`${base.commit}.*${result.commit}`);
    await expect(f.deliver("houston/m1", result)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(both) as string,
    });
    expect(gitIn(f.user, "rev-parse", "houston/m1")).toBe(base.commit);
  });

  test("a branch below or above one that exists", async () => {
    gitIn(f.user, "branch", "houston");
    await expect(f.deliver("houston/m1", result)).rejects.toMatchObject({ code: "conflict" });
    gitIn(f.user, "branch", "deep/er");
    await expect(f.deliver("deep", result)).rejects.toMatchObject({ code: "conflict" });
  });

  test("a branch that is checked out, even without a commit", async () => {
    gitIn(f.user, "symbolic-ref", "HEAD", "refs/heads/houston/m1");
    await expect(f.deliver("houston/m1", result)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("checked out") as string,
    });
    expect(await delivered("houston/m1")).toBe(false);
  });

  test("names that are options, paths, revisions, shell or not plain ASCII", async () => {
    const spelled =
      "--upload-pack=x -d a;b a$IFS a\u200bb \u0430 a..b a.lock a//b /a a/ a/.b HEAD @ a@{1} a~1 a^ a:b a? a* a[ a\\b +a";
    const names = [...spelled.split(" "), "", "a b", "a\u3000b", "a\nb", "refs/../x", "a".repeat(300)];
    for (const branch of names)
      await expect(f.deliver(branch, result), branch).rejects.toBeInstanceOf(WorkspaceError);
    expect(gitIn(f.user, "for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
  });

  test("a snapshot that the mission does not hold, and a repository that is gone", async () => {
    await expect(f.deliver("houston/m1", { ...result, commit: base.tree })).rejects.toMatchObject({
      code: "missingSnapshot",
    });
    rmSync(f.user, { recursive: true });
    await expect(f.deliver("houston/m1", result)).rejects.toMatchObject({ code: "notARepository" });
  });
});
