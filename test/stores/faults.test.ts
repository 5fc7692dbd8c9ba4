// The SQLite store against a world that breaks: full and read-only disks, damaged files, killed and competing processes.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import { missionStream } from "../../src/protocol/ids.ts";
import { expectPragma } from "../../src/stores/sqlite/database.ts";
import type { WriterExchanges } from "../../src/stores/sqlite/messages.ts";
import { openSqliteStore, type SqliteStore } from "../../src/stores/sqlite/store.ts";
import { WorkerClient } from "../../src/stores/sqlite/workerClient.ts";
import {
  appended,
  appendOf,
  missionA,
  noise,
  notes,
  runner1,
  runner2,
  streamA,
  uuid,
} from "../../src/testing/storeContractKit.ts";
import { systemClock as clock } from "../../src/app/systemClock.ts";

const root = mkdtempSync(join(tmpdir(), "houston-faults-"));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

let number = 0;
const folder = (): string => join(root, String((number += 1)));
const open = (directory: string, more: { readOnly?: boolean; create?: boolean } = {}): Promise<SqliteStore> =>
  openSqliteStore({ directory, clock, ...more });
const program = [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  join(import.meta.dirname, "child/run.ts"),
];

/** Another process; its lines, and its end. */
function start(
  args: string[],
  env: Record<string, string> = {},
): { child: ChildProcess; lines: AsyncIterator<string>; exit: Promise<string> } {
  const [command = "", ...rest] = [...program, ...args];
  const child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
  children.add(child);
  const exit = new Promise<string>((resolve) =>
    child.on("exit", (code, signal) => resolve(signal ?? String(code))),
  );
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), exit };
}

/** Runs the child where a mount of ours, and nobody else's, is in place; needs no root where user namespaces are allowed. */
function inMount(mount: string, args: string[]): unknown {
  const flag = process.getuid?.() === 0 ? "-m" : "-Urm";
  const script = `exec unshare ${flag} sh -c '${mount} && exec "$@"' sh "$@"`;
  const { stdout, stderr, status } = spawnSync("sh", ["-c", script, "sh", ...program, ...args], {
    encoding: "utf8",
  });
  if (status !== 0)
    throw new Error(
      `this test needs unshare(1) and a mount namespace (root, or user namespaces allowed): ${stderr}${stdout}`,
    );
  return JSON.parse(stdout);
}

async function fill(directory: string, appends: number): Promise<void> {
  const store = await open(directory);
  for (let i = 0; i < appends; i += 1) {
    const { inline } = await store.blobs.stage(noise(2_048, i + 1));
    await appended(
      store,
      appendOf(streamA, 2 * i, [`${i}a`, `${i}b`], { blobs: inline === undefined ? [] : [inline] }),
    );
  }
  await store.close();
}

const containing = (part: string): unknown => expect.stringContaining(part);
const hashOf = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

describe("disks", () => {
  test("a full disk is said so, loses nothing acknowledged, and the store goes on when there is room", () => {
    const directory = folder();
    mkdirSync(directory);
    const said = inMount(`mount -t tmpfs -o size=6m tmpfs ${directory}`, ["fill", directory]) as Record<
      string,
      number
    >;
    expect(said).toMatchObject({ problem: "diskFull", large: "diskFull" });
    const acknowledged = said["acknowledged"] ?? 0;
    expect(acknowledged).toBeGreaterThan(2);
    expect(said).toMatchObject({ atFull: acknowledged, after: acknowledged + 2, read: acknowledged + 2 });
  });

  test("a folder that cannot be written opens read-only, and only so", async () => {
    const directory = folder();
    await fill(directory, 3);
    const said = inMount(`mount --bind ${directory} ${directory} && mount -o remount,ro,bind ${directory}`, [
      "readOnly",
      directory,
    ]);
    expect(said).toEqual({ writing: "readOnly", read: 6, appending: "readOnly" });
  });

  test("a database that would not wait for the disk is not used", () => {
    const db = new DatabaseSync(":memory:");
    db.exec("PRAGMA synchronous = NORMAL");
    const check = (): void => expectPragma(db, "houston.db", "synchronous", 2);
    expect(check).toThrow(/synchronous at 1 where 2 is needed/);
    db.exec("PRAGMA synchronous = FULL");
    check();
    db.close();
  });

  test("a worker that dies fails what was asked and what is asked", async () => {
    const directory = folder();
    await fill(directory, 1);
    const setup = { role: "writer", directory, readOnly: false, create: false, crash: undefined } as const;
    const client = new WorkerClient<WriterExchanges>(setup);
    await client.opened;
    const worker: unknown = Reflect.get(client, "worker");
    if (!(worker instanceof Worker)) throw new Error("no worker");
    const asked = Array.from({ length: 50 }, () => client.call("restoreBegin", undefined));
    const outcomes = Promise.allSettled(asked);
    await worker.terminate();
    expect((await outcomes).every(({ status }) => status === "rejected")).toBe(true);
    await expect(client.call("head", streamA)).rejects.toMatchObject({
      code: "io",
      message: containing("open the store again"),
    });
    await client.close();
  });
});

