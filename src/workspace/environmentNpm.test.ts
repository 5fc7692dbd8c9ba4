// Real npm with a lockfile, in the real box and without the network; and where programs like it are found.
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createBubblewrap } from "../sandbox/bubblewrap.ts";
import { createNoSandbox } from "../sandbox/none.ts";
import { EnvironmentFixture, mission, setupOf, shell } from "./environmentFixture.ts";
import { hostPrograms, networkSettings } from "./environmentPrograms.ts";

const box = createBubblewrap({ graceMs: 300 });
const npmCi = setupOf(["npm", "ci", "--offline", "--no-audit", "--no-fund"], {
  outputs: ["node_modules"],
  lockfiles: ["package-lock.json"],
});
let template: string;
let fixture: EnvironmentFixture;

/** A project whose only dependency is a tarball beside it: npm installs it like any other, from the lockfile. */
beforeAll(async () => {
  template = await realpath(await mkdtemp(join(tmpdir(), "houston-npm-")));
  const npm = async (directory: string, ...args: string[]): Promise<void> => {
    const env = { PATH: process.env["PATH"], HOME: template, npm_config_offline: "true" };
    await promisify(execFile)("npm", args, { cwd: directory, env });
  };
  const put = (path: string, content: unknown): void => {
    mkdirSync(join(template, path, ".."), { recursive: true });
    writeFileSync(join(template, path), typeof content === "string" ? content : JSON.stringify(content));
  };
  put("dep/package.json", { name: "dep", version: "1.0.0", bin: { dep: "index.js" } });
  put("dep/index.js", '#!/usr/bin/env node\nmodule.exports = "sealed";\nconsole.log("ran");\n');
  put("tree/package.json", {
    name: "app",
    version: "1.0.0",
    dependencies: { dep: "file:vendor/dep-1.0.0.tgz" },
  });
  mkdirSync(join(template, "tree/vendor"));
  await npm(join(template, "dep"), "pack", "--pack-destination", "../tree/vendor");
  await npm(join(template, "tree"), "install", "--package-lock-only");
}, 60_000);
afterAll(async () => {
  await rm(template, { recursive: true, force: true });
});

beforeEach(async () => {
  fixture = new EnvironmentFixture(box);
});
afterEach(async () => {
  await fixture.remove();
});

const requireIt = "node -p 'require(\"dep\")' | tail -1; node_modules/.bin/dep";

describe("npm ci", () => {
  beforeEach(async () => {
    await cp(join(template, "tree"), fixture.tree, { recursive: true });
  });

  test("is sealed from a lockfile and used without being installed again", async () => {
    const { built, mounts, output } = await fixture.seal([npmCi]);
    expect(output).toMatch(/added 1 package/);
    expect([built, mounts.map(({ path }) => path)]).toEqual([true, ["node_modules"]]);
    expect(await fixture.run(requireIt, await fixture.folder(), mounts)).toBe("sealed\nran\n");
    expect(await fixture.seal([npmCi], { missionId: mission(2) })).toMatchObject({ built: false, mounts });
  });

  test("an agent's own version is never what a check sees", async () => {
    const { mounts } = await fixture.seal([npmCi]);
    const folder = await fixture.folder();
    const evil = "echo 'module.exports = \"evil\"' >$d/dep/index.js";
    await fixture.run(`for d in node_modules own; do mkdir -p $d/dep; ${evil}; done`, folder, mounts);
    await fixture.run("npm install --offline vendor/dep-1.0.0.tgz; npm ci --offline", folder, mounts);
    expect(await fixture.run(requireIt, folder, mounts)).toBe("sealed\nran\n");
    // What of this becomes part of a tree: tracked modules, or a link in their place.
    await fixture.run("rm -rf node_modules; cp -r own node_modules", folder, []);
    expect(await fixture.run(requireIt, folder, mounts)).toBe("sealed\nran\n");
    await fixture.run("rm -rf node_modules; ln -s own node_modules", folder, []);
    expect(await fixture.run(requireIt, folder, mounts)).toBe("sealed\nran\n");
    expect(await fixture.run(requireIt, await fixture.folder(), mounts)).toBe("sealed\nran\n");
  });

  test("that does not fit its lockfile fails with what npm said", async () => {
    await writeFile(join(fixture.tree, "package.json"), JSON.stringify({ dependencies: { other: "1.0.0" } }));
    const error: unknown = await fixture.seal([npmCi]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "EnvironmentError", code: "setup" });
    expect(Buffer.from((error as { output: Uint8Array }).output).toString("utf8")).toMatch(/npm error/);
  });

  test("works without a box too", async () => {
    const bare = new EnvironmentFixture(createNoSandbox());
    try {
      await cp(join(template, "tree"), bare.tree, { recursive: true });
      const { mounts } = await bare.seal([npmCi]);
      expect(await bare.run(requireIt, await bare.folder(), mounts)).toBe("sealed\nran\n");
    } finally {
      await bare.remove();
    }
  });
});

