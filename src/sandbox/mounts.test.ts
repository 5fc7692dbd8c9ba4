// Sealed folders in a workspace, with real jails: nothing an agent leaves behind may bend them.
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JailRequest, Mount, Sandbox } from "../ports/sandbox.ts";
import { createBubblewrap } from "./bubblewrap.ts";
import { createNoSandbox } from "./none.ts";
import { findTool } from "./requirements.ts";

const box = createBubblewrap({ graceMs: 300 });
let root: string;
let workspace: string;
let sealed: string;
let outside: string;

beforeAll(async () => {
  const report = await box.probe();
  if (!report.ok) throw new Error(`these tests need the box: ${report.detail}`);
});

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "houston-mounts-")));
  await chmod(root, 0o755);
  [workspace, sealed, outside] = [join(root, "work space"), join(root, "sealed"), join(root, "outside")];
  for (const path of [
    workspace,
    outside,
    join(sealed, "dep"),
    join(sealed, ".cache"),
    join(sealed, ".vite"),
  ]) {
    await mkdir(path, { recursive: true });
  }
  await writeFile(join(sealed, "dep/index.js"), "sealed");
  await writeFile(join(sealed, ".vite/installed"), "as it came");
  await box.adopt(workspace);
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

function request(script: string, change: Partial<JailRequest> = {}): JailRequest {
  return {
    argv: ["sh", "-c", script],
    cwd: workspace,
    writable: [workspace],
    readOnly: [],
    mounts: { workspace, list: [{ source: sealed, path: "node_modules" }] },
    env: {},
    stdin: new Uint8Array(),
    signal: new AbortController().signal,
    ...change,
  };
}

async function sh(script: string, change: Partial<JailRequest> = {}, sandbox: Sandbox = box): Promise<Ran> {
  const jail = await sandbox.spawn(request(script, change));
  const [out, err, exit] = await Promise.all([text(jail.stdout), text(jail.stderr), jail.exit]);
  return { code: exit.code, out, err };
}

const at = (path: string): Partial<JailRequest> => ({
  mounts: { workspace, list: [{ source: sealed, path }] },
});

/** Leaves something in the workspace as an agent would: from a jail, under its account. */
async function leave(script: string): Promise<void> {
  expect(await sh(script, { mounts: { workspace, list: [] } })).toMatchObject({ code: 0, err: "" });
}

describe("a sealed folder", () => {
  test("is read-only in every way there is", async () => {
    const attempts = [
      "echo evil >node_modules/dep/index.js",
      "echo evil >>node_modules/dep/new",
      "touch node_modules/new",
      "rm node_modules/dep/index.js",
      "rm -r node_modules",
      "rmdir node_modules",
      "mv node_modules elsewhere",
      "mv node_modules/dep elsewhere",
      "chmod -R 777 node_modules",
      "ln node_modules/dep/index.js hard",
      "echo evil >evil && ln -f evil node_modules/dep/index.js",
      "ln -sfn /tmp node_modules/dep",
      "umount node_modules",
      "mount -o remount,rw node_modules",
    ];
    for (const attempt of attempts) expect((await sh(attempt)).code, attempt).not.toBe(0);
    expect(await readFile(join(sealed, "dep/index.js"), "utf8")).toBe("sealed");
    expect(await readdir(join(sealed, "dep"))).toEqual(["index.js"]);
    expect((await sh("cat node_modules/dep/index.js; touch beside")).out).toBe("sealed");
    expect(await readdir(workspace)).toContain("beside");
  });

  test("has caches that can be written, are empty at first and forgotten after", async () => {
    const write = "ls -A node_modules/.cache; echo x >node_modules/.cache/x; cat node_modules/.cache/x";
    expect(await sh(write)).toEqual({ code: 0, out: "x\n", err: "" });
    expect(await sh(write)).toEqual({ code: 0, out: "x\n", err: "" });
    expect(await readdir(join(sealed, ".cache"))).toEqual([]);
  });

  test("shows a cache that came with content as it came", async () => {
    expect((await sh("cat node_modules/.vite/installed")).out).toBe("as it came");
    expect((await sh("echo x >node_modules/.vite/x")).code).not.toBe(0);
  });

  test("a cache that is a link is none", async () => {
    await symlink(outside, join(sealed, ".vitest"));
    expect((await sh("cat node_modules/dep/index.js")).out).toBe("sealed");
    expect((await sh("touch node_modules/.vitest/x")).code).not.toBe(0);
  });

  test("does not need to be readable for the account, nor its parents", async () => {
    await chmod(root, 0o700);
    expect((await sh("cat node_modules/dep/index.js")).out).toBe("sealed");
    await chmod(sealed, 0o700);
    expect((await sh("cat node_modules/dep/index.js; touch node_modules/x || echo closed")).out).toBe(
      "sealedclosed\n",
    );
  });
});

