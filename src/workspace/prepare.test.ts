// Importing the base: the same answer twice, clear refusals, independence from the origin, nothing executed.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Fixture, gitIn, missionId, ownedByAnother, put } from "./fixture.ts";
import { createWorkspaces } from "./workspaces.ts";

let f: Fixture;
beforeEach(() => {
  f = new Fixture();
  put(f.user, "a", "1\n");
});
afterEach(() => {
  f.remove();
});

describe("prepare", () => {
  test("gives commit and tree of the base, and the same again when the branch has moved on", async () => {
    const commit = f.commit();
    const base = await f.prepare();
    expect(base).toEqual({ commit, tree: gitIn(f.user, "rev-parse", "HEAD^{tree}") });
    put(f.user, "a", "2\n");
    f.commit();
    expect(await f.prepare()).toEqual(base);
    expect(f.bare("rev-parse", "refs/houston/base")).toBe(commit);
  });

  test("takes branches, tags, hashes, subfolders, linked worktrees, bare and shallow clones", async () => {
    put(f.user, "sub/b", "1\n");
    const first = f.commit();
    gitIn(f.user, "tag", "-a", "v1", "-m", "v1");
    put(f.user, "a", "2\n");
    f.commit();
    gitIn(f.user, "worktree", "add", "-q", "-b", "other", join(f.root, "linked"), first);
    gitIn(f.root, "clone", "-q", "--bare", f.user, join(f.root, "bare.git"));
    gitIn(f.root, "clone", "-q", "--depth=1", "-b", "v1", `file://${f.user}`, join(f.root, "shallow"));
    const cases: [string, string][] = [
      [f.user, "v1"],
      [f.user, first],
      [f.user, "HEAD~1"],
      [join(f.user, "sub"), "other"],
      [join(f.root, "linked"), "HEAD"],
      [join(f.root, "bare.git"), "v1"],
      [join(f.root, "shallow"), "HEAD"],
    ];
    for (const [index, [repositoryPath, base]] of cases.entries()) {
      const answer = await f.workspaces.prepare({ missionId: `m${index}`, repositoryPath, base });
      expect(answer.commit, `${repositoryPath} ${base}`).toBe(first);
      expect(await f.workspaces.has(`m${index}`, answer)).toBe(true);
    }
  });

  test("survives an origin that is pruned or deleted", async () => {
    f.commit();
    const base = await f.prepare();
    rmSync(f.user, { recursive: true });
    expect(await f.workspaces.has(missionId, base)).toBe(true);
    expect(await f.prepare()).toEqual(base);
    expect(existsSync(join(f.directory, missionId, "repo.git/objects/info/alternates"))).toBe(false);
  });

  test("a making that was killed is no repository", async () => {
    const commit = f.commit();
    mkdirSync(join(f.directory, missionId, "repo.git.dead", "objects"), { recursive: true });
    expect(await f.prepare()).toMatchObject({ commit });
    expect(existsSync(join(f.directory, missionId, "repo.git.dead"))).toBe(false);
  });

  test("works on a repository that belongs to somebody else", async () => {
    const commit = f.commit();
    await ownedByAnother(f.user, async () => {
      const base = await f.prepare();
      expect(base.commit).toBe(commit);
      await f.deliver("houston/x", base);
      expect(await f.workspaces.apply({ missionId, repositoryPath: f.user, from: base, to: base })).toEqual({
        paths: [],
      });
    });
  });
});

describe("prepare refuses", () => {
  test("what is no repository, or has no commit, or not that one", async () => {
    await expect(f.prepare()).rejects.toMatchObject({
      code: "noCommit",
      message: expect.stringContaining("no commit yet") as string,
    });
    const elsewhere = { missionId, repositoryPath: f.root, base: "HEAD" };
    await expect(f.workspaces.prepare(elsewhere)).rejects.toMatchObject({ code: "notARepository" });
    const nowhere = { missionId, repositoryPath: join(f.root, "gone"), base: "HEAD" };
    await expect(f.workspaces.prepare(nowhere)).rejects.toMatchObject({ code: "notARepository" });
    f.commit();
    const message = expect.stringContaining("its branches are main") as string;
    await expect(f.prepare("nope")).rejects.toMatchObject({ code: "baseMissing", message });
    for (const name of ["--upload-pack=touch x", "-h", "", "a\nb"]) {
      await expect(f.prepare(name), name).rejects.toMatchObject({ code: "baseMissing" });
    }
  });

  test("a partial clone that lacks files, without fetching them", async () => {
    f.commit();
    gitIn(f.user, "config", "uploadpack.allowFilter", "true");
    const partial = join(f.root, "partial");
    gitIn(f.root, "clone", "-q", "--no-checkout", "--filter=blob:none", `file://${f.user}`, partial);
    const message = expect.stringContaining("partial clone") as string;
    await expect(
      f.workspaces.prepare({ missionId, repositoryPath: partial, base: "HEAD" }),
    ).rejects.toMatchObject({
      code: "baseMissing",
      message,
    });
  });

  test("ids that are paths", async () => {
    f.commit();
    for (const id of ["../x", "", "a/b", ".", "-x"]) {
      await expect(
        f.workspaces.prepare({ missionId: id, repositoryPath: f.user, base: "HEAD" }),
      ).rejects.toMatchObject({ code: "git" });
    }
  });
});

test("nothing that the user's repository configures is executed", async () => {
  const commit = f.commit();
  const marker = join(f.root, "marker");
  const run = `touch ${marker}`;
  for (const hook of ["reference-transaction", "post-checkout", "post-update", "pre-auto-gc"]) {
    put(f.user, `.git/hooks/${hook}`, `#!/bin/sh\n${run}\n`, 0o755);
  }
  for (const key of [
    "core.fsmonitor",
    "core.alternateRefsCommand",
    "uploadpack.packObjectsHook",
    "core.sshCommand",
    "credential.helper",
  ]) {
    gitIn(f.user, "config", key, key === "credential.helper" ? `!${run}` : run);
  }
  gitIn(f.user, "config", `url.ext::sh -c '${run}' .insteadOf`, f.directory);
  gitIn(f.user, "config", "protocol.ext.allow", "always");
  gitIn(f.root, "clone", "-q", "--bare", f.user, join(f.root, "alternate.git"));
  put(f.user, ".git/objects/info/alternates", `${join(f.root, "alternate.git", "objects")}\n`);
  const workspaces = createWorkspaces({ directory: join(f.root, "safe") });
  const base = await workspaces.prepare({ missionId, repositoryPath: f.user, base: "HEAD" });
  expect(base.commit).toBe(commit);
  const { directory } = await workspaces.materialise({ missionId, name: "w", snapshot: base });
  put(directory, "new", "x");
  const snapshot = await workspaces.capture({ missionId, directory, parent: base, message: "m" });
  await workspaces.deliver({ missionId, repositoryPath: f.user, branch: "houston/x", snapshot });
  expect(gitIn(f.user, "rev-parse", "houston/x")).toBe(snapshot.commit);
  await f.workspaces.prepare({ missionId, repositoryPath: f.user, base: "HEAD" });
  await expect(f.deliver("houston/y", base)).rejects.toMatchObject({ code: "git" });
  expect(existsSync(marker)).toBe(false);
});
