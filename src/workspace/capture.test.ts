// Folders and what is captured from them: byte for byte, whatever the repository or the agent does.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Snapshot } from "../protocol/snapshot.ts";
import { contents, Fixture, gitIn, link, missionId, ownedByAnother, put } from "./fixture.ts";

let f: Fixture;
let base: Snapshot;
let work: string;

/** Everything that conversions, checkouts and encodings get wrong. */
function awkward(directory: string): void {
  put(
    directory,
    ".gitattributes",
    "* text=auto eol=crlf\n*.bin filter=lfs diff=lfs merge=lfs -text\n*.id ident\n*.u16 working-tree-encoding=UTF-16\n",
  );
  put(directory, "crlf.txt", "a\r\nb\r\n");
  put(directory, "lf.txt", "a\nb\n");
  put(directory, "mixed.txt", "a\r\nb\nc\r");
  put(directory, "x.id", "$Id$\n");
  put(directory, "x.u16", "text\n");
  put(directory, "blob.bin", Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256)));
  put(directory, "empty", "");
  put(directory, "run.sh", "#!/bin/sh\n", 0o755);
  put(directory, 'naïve/日本語 "quoted"\n\\ name', "u\n");
  put(directory, ":(glob)*", "magic\n");
  put(directory, "-rf", "dash\n");
  link(directory, "out", "/etc/passwd");
  link(directory, "up", "../../../..");
  link(directory, "dangling", "nowhere");
  writeFileSync(
    Buffer.concat([Buffer.from(`${directory}/`), Buffer.from("latin-\xe9", "latin1")]),
    "bytes\n",
  );
}

beforeEach(async () => {
  f = new Fixture();
  awkward(f.user);
  gitIn(f.user, "config", "core.autocrlf", "false");
  put(f.user, ".git/info/attributes", "* -text -eol -ident -filter -working-tree-encoding\n");
  f.commit();
  base = await f.prepare();
  work = await f.folder(base);
});
afterEach(() => {
  f.remove();
});

const listed = (snapshot: Snapshot): string[] =>
  f.bare("ls-tree", "-r", "-z", "--name-only", snapshot.commit).split("\0").filter(Boolean);
const content = (snapshot: Snapshot, path: string): string =>
  f.bare("cat-file", "blob", `${snapshot.commit}:${path}`);

describe("a folder", () => {
  test("holds exactly the snapshot, which is captured as the snapshot itself", async () => {
    expect(contents(work)).toEqual(contents(f.user));
    expect(await f.capture(work, base)).toEqual(base);
  });

  test("has a git directory of its own in which the content is committed", () => {
    expect(gitIn(work, "status", "--porcelain")).toBe("");
    expect(gitIn(work, "log", "--format=%s")).toBe("base");
    expect(gitIn(work, "rev-parse", "HEAD^{tree}")).toBe(base.tree);
    put(work, "lf.txt", "changed\n");
    gitIn(work, "add", "-A");
    gitIn(work, "commit", "-q", "-m", "mine");
    expect(gitIn(work, "diff", "--stat", "HEAD~1")).toContain("lf.txt");
  });

  test("is given away before it appears, and its name is used once", async () => {
    const seen: [string, boolean][] = [];
    const own = new Fixture(async (directory) => {
      seen.push([directory, existsSync(join(directory, ".git/index"))]);
      await Promise.resolve();
    });
    put(own.user, "a", "1");
    own.commit();
    const start = await own.prepare();
    const directory = await own.folder(start, "one");
    expect(directory).toBe(join(own.directory, missionId, "work", "one"));
    expect(seen).toEqual([[expect.stringContaining(".making-one.") as string, true]]);
    await expect(own.folder(start, "one")).rejects.toThrow("exists already");
    await expect(own.folder(start, "../one")).rejects.toThrow("folder name");
    own.remove();
  });

  test("is complete or absent: what a killed making left is cleared", async () => {
    mkdirSync(join(f.directory, missionId, "work", ".making-two.dead"));
    await f.folder(base, "two");
    expect(existsSync(join(f.directory, missionId, "work", ".making-two.dead"))).toBe(false);
  });
});

