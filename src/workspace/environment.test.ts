// Sealed environments: real setups in real boxes, built once, and never what an agent would like them to be.
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createBubblewrap } from "../sandbox/bubblewrap.ts";
import { EnvironmentFixture, mission, shell } from "./environmentFixture.ts";

const box = createBubblewrap({ graceMs: 300 });
let fixture: EnvironmentFixture;

beforeEach(async () => {
  fixture = new EnvironmentFixture(box);
  await writeFile(join(fixture.tree, "lock"), "one");
  await writeFile(join(fixture.tree, "source"), "good");
});
afterEach(async () => {
  await fixture.remove();
});

const put = async (path: string, content: string): Promise<void> => {
  await writeFile(join(fixture.tree, path), content);
};
/** Installs what the lockfile says, as spoiled as the source. */
const install = shell("mkdir deps && cat lock source >deps/installed");
const contentOf = (mounts: { source: string }[]): string =>
  mounts.map(({ source }) => readFileSync(join(source, "installed"), "utf8")).join();

describe("an environment", () => {
  test("is built once, and shown wherever it is asked for", async () => {
    const first = await fixture.seal([install]);
    expect(first).toMatchObject({ built: true, mounts: [{ path: "deps" }] });
    expect(first.key).toMatch(/^[0-9a-f]{64}$/);
    const second = await fixture.seal([install]);
    expect(second).toEqual({ ...first, built: false, output: "" });
    expect(fixture.builds).toBe(1);
    expect(await fixture.run("cat deps/installed", await fixture.folder(), first.mounts)).toBe("onegood");
  });

  test("says what building printed and took", async () => {
    const chatty = shell("mkdir deps; echo hello; echo oh >&2");
    const { environment, output } = await fixture.environments.seal(fixture.request([chatty]));
    expect(Buffer.from(output).toString("utf8")).toMatch(/^\$ sh -c .*\n(hello\noh|oh\nhello)\n$/);
    expect(environment.durationMs).toBeGreaterThan(0);
    const again = await fixture.environments.seal(fixture.request([chatty]));
    expect(again.environment.durationMs).toBe(environment.durationMs);
  });

  test("is read-only, and belongs to the runner", async () => {
    const wild = shell(
      "mkdir -p deps/inner; umask 0; echo x >deps/inner/run; chmod 6777 deps/inner/run; chmod 0 deps/inner; echo y >deps/open; ln -s open deps/link",
    );
    const { mounts } = await fixture.seal([wild]);
    const source = mounts[0]?.source ?? "";
    const modes = ["", "inner", "inner/run", "open"].map(
      (path) => statSync(join(source, path)).mode & 0o7777,
    );
    expect(modes).toEqual([0o755, 0o755, 0o555, 0o444]);
    const owners = ["", "inner/run", "link"].map((path) => lstatSync(join(source, path)).uid);
    expect(new Set(owners)).toEqual(new Set([process.getuid?.()]));
  });
});