const lefts: [string, string][] = [
  ["nothing", "true"],
  ["a folder with its own version", "mkdir -p node_modules/dep && echo evil >node_modules/dep/index.js"],
  ["a closed folder", "mkdir node_modules && chmod 0 node_modules"],
  ["a file", "echo evil >node_modules"],
  [
    "a link to a folder of its own",
    "mkdir -p own/dep && echo evil >own/dep/index.js && ln -s own node_modules",
  ],
  ["a link that leads nowhere", "ln -s nowhere node_modules"],
  ["a link to itself", "ln -s node_modules node_modules"],
  ["a pipe", "mkfifo node_modules"],
];

describe("what an agent left at a mount's place", () => {
  test.each(lefts)("%s is covered", async (_what, script) => {
    await leave(script);
    expect(await sh("cat node_modules/dep/index.js")).toEqual({ code: 0, out: "sealed", err: "" });
    expect((await sh("rm -rf node_modules; ln -s own node_modules")).code).not.toBe(0);
  });

  test("a link out of the workspace leads nowhere: nothing is made there", async () => {
    await chmod(outside, 0o777);
    await leave(`ln -s '${outside}' node_modules`);
    expect((await sh("cat node_modules/dep/index.js")).out).toBe("sealed");
    await leave(`rmdir node_modules && ln -s '${outside}/made' node_modules`);
    expect((await sh("cat node_modules/dep/index.js")).out).toBe("sealed");
    expect(await readdir(outside)).toEqual([]);
  });

  test("missing parents are made, and belong to who owns the workspace", async () => {
    const { code, out } = await sh(
      "cat packages/a/node_modules/dep/index.js; touch packages/a/x",
      at("packages/a/node_modules"),
    );
    expect([code, out]).toEqual([0, "sealed"]);
    expect((await stat(join(workspace, "packages"))).uid).toBe((await stat(workspace)).uid);
  });

  test("a link or file on the way is refused, and followed by nobody", async () => {
    await chmod(outside, 0o777);
    for (const script of [
      `ln -s '${outside}' packages`,
      "mkdir own && ln -s own packages",
      "touch packages",
    ]) {
      await leave(`rm -rf packages && ${script}`);
      for (const sandbox of [box, createNoSandbox()]) {
        await expect(sh("true", at("packages/node_modules"), sandbox), script).rejects.toMatchObject({
          name: "SandboxError",
          code: "refused",
        });
      }
    }
    expect(await readdir(outside)).toEqual([]);
    expect(await readdir(join(workspace, "own"))).toEqual([]);
  });

  test("a link put there while the jail is being made is noticed before anything runs", async () => {
    // A bubblewrap before the real one, which does what a racing program would.
    const tools = join(root, "tools");
    await mkdir(tools);
    for (const name of ["unshare", "setpriv"]) await symlink(found(name), join(tools, name));
    const swap = `cd '${workspace}' && rmdir node_modules && ln -s own node_modules`;
    const script = `#!/bin/sh\nPATH=/usr/bin:/bin\n${swap}\nexec ${found("bwrap")} "$@"\n`;
    await writeFile(join(tools, "bwrap"), script, { mode: 0o755 });
    await leave("mkdir own");
    const racing = createBubblewrap({ graceMs: 300, toolFolders: [tools] });
    await expect(sh("touch ran", {}, racing)).rejects.toThrow(/does not stand at .*node_modules/);
    expect(await readlink(join(workspace, "node_modules"))).toBe("own");
    expect(existsSync(join(workspace, "ran"))).toBe(false);
  });
});

const found = (name: string): string => findTool(name) ?? "";

