// Snapshots made without a folder, and what can be asked of any of them.
import { existsSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { contents, Fixture, gitIn, link, missionId, put } from "./fixture.ts";
import { createWorkspaces } from "./workspaces.ts";

let f: Fixture;
let base: Snapshot;
beforeEach(async () => {
  f = new Fixture();
  put(f.user, "a", "1\n");
  put(f.user, "dir/b", "2\n");
  put(f.user, "dir/deep/c", "3\n", 0o755);
  link(f.user, "link", "dir");
  f.commit();
  base = await f.prepare();
});
afterEach(() => {
  f.remove();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (path: string, text = "new\n"): { path: string; content: Uint8Array } => ({
  path,
  content: bytes(text),
});
const asFolder = async (snapshot: Snapshot): Promise<Record<string, string>> => {
  const name = `look-${snapshot.commit}`;
  return contents(await f.folder(snapshot, name));
};

describe("an overlay", () => {
  test("lays files over the tree, each with its bit, and is the same commit again", async () => {
    const files = [
      { ...file("tests/ü/日本.test.js"), executable: true },
      file("a", "changed\r\n"),
      file("-x"),
    ];
    const made = await f.overlay(base, ...files);
    expect(await f.overlay(base, ...files.toReversed())).toEqual(made);
    expect(await asFolder(made)).toEqual({
      "-x": "new\n",
      a: "changed\r\n",
      "dir/b": "2\n",
      "dir/deep/c": "x 3\n",
      link: "-> dir",
      [Buffer.from("tests/ü/日本.test.js").toString("latin1")]: "x new\n",
    });
    expect(f.bare("log", "-1", "--format=%P %s", made.commit)).toBe(`${base.commit} laid over`);
    expect(f.bare("rev-parse", `refs/houston/snapshots/${made.commit}`)).toBe(made.commit);
    expect(f.bare("fsck", "--strict")).toBe("");
  });

  test("that changes nothing is the snapshot itself; a bit is a change", async () => {
    expect(await f.overlay(base)).toEqual(base);
    expect(await f.overlay(base, file("a", "1\n"))).toEqual(base);
    expect(await f.overlay(base, { ...file("dir/deep/c", "3\n"), executable: true })).toEqual(base);
    expect(await f.overlay(base, file("dir/deep/c", "3\n"))).not.toEqual(base);
  });

  test("replaces whatever stands in the way: a folder, a file, a link, nothing behind it", async () => {
    const made = await f.overlay(
      base,
      file("dir", "now a file\n"),
      file("a/below/a", "file\n"),
      file("link/x", "y\n"),
    );
    const expected = { dir: "now a file\n", "a/below/a": "file\n", "link/x": "y\n" };
    expect(await asFolder(made)).toEqual(expected);
    expect(await asFolder(await f.overlay(base, file("link")))).toMatchObject({
      link: "new\n",
      "dir/b": "2\n",
    });
  });

  test("lays one file after the other", async () => {
    const made = await f.overlay(base, file("n", "1"), file("n", "2"), file("m"), file("m/below"));
    expect(await asFolder(made)).toMatchObject({ n: "2", "m/below": "new\n" });
  });

  test("refuses paths that leave the tree or land in a git directory, and makes nothing then", async () => {
    const refused =
      "/etc/passwd ../x a/../../x . a/. a//b a/ .git/config .GIT/x .git./x git~1/x sub/.Git/hooks/post-checkout .git::$INDEX_ALLOCATION/x";
    for (const path of [...refused.split(" "), "", "a\0b", ".g\u200cit/config", "x".repeat(5000)])
      await expect(f.overlay(base, file("fine"), file(path)), path).rejects.toBeInstanceOf(WorkspaceError);
    expect(f.bare("for-each-ref", "refs/houston/snapshots")).toBe("");
  });

  test("needs a snapshot that is there", async () => {
    const gone = { ...base, commit: "1".repeat(40) };
    await expect(f.overlay(gone, file("x"))).rejects.toMatchObject({ code: "missingSnapshot" });
  });
});

describe("an imported commit", () => {
  const importing = async (ref: string): Promise<Snapshot> =>
    await f.workspaces.importCommit({
      missionId,
      repositoryPath: f.user,
      ref,
      parent: base,
      message: "theirs",
    });

  test("is its tree on top of the parent, the same commit again, and needs the origin no more", async () => {
    gitIn(f.user, "checkout", "-q", "--orphan", "unrelated");
    rmSync(join(f.user, "dir"), { recursive: true });
    put(f.user, "other/new", "n\n");
    f.commit("not a child of the base");
    const shallow = f.bare("rev-parse", "--is-shallow-repository");
    const made = await importing("unrelated");
    expect(await importing("unrelated")).toEqual(made);
    expect(f.bare("log", "-1", "--format=%P %s %an", made.commit)).toBe(`${base.commit} theirs Houston`);
    rmSync(f.user, { recursive: true });
    expect(await f.workspaces.has(missionId, made)).toBe(true);
    expect(await asFolder(made)).toEqual({ a: "1\n", link: "-> dir", "other/new": "n\n" });
    expect(f.bare("rev-parse", "--is-shallow-repository")).toBe(shallow);
    expect(f.bare("fsck", "--strict")).toBe("");
  });

  test("with the parent's tree is the parent", async () => {
    expect(await importing("main")).toEqual(base);
  });

  test("must exist there", async () => {
    for (const ref of ["nope", "--all", "1".repeat(40)])
      await expect(importing(ref)).rejects.toMatchObject({ code: "baseMissing" });
  });
});

describe("a snapshot", () => {
  test("says what differs from another, what it holds, and what is in its files", async () => {
    const work = await f.folder(base);
    put(work, "a", "much longer\n");
    put(work, "naïve", "ü\n");
    rmSync(join(work, "dir/b"));
    rmSync(join(work, "link"));
    link(work, "link", "a");
    const next = await f.capture(work, base);
    expect(await f.workspaces.changes(missionId, base, next)).toEqual([
      { path: "a", change: "modified" },
      { path: "dir/b", change: "deleted" },
      { path: "link", change: "modified" },
      { path: "naïve", change: "added" },
    ]);
    expect(await f.workspaces.changes(missionId, next, next)).toEqual([]);
    expect(await f.workspaces.files(missionId, next)).toEqual(["a", "dir/deep/c", "link", "naïve"]);
    const asked = ["naïve", "a", "link", "dir", "missing", "../a", "dir/deep/c"];
    const read = await f.workspaces.readFiles(missionId, next, asked, 4);
    expect(new Map([...read].map(([path, content]) => [path, Buffer.from(content).toString()]))).toEqual(
      new Map([
        ["naïve", "ü\n"],
        ["dir/deep/c", "3\n"],
      ]),
    );
    const wrong = { ...next, tree: base.tree };
    for (const ask of [
      async () => await f.workspaces.files(missionId, wrong),
      async () => await f.workspaces.readFiles(missionId, wrong, ["a"], 9),
      async () => await f.workspaces.changes(missionId, base, wrong),
    ])
      await expect(ask()).rejects.toMatchObject({ code: "missingSnapshot" });
  });

  test("gives names that are not UTF-8 so that they can be asked for, also after JSON", async () => {
    const odd = 'quo"te\nline\\back';
    put(f.user, odd, "odd\n");
    const invalid = Buffer.concat([Buffer.from(`${f.user}/`), Buffer.from("latin-\xe9", "latin1")]);
    writeFileSync(invalid, "bytes\n");
    f.commit();
    const repositoryPath = f.user;
    const request = { missionId, repositoryPath, ref: "HEAD", parent: base, message: "m" };
    const next = await f.workspaces.importCommit(request);
    const added = (await f.workspaces.changes(missionId, base, next)).map(({ path }) => path);
    expect(added).toEqual(["latin-\udce9", odd]);
    const asked = JSON.parse(JSON.stringify(added)) as string[];
    const read = await f.workspaces.readFiles(missionId, next, asked, 100);
    expect([...read].map(([path, content]) => [path, Buffer.from(content).toString()])).toEqual([
      ["latin-\udce9", "bytes\n"],
      [odd, "odd\n"],
    ]);
    expect(await f.overlay(next, file("latin-\udce9", "bytes\n"))).toEqual(next);
  });
});

describe("a capture with excepted folders", () => {
  const capture = async (directory: string, parent: Snapshot, ...except: string[]): Promise<Snapshot> =>
    await f.workspaces.capture({ missionId, directory, parent, message: "m", except });

  test("does not look at them, and keeps what the parent has there", async () => {
    const work = await f.folder(base);
    put(work, "node_modules/x", "1");
    put(work, "dir/deep/new", "1");
    rmSync(join(work, "dir/deep/c"));
    put(work, "dir/b", "seen\n");
    const made = await capture(work, base, "node_modules", "dir/deep/", "nowhere");
    expect(await f.workspaces.changes(missionId, base, made)).toEqual([
      { path: "dir/b", change: "modified" },
    ]);
    rmSync(join(work, "dir"), { recursive: true });
    link(work, "dir/deep", "/etc");
    expect(
      await f.workspaces.files(missionId, await capture(work, made, "node_modules", "dir/deep")),
    ).toEqual(["a", "dir/deep/c", "link"]);
    expect(await f.workspaces.files(missionId, await capture(work, made, "dir"))).toContain("node_modules/x");
  });

  test("gives up what lay beneath a folder that has become something else", async () => {
    const work = await f.folder(base);
    rmSync(join(work, "dir"), { recursive: true });
    link(work, "dir", "elsewhere");
    const made = await capture(work, base, "dir/deep");
    expect(await f.workspaces.files(missionId, made)).toEqual(["a", "dir", "link"]);
    expect(f.bare("fsck", "--strict")).toBe("");
    expect(await capture(work, made, "dir/deep")).toEqual(made);
  });

  test("refuses what is no path in the folder", async () => {
    const work = await f.folder(base);
    for (const path of ["/etc", "../x", ""])
      await expect(capture(work, base, path), path).rejects.toBeInstanceOf(WorkspaceError);
  });
});

describe("what a killed process left in the mission's repository", () => {
  const left = [
    "repo.git/objects/pack/tmp_pack_x1",
    "repo.git/objects/pack/.tmp-1-pack-x",
    "repo.git/objects/ab/tmp_obj_x",
    "repo.git/fast_import_crash_12",
    "repo.git/houston/0011",
    "repo.git/refs/houston/incoming/0011.lock",
    "tmp/large-00",
    "tmp/ignores-00/x",
  ];

  test.each([
    ["is removed when nobody has touched it for long", 2, false],
    ["stays while somebody may still be at it", 0, true],
  ])("%s", async (_name, ageHours, stays) => {
    const own = new Fixture();
    put(own.user, "a", "1");
    own.commit();
    const start = await own.prepare();
    const root = join(own.directory, missionId);
    for (const path of left) put(root, path, "");
    const then = Date.now() / 1000 - ageHours * 3600;
    for (const path of [...left, "tmp/ignores-00"]) utimesSync(join(root, path), then, then);
    const next = createWorkspaces({ directory: own.directory });
    expect(await next.prepare({ missionId, repositoryPath: own.user, base: "HEAD" })).toEqual(start);
    expect(left.filter((path) => existsSync(join(root, path)))).toEqual(stays ? left : []);
    expect(await next.has(missionId, start)).toBe(true);
    own.remove();
  });
});
