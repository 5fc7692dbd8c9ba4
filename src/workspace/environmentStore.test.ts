// Environments on disk: what counts as whole after an interruption, what is durable, and what may be removed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, utimesSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createBubblewrap } from "../sandbox/bubblewrap.ts";
import { EnvironmentFixture, mission, shell } from "./environmentFixture.ts";
import { syncsOf } from "./fixture.ts";

const install = shell("mkdir deps && echo good >deps/installed");
let fixture: EnvironmentFixture;

beforeEach(async () => {
  fixture = new EnvironmentFixture(createBubblewrap({ graceMs: 300 }));
  await writeFile(join(fixture.tree, "lock"), "one");
});
afterEach(async () => {
  await fixture.remove();
});

/** The folder of the only environment there is. */
async function sealedFolder(): Promise<string> {
  const [output] = (await fixture.seal([install])).mounts;
  return dirname(output?.source ?? "");
}

describe("an environment that is not whole", () => {
  const damages: [string, (folder: string) => Promise<void>][] = [
    [
      "has no marker",
      async (folder) => {
        await rm(join(folder, "sealed.json"));
      },
    ],
    [
      "has a torn marker",
      async (folder) => {
        await writeFile(join(folder, "sealed.json"), '{"outputs":["de');
      },
    ],
    [
      "has an empty marker",
      async (folder) => {
        await writeFile(join(folder, "sealed.json"), "{}");
      },
    ],
    [
      "has lost an output",
      async (folder) => {
        await rename(join(folder, "0"), join(folder, "gone"));
      },
    ],
  ];
  test.each(damages)("because it %s is built anew", async (_why, damage) => {
    const folder = await sealedFolder();
    await damage(folder);
    for (const missionId of [mission(1), mission(2)]) {
      const { built, mounts } = await fixture.seal([install], { missionId });
      expect(built).toBe(missionId === mission(1));
      expect(readFileSync(join(mounts[0]?.source ?? "", "installed"), "utf8")).toBe("good\n");
    }
    expect(await readdir(fixture.directory)).toHaveLength(1);
  });
});

describe("a build whose runner is killed", () => {
  /** A process of its own that seals, and prints when its setup is at work. */
  function builder(script: string): ChildProcess {
    const at = (path: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href);
    const program = `
      import { EnvironmentFixture, shell } from ${at("environmentFixture.ts")};
      import { createBubblewrap } from ${at("../sandbox/bubblewrap.ts")};
      import { createEnvironments } from ${at("environment.ts")};
      const own = new EnvironmentFixture(createBubblewrap());
      const [directory, tree] = process.argv.slice(1);
      await own.remove();
      const keeper = createEnvironments({ directory, clock: own.clock, sandboxOf: async () => own.sandbox });
      const fresh = async () => ({ directory: tree });
      await keeper.seal({ ...own.request([shell(${JSON.stringify(script)})]), directory: tree, fresh });`;
    const argv = ["--input-type=module", "-e", program, fixture.directory, fixture.tree];
    return spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "inherit"] });
  }

  test("leaves nothing that counts, and what it left is removed in time", async () => {
    await fixture.sandbox.adopt(fixture.tree);
    const child = builder("mkdir deps; echo half >deps/installed; touch working; sleep 60");
    const left = once(child, "exit");
    while (!existsSync(join(fixture.tree, "working"))) await new Promise(setImmediate);
    child.kill("SIGKILL");
    await left;
    const rubbish = await readdir(fixture.directory);
    expect(rubbish).toEqual([expect.stringMatching(/^building-/)]);
    await rm(join(fixture.tree, "deps"), { recursive: true });
    const { built, mounts } = await fixture.seal([install]);
    expect(built).toBe(true);
    expect(readFileSync(join(mounts[0]?.source ?? "", "installed"), "utf8")).toBe("good\n");
    const old = new Date(fixture.clock.today - 1);
    utimesSync(join(fixture.directory, rubbish[0] ?? ""), old, old);
    expect(await fixture.environments.removeUnused(fixture.clock.today)).toBe(0);
    expect(await readdir(fixture.directory)).toHaveLength(1);
  });
});

test("everything is synced before the marker, and the marker before its name", async () => {
  const deep = shell("mkdir -p deps/a && echo x >deps/a/b && ln -s b deps/a/link");
  const marked: boolean[] = [];
  const paths = await syncsOf(
    async () => await fixture.seal([deep]),
    () => marked.push(existsSync(join(fixture.directory, "sealed.json"))),
  );
  const names = paths.map((path) =>
    path.replace(/^.*?\/sealed\//, "sealed/").replace(/building-[^/]+/, "building"),
  );
  const marker = names.indexOf("sealed/sealed.json");
  for (const path of ["sealed/0", "sealed/0/a", "sealed/0/a/b"]) {
    expect(names.indexOf(path), path).toBeGreaterThanOrEqual(0);
    expect(names.indexOf(path), path).toBeLessThan(marker);
  }
  const after = paths.slice(marker + 1);
  expect(after[0]).toMatch(/\/sealed$/);
  expect(after.at(-1)).toMatch(/\/[0-9a-f]{64}$/);
});

describe("what is not used any more", () => {
  test("is removed, however read-only; what a mission was given since stays", async () => {
    const folder = await sealedFolder();
    const { today } = fixture.clock;
    for (const path of [folder, join(folder, "missions", mission(1))]) {
      utimesSync(path, new Date(today), new Date(today));
    }
    expect(await fixture.environments.removeUnused(today)).toBe(0);
    // Given again a day later.
    fixture.clock.today = today + 86_400_000;
    await fixture.seal([install]);
    expect(await fixture.environments.removeUnused(today + 1)).toBe(0);
    expect(existsSync(folder)).toBe(true);
    expect(await fixture.environments.removeUnused(today + 86_400_001)).toBe(1);
    expect(await readdir(fixture.directory)).toEqual([]);
    expect((await fixture.seal([install])).built).toBe(true);
  });

  test("removes nothing where there is nothing", async () => {
    expect(await fixture.environments.removeUnused(Number.MAX_SAFE_INTEGER)).toBe(0);
    await mkdir(fixture.directory);
    expect(await fixture.environments.removeUnused(Number.MAX_SAFE_INTEGER)).toBe(0);
  });
});