describe("a folder, besides,", () => {
  test("cannot be made from a snapshot that is missing or damaged", async () => {
    const gone = { ...base, commit: "1".repeat(40) };
    await expect(f.folder(gone, "two")).rejects.toMatchObject({ code: "missingSnapshot" });
    await expect(f.folder({ ...base, tree: gone.commit }, "two")).rejects.toMatchObject({
      code: "missingSnapshot",
    });
    expect(await f.workspaces.has(missionId, gone)).toBe(false);
    expect(await f.workspaces.has("unknown", base)).toBe(false);
    execFileSync("sh", [
      "-c",
      `cd ${f.directory}/${missionId}/repo.git/objects/pack; chmod u+w *; for p in *.pack; do printf x | dd of=$p bs=1 seek=400 conv=notrunc 2>/dev/null; done`,
    ]);
    expect(await f.workspaces.has(missionId, base)).toBe(false);
  });

  test("is removed whole, and nothing else is", async () => {
    mkdirSync(join(work, "locked"));
    put(work, "locked/a", "1");
    chmodSync(join(work, "locked"), 0o555);
    link(work, "user", f.user);
    await f.workspaces.remove(work);
    await f.workspaces.remove(work);
    expect(existsSync(work)).toBe(false);
    expect(existsSync(join(f.user, "lf.txt"))).toBe(true);
    for (const path of [
      f.user,
      f.directory,
      join(work, ".."),
      join(work, "../.."),
      "/",
      `${f.directory}-evil/m/work/x`,
    ]) {
      await expect(f.workspaces.remove(path), path).rejects.toThrow("not a folder made by materialise");
    }
  });
});

describe("the folders of a mission", () => {
  test("are removed together, those of other missions not", async () => {
    await f.workspaces.materialise({ missionId, name: "left-behind", snapshot: base });
    mkdirSync(join(f.directory, missionId, "work", ".making-three.dead"));
    mkdirSync(join(f.directory, "other", "work", "e1-c1"), { recursive: true });
    await f.workspaces.removeAll(missionId);
    await f.workspaces.removeAll(missionId);
    expect(readdirSync(join(f.directory, missionId, "work"))).toEqual([]);
    expect(existsSync(join(f.directory, "other", "work", "e1-c1"))).toBe(true);
    expect(await f.workspaces.has(missionId, base)).toBe(true);
  });
});

describe("a capture", () => {
  test("holds changes, additions, deletions, bits and links as they are", async () => {
    put(work, "crlf.txt", "c\r\nd\n");
    put(work, "new/deep/ü.bin", Buffer.from([0, 13, 10, 255]));
    rmSync(join(work, "naïve"), { recursive: true });
    chmodSync(join(work, "run.sh"), 0o644);
    chmodSync(join(work, "lf.txt"), 0o755);
    rmSync(join(work, "out"));
    link(work, "out", "/etc/shadow");
    rmSync(join(work, "empty"));
    put(work, "empty/now-a-folder", "1");
    rmSync(join(work, "x.u16"));
    link(work, "x.u16", "lf.txt");
    const snapshot = await f.capture(work, base);
    const again = await f.folder(snapshot, "again");
    expect(contents(again)).toEqual(contents(work));
    expect(content(snapshot, "out")).toBe("/etc/shadow");
    expect(await f.capture(again, snapshot)).toEqual(snapshot);
    expect(f.bare("rev-parse", `refs/houston/snapshots/${snapshot.commit}`)).toBe(snapshot.commit);
    expect(f.bare("fsck", "--strict")).toBe("");
  });
});