describe("programs of the host", () => {
  /** As version managers lay them out, in a folder that the box does not know. */
  async function install(): Promise<string> {
    const prefix = join(fixture.root, "versions");
    const folder = join(prefix, "lib/node_modules/installer");
    await mkdir(join(folder, "bin"), { recursive: true });
    await mkdir(join(prefix, "bin"));
    await writeFile(join(folder, "message.js"), "module.exports = process.version");
    const script =
      '#!/usr/bin/env node\nconsole.log(require("../message.js"), process.argv[2]);\nrequire("node:fs").mkdirSync("deps")';
    await writeFile(join(folder, "bin/cli.js"), script, { mode: 0o755 });
    await symlink("../lib/node_modules/installer/bin/cli.js", join(prefix, "bin/houston-installer"));
    return join(prefix, "bin");
  }

  test("that PATH names work in the box, on Houston's Node, wherever they lie", async () => {
    const PATH = `relative:/nonesuch:${await install()}`;
    await chmod(fixture.root, 0o700);
    const setups = [setupOf(["houston-installer", "now"]), shell("houston-installer then; true")];
    const { output } = await fixture.keeper({ PATH }).seal(fixture.request(setups.slice(0, 1)));
    expect(Buffer.from(output).toString("utf8").split("\n")[1]).toBe(`${process.version} now`);
    // Only those that a setup names are shown.
    const { output: second } = await fixture
      .keeper({ PATH })
      .seal(fixture.request([shell("houston-installer; mkdir deps")]));
    expect(Buffer.from(second).toString("utf8")).toMatch(/not found/);
  });

  test("come with those that they call, and with their package", async () => {
    const folder = join(fixture.root, "lib/node_modules/@scope/npm-like");
    await mkdir(folder, { recursive: true });
    for (const name of ["yarn", "yarnpkg"]) {
      await writeFile(join(folder, name), "", { mode: 0o755 });
      await symlink(join(folder, name), join(fixture.root, name));
    }
    const found = await hostPrograms("yarn", { PATH: fixture.root });
    expect(found).toEqual(
      ["yarn", "yarnpkg"].map((name) => ({ name, path: join(folder, name), readOnly: folder })),
    );
    expect(await hostPrograms("nonesuch", { PATH: fixture.root })).toEqual([]);
    expect(await hostPrograms("./yarn", { PATH: fixture.root })).toEqual([]);
  });
});

describe("the way to the network", () => {
  test("is what the user's own npm would take: variable, then configuration; never a token", async () => {
    const HOME = fixture.root;
    const configuration =
      "//registry.invalid/:_authToken=swordfish\nregistry = https://u:swordfish@registry.invalid/\n";
    await writeFile(join(HOME, ".npmrc"), configuration);
    expect(await networkSettings({ HOME })).toEqual({
      env: { npm_config_registry: "https://registry.invalid/" },
      readOnly: [],
    });
    expect((await networkSettings({ HOME, npm_config_registry: "https://other.invalid/x/" })).env).toEqual({
      npm_config_registry: "https://other.invalid/x/",
    });
    expect((await networkSettings({ HOME, npm_config_userconfig: "/nonesuch" })).env).toEqual({});
  });

  test("shows an extra certificate that exists", async () => {
    const file = join(fixture.root, "ca.pem");
    const env = { HOME: "/nonesuch", NODE_EXTRA_CA_CERTS: file };
    expect(await networkSettings(env)).toEqual({ env: {}, readOnly: [] });
    await writeFile(file, "certificate");
    expect(await networkSettings(env)).toEqual({ env: { NODE_EXTRA_CA_CERTS: file }, readOnly: [file] });
    const read = shell('mkdir deps; cat "$NODE_EXTRA_CA_CERTS"', { network: true });
    const { output } = await fixture.keeper(env).seal(fixture.request([read], { network: true }));
    expect(Buffer.from(output).toString("utf8")).toContain("certificate");
  });
});