describe("files", () => {
  test("a newer schema is refused and the file is not touched", async () => {
    const directory = folder();
    await fill(directory, 2);
    const file = join(directory, "houston.db");
    const db = new DatabaseSync(file);
    db.exec("PRAGMA journal_mode = DELETE; PRAGMA user_version = 99");
    db.close();
    const before = hashOf(file);
    for (const readOnly of [true, false])
      await expect(open(directory, { readOnly })).rejects.toMatchObject({
        code: "newerSchema",
        message: containing("99"),
      });
    expect(hashOf(file)).toBe(before);
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  test("what is no store is refused and not touched", async () => {
    const directory = folder();
    mkdirSync(directory);
    const file = join(directory, "houston.db");
    writeFileSync(file, "dear diary ".repeat(100));
    await expect(open(directory)).rejects.toMatchObject({ code: "notAStore" });
    rmSync(file);
    const db = new DatabaseSync(file);
    db.exec("CREATE TABLE bookmarks (url)");
    db.close();
    const before = hashOf(file);
    await expect(open(directory)).rejects.toMatchObject({ code: "notAStore" });
    expect(hashOf(file)).toBe(before);
    await expect(open(folder(), { create: false })).rejects.toMatchObject({ code: "notAStore" });
    await expect(open(folder(), { readOnly: true })).rejects.toMatchObject({ code: "notAStore" });
  });

  test("a damaged or cut file is named, with what to do", async () => {
    const directory = folder();
    await fill(directory, 40);
    const file = join(directory, "houston.db");
    const whole = readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged.fill(0x5a, 10 * 1024, 30 * 1024);
    for (const bytes of [damaged, whole.subarray(0, whole.byteLength / 2)]) {
      writeFileSync(file, bytes);
      const problem = await open(directory).catch((error: unknown) => error);
      expect(problem).toMatchObject({ code: "corrupt", message: containing(file) });
      expect(problem).toMatchObject({ message: containing("restore a backup") });
    }
    writeFileSync(file, whole);
    const store = await open(directory);
    expect(await store.log.head(streamA)).toBe(80);
    await store.close();
  });
});

describe("damage inside", () => {
  test("one flipped byte of an event is noticed when it is read", async () => {
    const directory = folder();
    const store = await open(directory);
    await appended(store, appendOf(streamA, 0, ["remember the milk"]));
    await store.close();
    const file = join(directory, "houston.db");
    const bytes = readFileSync(file);
    bytes.write("silk", bytes.indexOf("milk"), "latin1");
    writeFileSync(file, bytes);
    const again = await open(directory);
    await expect(again.log.read(streamA, 0, 1)).rejects.toMatchObject({ code: "corrupt" });
    await again.close();
  });

  test("a damaged blob is noticed, inline and large", async () => {
    const directory = folder();
    const store = await open(directory);
    const large = await store.blobs.stage(noise(1_500_000));
    const path = join(directory, "blobs", large.ref.sha256.slice(0, 2), large.ref.sha256.slice(2));
    appendFileSync(path, "x");
    await expect(store.blobs.get(large.ref)).rejects.toMatchObject({
      code: "corrupt",
      message: containing(path),
    });
    expect(await store.blobs.stage(noise(1_500_000))).toEqual(large);
    expect((await store.blobs.get(large.ref))?.byteLength).toBe(1_500_000);
    await store.close();
  });

  test("a state cache that was damaged is left out", async () => {
    const directory = folder();
    const store = await open(directory);
    for (const seq of [1, 2]) await store.caches.save(missionA, { seq, stateVersion: 1, body: "{}" });
    appendFileSync(join(directory, "caches", missionA, "2"), "x");
    expect(await store.caches.load(missionA)).toEqual([{ seq: 1, stateVersion: 1, body: "{}" }]);
    await store.close();
  });

  test("a damaged heartbeat file is thrown away", async () => {
    const directory = folder();
    await fill(directory, 1);
    writeFileSync(join(directory, "heartbeats.db"), "garbage ".repeat(1_000));
    const store = await open(directory);
    expect(await store.leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs: 10, now: 0 })).toEqual(
      { status: "acquired", epoch: 1 },
    );
    expect(await store.leases.heartbeat({ missionId: missionA, epoch: 1, ttlMs: 10, now: 5 })).toBe(true);
    expect((await store.leases.get(missionA))?.expiresAt).toBe(15);
    await store.close();
  });
});

