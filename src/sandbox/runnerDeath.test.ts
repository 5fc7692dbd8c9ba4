// A runner that is killed with SIGKILL leaves no jailed process behind, at whatever moment it dies (case 4).
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";

/** In a jail, how long to sleep: tells its processes from all others on the machine. */
let duration = Number(`7${String(process.pid).padStart(8, "0")}00`);
let directory: string;
let runner: string;

beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "houston-death-")));
  runner = join(directory, "runner.ts");
  await writeFile(
    runner,
    `import { mkdirSync } from "node:fs";
    import { createBubblewrap } from ${JSON.stringify(import.meta.resolve("./bubblewrap.ts"))};
    const [duration, workspace] = process.argv.slice(2);
    mkdirSync(workspace);
    const sandbox = createBubblewrap();
    await sandbox.adopt(workspace);
    console.log("starting");
    const jail = await sandbox.spawn({
      argv: ["sh", "-c", \`setsid sleep \${duration} & setsid sh -c 'echo up; sleep \${duration}' & sleep \${duration}\`],
      cwd: workspace, writable: [workspace], readOnly: [], env: {}, stdin: new Uint8Array(),
      signal: new AbortController().signal,
    });
    process.stdout.on("error", () => undefined);
    for await (const chunk of jail.stdout) process.stdout.write(chunk);`,
  );
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

function startRunner(duration: number): ChildProcess {
  const workspace = join(directory, String(duration));
  return spawn(process.execPath, [runner, String(duration), workspace], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function printed(child: ChildProcess, word: string): Promise<void> {
  let seen = "";
  for await (const chunk of (child.stdout ?? []) as AsyncIterable<Buffer>) {
    seen += chunk.toString("utf8");
    if (seen.includes(word)) return;
  }
  throw new Error(`the runner ended without "${word}"; it printed ${seen}`);
}

/** Living processes whose command line mentions the duration, which is different for every test. */
async function survivors(duration: number): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
    if (command.includes(String(duration)) && !command.includes("runner.ts")) found.push(`${pid} ${command}`);
  }
  return found;
}

async function expectNoSurvivors(duration: number, withinMs: number): Promise<void> {
  await expect.poll(async () => await survivors(duration), { timeout: withinMs, interval: 10 }).toEqual([]);
}

test("killed while its jail is at work", async () => {
  const child = startRunner(duration);
  await printed(child, "up");
  expect(await survivors(duration)).not.toEqual([]);
  child.kill("SIGKILL");
  await expectNoSurvivors(duration, 1_000);
});

test("killed while its jail is being built", async () => {
  for (const delayMs of [0, 3, 6, 9, 12, 18]) {
    duration += 1;
    const child = startRunner(duration);
    await printed(child, "starting");
    await sleep(delayMs);
    child.kill("SIGKILL");
    // Nobody kills a jail that is being built: it comes to a shut door.
    await expectNoSurvivors(duration, 5_000);
  }
});