describe("what may be mounted", () => {
  test("only existing folders that nobody in the jail can write, inside a writable folder", async () => {
    await mkdir(join(workspace, "own"));
    await symlink(join(workspace, "own"), join(root, "link"));
    const cases: [Partial<Mount>, string, string?][] = [
      [{ path: ".." }, "invalid"],
      [{ path: "a/../../b" }, "invalid"],
      [{ path: "." }, "invalid"],
      [{ path: "" }, "invalid"],
      [{ path: "/etc" }, "invalid"],
      [{ path: ".git" }, "invalid"],
      [{ path: ".GIT/hooks" }, "invalid"],
      [{ source: "relative" }, "invalid"],
      [{ source: join(root, "missing") }, "invalid"],
      [{ source: join(sealed, "dep/index.js") }, "invalid"],
      [{ source: join(workspace, "own") }, "refused"],
      [{ source: join(root, "link") }, "refused"],
      [{}, "invalid", outside],
    ];
    for (const [mount, code, folder = workspace] of cases) {
      const list = [{ source: sealed, path: "node_modules", ...mount }];
      await expect(
        sh("true", { mounts: { workspace: folder, list } }),
        JSON.stringify(mount),
      ).rejects.toMatchObject({
        name: "SandboxError",
        code,
      });
    }
  });

  test("several, one below the other's parent", async () => {
    const list = ["packages/a/node_modules", "node_modules"].map((path) => ({ source: sealed, path }));
    const { out } = await sh("cat node_modules/dep/index.js packages/a/node_modules/dep/index.js", {
      mounts: { workspace, list },
    });
    expect(out).toBe("sealedsealed");
  });
});

describe("the host's network", () => {
  const listening = createServer();
  afterAll(() => {
    listening.close();
  });

  test("is there when asked for, with name resolution and certificates and nothing else of /etc", async () => {
    listening.listen(0, "127.0.0.1");
    await new Promise((resolve) => listening.once("listening", resolve));
    const address = listening.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const connect = `node -e 'require("node:net").connect(${String(port)}, "localhost", () => { console.log("open"); process.exit() }).on("error", (e) => console.log(e.code))'`;
    expect((await sh(connect, { network: true })).out).toBe("open\n");
    expect((await sh(connect)).out).not.toBe("open\n");
    const plain = new Set((await sh("ls /etc")).out.split("\n"));
    const added = (await sh("ls /etc", { network: true })).out.split("\n").filter((name) => !plain.has(name));
    const known = ["resolv.conf", "nsswitch.conf", "host.conf", "gai.conf", "ssl", "ca-certificates", "pki"];
    expect(added.filter((name) => !known.includes(name))).toEqual([]);
    expect((await sh("cat /etc/hosts", { network: true })).out).toBe(await readFile("/etc/hosts", "utf8"));
    expect((await sh("ls /etc/ssl/private", { network: true })).code).not.toBe(0);
  });

  test("resolves names by what the host's resolv.conf leads to", async () => {
    const resolver = await realpath("/etc/resolv.conf").catch(() => undefined);
    const { out } = await sh("cat /etc/resolv.conf 2>/dev/null", { network: true });
    expect(out).toBe(resolver === undefined ? "" : await readFile(resolver, "utf8"));
  });
});

describe("without a box", () => {
  const none = createNoSandbox();

  test("the program gets a copy of its own, and each program a new one", async () => {
    await chmod(join(sealed, "dep/index.js"), 0o444);
    await symlink("dep/index.js", join(sealed, "link"));
    await leave(`ln -s '${outside}' node_modules`);
    const spoil = "cat node_modules/link; echo evil >node_modules/dep/index.js; touch node_modules/dep/new";
    expect(await sh(spoil, {}, none)).toEqual({ code: 0, out: "sealed", err: "" });
    expect(await sh("cat node_modules/link; ls node_modules/dep", {}, none)).toMatchObject({
      out: "sealedindex.js\n",
    });
    expect(await readlink(join(workspace, "node_modules/link"))).toBe("dep/index.js");
    expect(await readFile(join(sealed, "dep/index.js"), "utf8")).toBe("sealed");
    expect(await readdir(outside)).toEqual([]);
    expect(await readdir(dirname(workspace))).toHaveLength(3);
  });

  test("a source that is missing is an error", async () => {
    const list = [{ source: join(root, "missing"), path: "node_modules" }];
    await expect(sh("true", { mounts: { workspace, list } }, none)).rejects.toMatchObject({
      code: "invalid",
    });
  });
});