describe("backups", () => {
  test("a backup of a store in use opens and holds everything", async () => {
    const directory = folder();
    const store = await open(directory);
    const large = await store.blobs.stage(noise(1_500_000));
    for (let i = 0; i < 5; i += 1) await appended(store, appendOf(streamA, i, [`${i}`]));
    const copy = folder();
    await store.backup(copy);
    await expect(store.backup(copy)).rejects.toMatchObject({ code: "invalid" });
    await appended(store, appendOf(streamA, 5, ["later"]));
    const restored = await open(copy, { create: false });
    expect(await notes(restored, streamA)).toEqual(["0", "1", "2", "3", "4"]);
    expect((await restored.blobs.get(large.ref))?.byteLength).toBe(1_500_000);
    await Promise.all([store.close(), restored.close()]);
  });
});

describe("killed processes", () => {
  test.each([
    ["beforeCommit:3", 4],
    ["afterCommit:3", 6],
  ])("killed at %s: what was acknowledged is there, and every append is whole", async (crash, head) => {
    const directory = folder();
    const { lines, exit } = start(["append", directory, streamA, "9"], { HOUSTON_STORE_CRASH: crash });
    const said: unknown[] = [];
    for (let line = await lines.next(); line.done !== true; line = await lines.next())
      said.push(JSON.parse(line.value));
    expect(await exit).toBe("SIGKILL");
    expect(said).toEqual([{ acknowledged: 2 }, { acknowledged: 4 }]);
    const store = await open(directory);
    expect(await store.log.head(streamA)).toBe(head);
    // Doing it again finds out which it was.
    const repeated = await store.log.append(
      appendOf(streamA, 4, ["n4a", "n4b"], { commandId: `${streamA} 4` }),
    );
    expect(repeated.status).toBe(head === 6 ? "repeated" : "appended");
    expect(await notes(store, streamA)).toEqual(["n0a", "n0b", "n2a", "n2b", "n4a", "n4b"]);
    await store.close();
  });

  test("a WAL cut anywhere leaves whole appends from the beginning", async () => {
    const directory = folder();
    const { exit } = start(["append", directory, streamA, "9"], { HOUSTON_STORE_CRASH: "afterCommit:6" });
    expect(await exit).toBe("SIGKILL");
    const wal = join(directory, "houston.db-wal");
    for (let size = statSync(wal).size; size > 0; size = Math.floor(size * 0.5) - 13) {
      truncateSync(wal, Math.max(0, size));
      const store = await open(directory, { readOnly: true });
      const found = await notes(store, streamA);
      expect(found).toEqual(
        [0, 2, 4, 6, 8, 10].flatMap((seq) => [`n${seq}a`, `n${seq}b`]).slice(0, found.length),
      );
      expect(found.length % 2).toBe(0);
      await store.close();
    }
  });
});