describe("a capture, besides,", () => {
  test("is the same commit for the same content, by Houston, in any process", async () => {
    const other = await f.folder(base, "other");
    put(work, "a", "1\n");
    put(other, "a", "1\n");
    const one = await f.capture(work, base);
    expect(await f.capture(other, base)).toEqual(one);
    expect(f.bare("log", "-1", "--format=%an <%ae> %cn %P %s", one.commit)).toBe(
      `Houston <houston@localhost> Houston ${base.commit} captured`,
    );
  });

  test("of everything removed is an empty tree", async () => {
    execFileSync("find", [
      work,
      "-mindepth",
      "1",
      "-maxdepth",
      "1",
      "-not",
      "-name",
      ".git",
      "-exec",
      "rm",
      "-r",
      "{}",
      "+",
    ]);
    const snapshot = await f.capture(work, base);
    expect(listed(snapshot)).toEqual([]);
    expect(contents(await f.folder(snapshot, "void"))).toEqual({});
  });

  test("needs a parent that exists and a folder of that mission", async () => {
    const gone = { commit: "1".repeat(40), tree: base.tree };
    await expect(f.capture(work, gone)).rejects.toMatchObject({ code: "missingSnapshot" });
    await expect(f.capture(f.user, base)).rejects.toThrow("not a folder made by materialise");
  });
});

describe("a capture that need not read everything", () => {
  test("sees a change that leaves size and times alone, also in files it had trusted", async () => {
    const path = join(work, "lf.txt");
    const { atime, mtime } = lstatSync(path);
    const later = Date.now() + 3_600_000;
    vi.spyOn(Date, "now").mockReturnValue(later);
    expect(await f.capture(work, base)).toEqual(base);
    expect(await f.capture(work, base)).toEqual(base);
    writeFileSync(path, "A\nB\n");
    utimesSync(path, atime, mtime);
    expect(content(await f.capture(work, base), "lf.txt")).toBe("A\nB");
    vi.restoreAllMocks();
  });

  test("sees such a change in a folder that was just made, of which it need not read what was left alone", async () => {
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_600_000);
    const fresh = await f.folder(base, "fresh");
    vi.restoreAllMocks();
    const path = join(fresh, "lf.txt");
    const { atime, mtime } = lstatSync(path);
    writeFileSync(path, "A\nB\n");
    utimesSync(path, atime, mtime);
    expect(content(await f.capture(fresh, base), "lf.txt")).toBe("A\nB");
  });
});

describe("a capture, further,", () => {
  test("holds files that are too large to be read into memory", async () => {
    put(work, "big", Buffer.alloc(20 * 1024 * 1024, "0123456789"));
    const snapshot = await f.capture(work, base);
    const again = await f.folder(snapshot, "again");
    expect(readFileSync(join(again, "big")).equals(readFileSync(join(work, "big")))).toBe(true);
  });

  test("shows as a diff", async () => {
    put(work, "crlf.txt", "a\r\nc\r\n");
    const diff = await f.workspaces.diff(missionId, base, await f.capture(work, base));
    expect(diff).toContain("--- a/crlf.txt\n+++ b/crlf.txt\n");
    expect(diff).toContain("\n-b\r\n+c\r\n");
  });
});

describe("a capture of nested repositories and submodules", () => {
  test("takes nested repositories as files, with commits and without", async () => {
    for (const name of ["fresh", "committed"]) {
      put(work, `${name}/file`, `${name}\n`);
      gitIn(join(work, name), "init", "-q");
    }
    gitIn(join(work, "committed"), "add", ".");
    gitIn(join(work, "committed"), "commit", "-q", "-m", "inner");
    const snapshot = await f.capture(work, base);
    expect(listed(snapshot).filter((path) => /^(fresh|committed)/.test(path))).toEqual([
      "committed/file",
      "fresh/file",
    ]);
    expect(f.bare("ls-tree", "-r", snapshot.commit)).not.toContain("160000");
  });

  test("keeps a submodule that nobody filled, and takes the files of one that somebody did", async () => {
    gitIn(f.user, "update-index", "--add", "--cacheinfo", `160000,${base.commit},vendor/sub`);
    gitIn(f.user, "commit", "-q", "-m", "sub");
    const repositoryPath = f.user;
    const start = await f.workspaces.prepare({ missionId: "subs", repositoryPath, base: "HEAD" });
    const { directory } = await f.workspaces.materialise({ missionId: "subs", name: "w", snapshot: start });
    const capture = async (parent: Snapshot): Promise<Snapshot> =>
      await f.workspaces.capture({ missionId: "subs", directory, parent, message: "m" });
    expect(existsSync(join(directory, "vendor/sub"))).toBe(true);
    expect(await capture(start)).toEqual(start);
    put(directory, "vendor/sub/inner", "1");
    const filled = await capture(start);
    expect(await f.workspaces.diff("subs", start, filled)).toContain("vendor/sub/inner");
  });
});