describe("what is sealed", () => {
  test("has several outputs, of several setups in several folders", async () => {
    await mkdir(join(fixture.tree, "packages/a"), { recursive: true });
    await put("packages/a/lock", "a");
    const inner = shell("mkdir deps deps/more; cat lock ../../deps/installed >deps/installed", {
      cwd: "packages/a",
      outputs: ["deps", "deps/more", "deps/"],
    });
    const { mounts } = await fixture.seal([install, inner]);
    expect(mounts.map(({ path }) => path)).toEqual(["deps", "packages/a/deps"]);
    const shown = await fixture.run("cat packages/a/deps/installed", await fixture.folder(), mounts);
    expect(shown).toBe("aonegood");
  });

  test("has caches that tools can write in, among modules of Node only", async () => {
    const modules = shell("mkdir -p node_modules/.vite deps; echo x >node_modules/.vite/x", {
      outputs: ["node_modules", "deps"],
    });
    const { mounts } = await fixture.seal([modules]);
    const [first = "", second = ""] = mounts.map(({ source }) => source);
    expect(readdirSync(first)).toEqual([".cache", ".vite", ".vite-temp", ".vitest"]);
    expect(readdirSync(second)).toEqual([]);
    const write = "for d in .cache .vite .vite-temp .vitest; do touch node_modules/$d/y && echo $d; done";
    expect(await fixture.run(write, await fixture.folder(), mounts)).toBe(".cache\n.vite-temp\n.vitest\n");
    expect(readdirSync(join(first, ".cache"))).toEqual([]);
  });

  test("that was deleted is built again", async () => {
    const { mounts } = await fixture.seal([install]);
    await rm(mounts[0]?.source ?? "", { recursive: true });
    const again = await fixture.seal([install]);
    expect(again.built).toBe(true);
    expect(contentOf(again.mounts)).toBe("onegood");
    await rm(fixture.directory, { recursive: true });
    expect((await fixture.seal([install])).built).toBe(true);
  });

  test("may live behind a link", async () => {
    await mkdir(join(fixture.root, "elsewhere"));
    await symlink("elsewhere", fixture.directory);
    const { mounts } = await fixture.seal([install]);
    expect(await fixture.run("cat deps/installed", await fixture.folder(), mounts)).toBe("onegood");
  });

  test("without setups is empty", async () => {
    expect((await fixture.seal([])).mounts).toEqual([]);
  });
});

describe("what an environment is asked for by", () => {
  test("lockfiles, commands and outputs; not the rest of the tree", async () => {
    const { key, mounts } = await fixture.seal([install]);
    await put("source", "changed");
    const other = await fixture.seal([install]);
    expect(other).toMatchObject({ key, built: false, mounts });
    await put("lock", "two");
    const changed = await fixture.seal([install]);
    expect(changed.key).not.toBe(key);
    expect(contentOf(changed.mounts)).toBe("twochanged");
    await put("lock", "one");
    expect(await fixture.seal([install])).toMatchObject({ key, built: false, mounts });
  });

  test("a worker cannot leave an environment behind for others", async () => {
    // In its own mission the worker's lockfile is new, and its tree spoils what is installed.
    await put("source", "spoiled");
    const workers = await fixture.seal([install], { missionId: mission(1) });
    expect(contentOf(workers.mounts)).toBe("onespoiled");
    // Some day another mission begins with the same lockfile.
    await put("source", "good");
    const others = await fixture.seal([install], { missionId: mission(2) });
    expect(others).toMatchObject({ key: workers.key, built: true });
    expect(contentOf(others.mounts)).toBe("onegood");
    // A third one, with an equal tree, needs no building; nor has the first mission's changed.
    expect(await fixture.seal([install], { missionId: mission(3) })).toMatchObject({
      built: false,
      mounts: others.mounts,
    });
    expect((await fixture.seal([install], { missionId: mission(1) })).mounts).toEqual(workers.mounts);
  });

  test("a tree that says the same with other files, links or bits is another", async () => {
    const trees = [
      "true",
      "mv source moved",
      "chmod +x moved",
      "ln -s moved link",
      "ln -sf lock link",
      "mkdir inner && mv moved inner/",
    ];
    const folder = await fixture.folder();
    for (const [index, change] of trees.entries()) {
      await fixture.run(change, folder, []);
      const missionId = mission(index);
      const tolerant = shell("mkdir deps");
      expect(await fixture.seal([tolerant], { directory: folder, missionId }), change).toMatchObject({
        built: true,
      });
    }
  });
});