describe("several processes", () => {
  test("two append at once while a third sees every append in order", async () => {
    const directory = folder();
    const store = await open(directory);
    const streams = [missionStream(uuid(8, 1)), missionStream(uuid(8, 2))];
    const writers = streams.map((streamId) => start(["append", directory, streamId, "40"]));
    const left = new Set(streams);
    const stop = new AbortController();
    let last = 0;
    for await (const { cursor, streamId, seq } of store.changes.changes(0, stop.signal)) {
      expect(cursor).toBeGreaterThan(last);
      last = cursor;
      if (seq === 80) left.delete(streamId);
      if (left.size === 0) stop.abort();
    }
    expect(last).toBe(160);
    expect(await Promise.all(writers.map(({ exit }) => exit))).toEqual(["0", "0"]);
    for (const streamId of streams) expect(await store.log.head(streamId)).toBe(80);
    await store.close();
  });

  test("heartbeats and reads go on while another process holds the write lock", async () => {
    const directory = folder();
    const store = await open(directory);
    await appended(store, appendOf(streamA, 0, ["before"]));
    await store.leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs: 100, now: 0 });
    const { child, lines, exit } = start(["hold", directory]);
    expect((await lines.next()).value).toBe('"held"');
    let settled = false;
    const late = appended(store, appendOf(streamA, 1, ["late"])).finally(() => (settled = true));
    for (let now = 1; now <= 50; now += 1) {
      expect(await store.leases.heartbeat({ missionId: missionA, epoch: 1, ttlMs: 100, now })).toBe(true);
      expect((await store.leases.get(missionA))?.expiresAt).toBe(now + 100);
    }
    expect(await notes(store, streamA)).toEqual(["before"]);
    expect(settled).toBe(false);
    child.stdin?.end();
    await late;
    expect(await exit).toBe("0");
    expect(await notes(store, streamA)).toEqual(["before", "late"]);
    await store.close();
  });
});

describe("several stores on one folder", () => {
  test("a lease is seen, kept and taken over across processes' stores", async () => {
    const directory = folder();
    const [one, two] = [await open(directory), await open(directory)];
    expect(await one.leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs: 100, now: 0 })).toEqual({
      status: "acquired",
      epoch: 1,
    });
    await one.leases.heartbeat({ missionId: missionA, epoch: 1, ttlMs: 100, now: 90 });
    expect(
      await two.leases.acquire({ missionId: missionA, runnerId: runner2, ttlMs: 100, now: 150 }),
    ).toMatchObject({ status: "held" });
    expect(
      await two.leases.acquire({ missionId: missionA, runnerId: runner2, ttlMs: 100, now: 190 }),
    ).toMatchObject({ status: "acquired", epoch: 2 });
    expect(await one.leases.heartbeat({ missionId: missionA, epoch: 1, ttlMs: 100, now: 191 })).toBe(false);
    const zombie = appendOf(streamA, 0, ["zombie"], { fence: { missionId: missionA, epoch: 1 } });
    expect(await one.log.append(zombie)).toEqual({ status: "stale", epoch: 1, currentEpoch: 2 });
    await Promise.all([one.close(), two.close()]);
  });

  test("several stores made in one folder at the same moment are one store", async () => {
    const directory = folder();
    const stores = await Promise.all([1, 2, 3].map(() => open(directory)));
    await Promise.all(
      stores.map((store, i) => appended(store, appendOf(missionStream(uuid(9, i)), 0, ["x"]))),
    );
    for (const store of stores) expect(await store.changes.cursor()).toBe(3);
    await Promise.all(stores.map((store) => store.close()));
  });
});

/** Commits in a WAL: frames that carry the size of the database. https://sqlite.org/fileformat.html#the_write_ahead_log */
function commitsIn(wal: string): number {
  const bytes = readFileSync(wal);
  const frameBytes = bytes.readUInt32BE(8) + 24;
  let commits = 0;
  for (let at = 32; at + frameBytes <= bytes.byteLength; at += frameBytes)
    if (bytes.readUInt32BE(at + 4) > 0) commits += 1;
  return commits;
}

test("a hundred missions at once share commits: at most one for ten appends", async () => {
  const directory = folder();
  const store = await open(directory);
  const wal = join(directory, "houston.db-wal");
  const streams = Array.from({ length: 100 }, (_, i) => missionStream(uuid(10, i)));
  const work = streams.map(async (streamId) => {
    for (let seq = 0; seq < 5; seq += 1) await appended(store, appendOf(streamId, seq, ["x"]));
  });
  await Promise.all(work);
  expect(commitsIn(wal)).toBeLessThanOrEqual(50);
  await store.close();
});