describe("a capture ignores", () => {
  test("what .gitignore files say, except what the parent holds", async () => {
    put(work, ".gitignore", "node_modules/\n*.log\n/dist/*\n!/dist/keep\n*.bin\n");
    put(work, "src/.gitignore", "!important.log\ngenerated\n");
    for (const path of [
      "node_modules/x/y",
      "a.log",
      "dist/out",
      "dist/keep",
      "src/important.log",
      "src/generated/x",
      "src/a.ts",
    ])
      put(work, path, path);
    put(work, "blob.bin", "tracked, so captured");
    const first = await f.capture(work, base);
    const fresh = listed(first).filter((path) => !listed(base).includes(path));
    expect(fresh).toEqual([".gitignore", "dist/keep", "src/.gitignore", "src/a.ts", "src/important.log"]);
    expect(content(first, "blob.bin")).toBe("tracked, so captured");
    put(work, ".gitignore", "src\n");
    put(work, "src/a.ts", "tracked below an ignored folder");
    put(work, "src/b.ts", "not");
    const second = await f.capture(work, first);
    expect(content(second, "src/a.ts")).toContain("tracked below");
    expect(listed(second)).toContain("a.log");
    expect(listed(second)).not.toContain("src/b.ts");
  });

  test("git directories under any name git would take for one", async () => {
    for (const name of [".GIT", ".git ", "git~1", ".g\u200cit", "deep/.Git"])
      put(work, `${name}/config`, "[core]\n");
    put(work, ".github/workflow", "1");
    put(work, ".gitkeep", "");
    const fresh = listed(await f.capture(work, base)).filter((path) => !listed(base).includes(path));
    expect(fresh).toEqual([".github/workflow", ".gitkeep"]);
  });

  test("pipes, sockets and unreadable ignore files, without hanging", async () => {
    execFileSync("mkfifo", [join(work, "pipe"), join(work, ".gitignore")]);
    mkdirSync(join(work, "sub"));
    symlinkSync("/dev/zero", join(work, "sub/.gitignore"));
    rmSync(join(work, "lf.txt"));
    execFileSync("mkfifo", [join(work, "lf.txt")]);
    const snapshot = await f.capture(work, base);
    expect(listed(snapshot)).not.toContain("lf.txt");
    expect(listed(snapshot)).not.toContain("pipe");
    expect(content(snapshot, "sub/.gitignore")).toBe("/dev/zero");
  });
});