describe("several at once", () => {
  test("requests for one key in a process build once", async () => {
    const all = await Promise.all(
      [1, 2, 3].map(async (n) => await fixture.seal([install], { missionId: mission(n) })),
    );
    expect(fixture.builds).toBe(1);
    expect(all.filter(({ built }) => built)).toHaveLength(1);
    expect(new Set(all.map(({ mounts }) => JSON.stringify(mounts))).size).toBe(1);
  });

  test("two processes may both build; one's counts for both", async () => {
    const keepers = [fixture.environments, fixture.keeper(), fixture.keeper()];
    const all = await Promise.all(
      keepers.map(async (keeper) => await keeper.seal(fixture.request([install]))),
    );
    expect(new Set(all.map(({ mounts }) => JSON.stringify(mounts))).size).toBe(1);
    expect(contentOf(all[0]?.mounts ?? [])).toBe("onegood");
    expect(await readdir(fixture.directory)).toEqual([all[0]?.environment.key]);
  });

  test("one that fails leaves the next its own try; one that is told to stop does not wait", async () => {
    const stop = new AbortController();
    const slow = shell("mkdir deps; sleep 60");
    const first = fixture.seal([slow], { signal: stop.signal });
    const impatient = new AbortController();
    const second = fixture.seal([slow], { signal: impatient.signal });
    impatient.abort();
    await expect(second).rejects.toMatchObject({ name: "EnvironmentError", code: "broken" });
    stop.abort();
    await expect(first).rejects.toMatchObject({ name: "EnvironmentError", code: "broken" });
    expect(await readdir(fixture.directory)).toEqual([]);
  });
});

describe("a setup that fails", () => {
  const failing: [string, ReturnType<typeof shell>, RegExp, RegExp][] = [
    ["by its exit", shell("echo why >&2; exit 3"), /`sh -c .*` exited with 3/, /why/],
    ["in a folder", shell("exit 3", { cwd: "inner" }), /in inner exited with 3/, /sh -c/],
    ["by time", shell("echo on; sleep 60", { timeoutMs: 300 }), /did not end within 300 ms/, /on/],
    ["by not being there", shell("", { command: ["nonesuch"] }), /exited with 127/, /nonesuch/],
    ["by making nothing", shell("echo idle"), /made no folder deps/, /idle/],
    ["by making a file", shell("touch deps"), /deps is a link or a file/, /sh/],
    ["by making a link", shell("mkdir own; ln -s own deps"), /deps is a link or a file/, /sh/],
  ];
  test.each(failing)(
    "%s is an error with its output, and leaves nothing",
    async (_how, setup, message, printed) => {
      await mkdir(join(fixture.tree, "inner"));
      const error: unknown = await fixture.seal([setup]).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "EnvironmentError", code: "setup" });
      const { message: said, output } = error as Error & { output: Uint8Array };
      expect(said).toMatch(message);
      expect(Buffer.from(output).toString("utf8")).toMatch(printed);
      expect(await readdir(fixture.directory)).toEqual([]);
    },
  );

  test("keeps the end of what it printed", async () => {
    const loud = shell("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1");
    const error: unknown = await fixture.seal([loud]).catch((thrown: unknown) => thrown);
    const { output } = error as { output: Uint8Array };
    expect(output.length).toBeLessThan(1_100_000);
    expect(Buffer.from(output).toString("utf8")).toMatch(/^\[… beginning left out …\]\nx+\nthe end\n$/);
  });

  test("an output outside the tree is refused before anything runs", async () => {
    for (const output of ["..", "../x", "/etc", ".", ".git", ".git/hooks"]) {
      const setup = shell("mkdir deps", { outputs: [output] });
      const expected = { name: "EnvironmentError", code: "setup" };
      await expect(fixture.seal([setup]), output).rejects.toMatchObject(expected);
    }
    expect(fixture.builds).toBe(0);
  });
});

