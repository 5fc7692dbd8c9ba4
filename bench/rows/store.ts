// What the SQLite store costs: one mission's appends against raw transactions of the same rows, a hundred
// missions at once, and the size of a thousand steps.
import { hash, randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { HoustonEvent } from "../../src/protocol/events.ts";
import { missionStream } from "../../src/protocol/ids.ts";
import { migrations, pageSizeBytes, sql } from "../../src/stores/sqlite/schema.ts";
import { openSqliteStore, type SqliteStore } from "../../src/stores/sqlite/store.ts";

export interface StoreRow {
  name: string;
  value: number;
  unit: string;
  /** What it should be, for people; undefined where there is no goal. */
  goal?: string;
}

const clock = { now: () => Date.now(), monotonicMs: () => performance.now(), wait: () => Promise.resolve() };
const blobBytes = 2_048;
const steps = 1_000;
/** Three events that are about 600 bytes of JSON together. */
const eventsOf = (i: number): HoustonEvent[] =>
  [0, 1, 2].map((k) => ({ type: "mission.paused", by: "human:ada", reason: `${i}.${k} ${"x".repeat(140)}` }));

function quantile(values: number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;
}

async function step(store: SqliteStore, missionId: string, i: number): Promise<number> {
  const { inline } = await store.blobs.stage(randomBytes(blobBytes));
  const events = eventsOf(i).map((event) => ({ at: 1_763_689_399_000 + i, event }));
  const streams = [{ streamId: missionStream(missionId), expectedSeq: 3 * i, events }];
  const append = {
    commandId: randomUUID(),
    streams,
    blobs: inline === undefined ? [] : [inline],
    wakeAt: 1_763_689_399_000 + i,
  };
  const start = performance.now();
  const { status } = await store.log.append(append);
  const elapsed = performance.now() - start;
  if (status !== "appended") throw new Error(status);
  return elapsed;
}

/** The same rows in the same tables, by prepared statements in one thread, unchecked. */
function rawDatabase(directory: string): (i: number) => number {
  mkdirSync(directory);
  const db = new DatabaseSync(join(directory, "raw.db"));
  db.exec(
    `PRAGMA page_size = ${pageSizeBytes}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096`,
  );
  for (const migration of migrations) db.exec(migration);
  db.prepare(sql.addStream).run("mission:raw");
  const [begin, event, blob, wake, commit] = [
    sql.begin,
    sql.addEvent,
    sql.addBlob,
    sql.setWake,
    sql.commit,
  ].map((text) => db.prepare(text));
  if (!begin || !event || !blob || !wake || !commit) throw new Error("no statements");
  return (i) => {
    const bytes = randomBytes(blobBytes);
    const rows = eventsOf(i).map(({ type, ...rest }) => [type, JSON.stringify(rest)] as const);
    const [digest, command, at] = [hash("sha256", bytes, "buffer"), randomBytes(16), 1_763_689_399_000 + i];
    const start = performance.now();
    begin.run();
    rows.forEach(([type, body], k) =>
      event.run(1, 3 * i + k + 1, at, 1, type, k === 0 ? command : null, 0x7fffffff, body),
    );
    blob.run(digest, blobBytes, 0, bytes);
    wake.run(1, at);
    commit.run();
    return performance.now() - start;
  };
}

async function oneMission(root: string): Promise<StoreRow[]> {
  const directory = join(root, "one");
  const store = await openSqliteStore({ directory, clock });
  const raw = rawDatabase(join(root, "raw"));
  const missionId = randomUUID();
  const [ours, theirs]: [number[], number[]] = [[], []];
  // In turns, so that whatever else the machine does meets both.
  for (let start = 0; start < steps; start += 50) {
    for (let i = start; i < start + 50; i += 1) theirs.push(raw(i));
    for (let i = start; i < start + 50; i += 1) ours.push(await step(store, missionId, i));
  }
  await store.close();
  const [p50, rawP50] = [quantile(ours, 0.5), quantile(theirs, 0.5)];
  return [
    { name: "store.append.p50", value: p50, unit: "ms" },
    { name: "store.append.raw.p50", value: rawP50, unit: "ms" },
    { name: "store.append.ratio", value: rawP50 / p50, unit: "raw / ours", goal: ">= 0.8" },
    {
      name: "store.append.growth",
      value: quantile(ours.slice(950), 0.5) / quantile(ours.slice(25, 75), 0.5),
      unit: "step 1000 / step 50",
      goal: "<= 1.2",
    },
    {
      name: "store.size.steps1000",
      value: statSync(join(directory, "houston.db")).size,
      unit: "bytes",
      goal: "<= 3 MiB",
    },
  ];
}

/** Frames of a WAL that end a commit; each commit syncs once. https://sqlite.org/fileformat.html#the_write_ahead_log */
function commitsIn(wal: string): number {
  const bytes = readFileSync(wal);
  const frameBytes = bytes.readUInt32BE(8) + 24;
  let commits = 0;
  for (let at = 32; at + frameBytes <= bytes.byteLength; at += frameBytes)
    if (bytes.readUInt32BE(at + 4) > 0) commits += 1;
  return commits;
}

async function hundredMissions(root: string): Promise<StoreRow[]> {
  const directory = join(root, "hundred");
  const store = await openSqliteStore({ directory, clock });
  // Few enough that no checkpoint starts the WAL again.
  const each = 5;
  const missions = Array.from({ length: 100 }, () => randomUUID());
  const start = performance.now();
  await Promise.all(
    missions.map(async (missionId) => {
      for (let i = 0; i < each; i += 1) await step(store, missionId, i);
    }),
  );
  const elapsed = performance.now() - start;
  const commits = commitsIn(join(directory, "houston.db-wal"));
  await store.close();
  const appends = missions.length * each;
  return [
    { name: "store.hundred.syncs", value: commits / appends, unit: "syncs / append", goal: "<= 0.1" },
    { name: "store.hundred.rate", value: (appends / elapsed) * 1_000, unit: "appends / s" },
  ];
}

async function opening(root: string): Promise<StoreRow[]> {
  const start = performance.now();
  const store = await openSqliteStore({ directory: join(root, "one"), clock });
  const elapsed = performance.now() - start;
  await store.close();
  return [{ name: "store.open", value: elapsed, unit: "ms", goal: "<= 150" }];
}

export async function storeRows(): Promise<StoreRow[]> {
  const root = mkdtempSync(join(tmpdir(), "houston-bench-"));
  try {
    return [...(await oneMission(root)), ...(await hundredMissions(root)), ...(await opening(root))];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