describe("an agent", () => {
  test("gets nothing executed by its git configuration, attributes or hooks", async () => {
    const marker = join(f.root, "marker");
    const run = `touch ${marker}`;
    gitIn(work, "config", "core.fsmonitor", run);
    gitIn(work, "config", "core.hooksPath", join(work, "hooks"));
    for (const driver of [
      "filter.x.clean",
      "filter.x.smudge",
      "filter.lfs.clean",
      "diff.x.textconv",
      "diff.x.command",
      "diff.external",
      "merge.x.driver",
    ])
      gitIn(work, "config", driver, run);
    for (const hook of ["post-index-change", "reference-transaction", "pre-commit", "post-checkout"])
      put(work, `hooks/${hook}`, `#!/bin/sh\n${run}\n`, 0o755);
    put(work, ".gitattributes", "* filter=x diff=x merge=x text eol=lf\n");
    put(work, ".git/commondir", `${f.user}/.git\n`);
    put(work, "sub/.git", `gitdir: ${f.user}/.git\n`);
    put(work, "a", "1\r\n");
    const snapshot = await f.capture(work, base);
    await f.workspaces.diff(missionId, base, snapshot);
    await f.deliver("houston/x", snapshot);
    const again = await f.folder(snapshot, "again");
    expect(readFileSync(join(again, "a"), "latin1")).toBe("1\r\n");
    expect(existsSync(marker)).toBe(false);
  });

  test("may delete or replace .git", async () => {
    rmSync(join(work, ".git"), { recursive: true });
    put(work, "a", "1");
    const one = await f.capture(work, base);
    symlinkSync(join(f.user, ".git"), join(work, ".git"));
    put(work, "a", "2");
    expect(content(await f.capture(work, one), "a")).toBe("2");
  });

  test("may own the folder", async () => {
    put(work, "a", "1");
    await ownedByAnother(work, async () => {
      expect(content(await f.capture(work, base), "a")).toBe("1");
      await f.workspaces.remove(work);
    });
  });

  test("may make .git a file or a link, delete everything, and begin anew", async () => {
    rmSync(join(work, ".git"), { recursive: true });
    put(work, ".git", `gitdir: ${f.user}/.git\n`);
    expect(await f.capture(work, base)).toEqual(base);
    rmSync(join(work, ".git"));
    symlinkSync(f.user, join(work, ".git"));
    expect(await f.capture(work, base)).toEqual(base);
    for (const name of readdirSync(work, { encoding: "buffer" }))
      rmSync(Buffer.concat([Buffer.from(`${work}/`), name]), { recursive: true });
    put(work, "begun anew", "1");
    expect(listed(await f.capture(work, base))).toEqual(["begun anew"]);
    expect(existsSync(join(f.user, "lf.txt"))).toBe(true);
  });
});

describe("an agent at work", () => {
  test("cannot make a capture read outside the folder by swapping folders for links", async () => {
    put(f.root, "secret/file", "SECRET");
    put(work, "dir/file", "own");
    let parent = await f.capture(work, base);
    let stop = false;
    const swapping = (async () => {
      while (!stop) {
        renameSync(join(work, "dir"), join(work, "dir2"));
        symlinkSync(join(f.root, "secret"), join(work, "dir"));
        await new Promise((resolve) => setImmediate(resolve));
        rmSync(join(work, "dir"));
        renameSync(join(work, "dir2"), join(work, "dir"));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    try {
      for (let count = 0; count < 15; count += 1) {
        put(work, "tick", String(count));
        parent = await f.capture(work, parent);
        for (const path of listed(parent).filter((name) => name.endsWith("/file")))
          expect(content(parent, path)).toBe("own");
      }
    } finally {
      stop = true;
      await swapping;
    }
  });

  test("may write all the time: each capture is whole, the last one exact", async () => {
    const program = `const fs = require("node:fs"); let n = 0;
      setInterval(() => { for (let i = 0; i < 50; i++) { n++; fs.writeFileSync("t" + n % 97, "x".repeat(n % 5000)); fs.rmSync("t" + (n * 7) % 97, { force: true }); } }, 1);
      setTimeout(() => process.exit(0), 600);`;
    const { spawn } = await import("node:child_process");
    const child = spawn(process.execPath, ["-e", program], { cwd: work, stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    let parent = base;
    for (let count = 0; count < 5; count += 1) parent = await f.capture(work, parent);
    await ended;
    parent = await f.capture(work, parent);
    expect(contents(await f.folder(parent, "again"))).toEqual(contents(work));
    expect(f.bare("fsck", "--strict")).toBe("");
  });
});

test("many captures keep the number of packs small and every snapshot readable", async () => {
  const snapshots = [base];
  for (let count = 0; count < 55; count += 1) {
    put(work, "tick", String(count));
    snapshots.push(await f.capture(work, snapshots.at(-1) ?? base));
  }
  expect(Number(/packs: (\d+)/.exec(f.bare("count-objects", "-v"))?.[1])).toBeLessThan(30);
  expect(await f.workspaces.has(missionId, snapshots[1] ?? base)).toBe(true);
  expect(f.bare("for-each-ref", "refs/houston/incoming")).toBe("");
});