describe("a setup that wants the network", () => {
  const connected = shell("mkdir deps; env | sort", { network: true });
  const hostEnv = {
    PATH: process.env["PATH"],
    HTTPS_PROXY: "http://proxy.invalid:1",
    no_proxy: "localhost",
    npm_config_registry: "https://user:swordfish@registry.invalid/npm/",
    npm_config__authToken: "swordfish",
    NPM_TOKEN: "swordfish",
  };

  test("is not run unless that is allowed, and the error says how", async () => {
    const refused = { name: "EnvironmentError", code: "notAllowed", message: /--allow-setup-network/ };
    await expect(fixture.seal([connected])).rejects.toMatchObject({
      ...refused,
      message: expect.stringMatching(refused.message) as string,
    });
    expect(fixture.builds).toBe(0);
  });

  test("is told how to get there, and no secret", async () => {
    const keeper = fixture.keeper(hostEnv);
    const { output } = await keeper.seal(fixture.request([connected], { network: true }));
    const printed = Buffer.from(output).toString("utf8");
    expect(printed).toContain("HTTPS_PROXY=http://proxy.invalid:1\n");
    expect(printed).toContain("no_proxy=localhost\n");
    expect(printed).toContain("npm_config_registry=https://registry.invalid/npm/\n");
    expect(printed).not.toContain("swordfish");
  });

  test("is found sealed afterwards without it", async () => {
    const { key } = await fixture.seal([connected], { network: true });
    expect(await fixture.seal([connected])).toMatchObject({ key, built: false });
  });

  test("one that does not want it has none, even where it is allowed", async () => {
    const quiet = shell("mkdir deps; grep -c : /proc/net/dev; env | grep -i proxy");
    const { output } = await fixture
      .keeper(hostEnv)
      .seal(fixture.request([shell(`${quiet.command[2] ?? ""}; true`)], { network: true }));
    expect(Buffer.from(output).toString("utf8").split("\n").slice(1)).toEqual(["1", ""]);
  });
});

describe("poison", () => {
  test("what a setup leaves running, linked or listening is not in what is sealed", async () => {
    const hostile = shell(`mkdir deps home; echo good >deps/a; ln deps/a outside-name; mkfifo deps/pipe
      (setsid sh -c 'while :; do echo evil >>deps/a; done' &) 2>/dev/null
      ln -s / deps/root; true`);
    let built = "";
    const { mounts } = await fixture.seal([hostile], {
      fresh: async () => ({ directory: (built = await fixture.folder()) }),
    });
    const source = mounts[0]?.source ?? "";
    expect(statSync(join(source, "a")).nlink).toBe(1);
    const sealed = await readFile(join(source, "a"), "utf8");
    // Under its other name the file can be written; what is sealed is a file of its own.
    await fixture.run("echo evil >outside-name", built, []);
    expect(await readFile(join(source, "a"), "utf8")).toBe(sealed);
    expect(existsSync(join(source, "pipe"))).toBe(false);
    expect(await fixture.run("cat deps/a", await fixture.folder(), mounts)).toBe(sealed);
  });

  test("an output whose path was led elsewhere is not taken from there", async () => {
    const elsewhere = join(fixture.root, "elsewhere");
    await mkdir(join(elsewhere, "deps"), { recursive: true });
    await mkdir(join(fixture.tree, "inner"));
    const leading = shell(`cd ..; rmdir inner; ln -s '${elsewhere}' inner`, { cwd: "inner" });
    await expect(fixture.seal([leading])).rejects.toMatchObject({ name: "EnvironmentError", code: "setup" });
    expect(existsSync(join(elsewhere, "deps"))).toBe(true);
  });

  test("a lockfile that is a link is refused", async () => {
    await rm(join(fixture.tree, "lock"));
    await symlink("source", join(fixture.tree, "lock"));
    await expect(fixture.seal([install])).rejects.toMatchObject({ name: "EnvironmentError", code: "setup" });
    const below = shell("mkdir deps", { lockfiles: ["linked/lock"] });
    await rm(join(fixture.tree, "lock"));
    await mkdir(join(fixture.tree, "real"));
    await put("real/lock", "x");
    await symlink("real", join(fixture.tree, "linked"));
    await expect(fixture.seal([below])).rejects.toMatchObject({ name: "EnvironmentError", code: "setup" });
  });

  test("a missing lockfile is not an empty one", async () => {
    await put("lock", "");
    const tolerant = shell("mkdir deps");
    const { key } = await fixture.seal([tolerant]);
    await rm(join(fixture.tree, "lock"));
    expect((await fixture.seal([tolerant])).key).not.toBe(key);
  });

  test("setups see neither each other's homes nor the environments", async () => {
    const nosy = shell(`mkdir deps; ls -A ~; touch ~/left; ls '${fixture.directory}'`);
    await fixture.seal([install]);
    const { output } = await fixture.seal([nosy]);
    expect(output.split("\n").slice(1)).toEqual([expect.stringMatching(/^building-/), ""]);
  });
});
