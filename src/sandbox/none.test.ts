// Without a box: an empty environment still, and no process left behind.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JailRequest } from "../ports/sandbox.ts";
import { createNoSandbox } from "./none.ts";
import { identify, isAlive } from "./tree.ts";

const sandbox = createNoSandbox({ graceMs: 200 });
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "houston-none-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const request = (script: string, change: Partial<JailRequest> = {}): JailRequest => ({
  argv: ["sh", "-c", script],
  cwd: directory,
  writable: [directory],
  readOnly: [],
  env: { GIVEN: "yes" },
  stdin: new Uint8Array(),
  signal: new AbortController().signal,
  ...change,
});

/** Reads until a line is complete, without closing the stream. */
async function firstLine(chunks: AsyncIterator<Uint8Array>): Promise<string> {
  let seen = "";
  while (!seen.includes("\n")) {
    const next = await chunks.next();
    if (next.done === true) break;
    seen += Buffer.from(next.value).toString("utf8");
  }
  return seen.trim();
}

test("passes input, output, environment and the exit on, and nothing of its own environment", async () => {
  process.env["HOUSTON_TEST_SECRET"] = "swordfish";
  const jail = await sandbox.spawn(
    request("cat; env; pwd; echo oh >&2; exit 3", { stdin: Buffer.from("in\n") }),
  );
  delete process.env["HOUSTON_TEST_SECRET"];
  const [out, err, exit] = await Promise.all([text(jail.stdout), text(jail.stderr), jail.exit]);
  expect(out).toMatch(/^in\n/);
  expect(out).toContain("GIVEN=yes");
  expect(out).not.toContain("swordfish");
  expect(out.trim().split("\n").at(-1)).toBe(directory);
  expect(err).toBe("oh\n");
  expect(exit).toEqual({ code: 3, signal: null });
});

test("output waits for a reader who comes after the end", async () => {
  const jail = await sandbox.spawn(request("echo late"));
  await jail.exit;
  expect(await text(jail.stdout)).toBe("late\n");
});

test("children outside the process group end with the program", async () => {
  const jail = await sandbox.spawn(
    request("setsid sh -c 'echo $$; touch up; exec sleep 1000' & until [ -e up ]; do :; done; rm up"),
  );
  const child = identify(Number(await firstLine(jail.stdout[Symbol.asyncIterator]())));
  await jail.exit;
  expect(child !== undefined && !isAlive(child)).toBe(true);
});

test("aborting ends the tree, deaf programs included", async () => {
  const stop = new AbortController();
  const script =
    "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$; sleep 1000; sleep 1000' & wait; sleep 1000";
  const jail = await sandbox.spawn(request(script, { signal: stop.signal }));
  const child = identify(Number(await firstLine(jail.stdout[Symbol.asyncIterator]())));
  stop.abort();
  expect(await jail.exit).toEqual({ code: null, signal: "SIGKILL" });
  expect(child !== undefined && !isAlive(child)).toBe(true);
});

test("an escaped child that holds the output open does not hold up its reader", async () => {
  const jail = await sandbox.spawn(
    request("env -i setsid sh -c 'echo $$; touch up; exec sleep 1000' & until [ -e up ]; do :; done; rm up"),
  );
  const [out, exit] = await Promise.all([text(jail.stdout), jail.exit]);
  expect(exit.code).toBe(0);
  process.kill(Number(out), "SIGKILL");
});

test("a program that does not exist is an error", async () => {
  await expect(sandbox.spawn(request("", { argv: ["nonesuch"] }))).rejects.toMatchObject({ code: "invalid" });
  await expect(sandbox.spawn(request("", { argv: [] }))).rejects.toMatchObject({ code: "invalid" });
  await expect(sandbox.spawn(request("", { signal: AbortSignal.abort() }))).rejects.toMatchObject({
    code: "refused",
  });
});
