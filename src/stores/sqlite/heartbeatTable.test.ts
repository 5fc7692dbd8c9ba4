// Heartbeats are never synced: whatever a power cut made of their file, missions can be taken over and go on.
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HeartbeatTable } from "./heartbeatTable.ts";

const [missionA, missionB] = ["mission-a", "mission-b"];
const pageBytes = 4096;
let directory: string;
let file: string;
let opened: HeartbeatTable[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "houston-heartbeats-"));
  file = join(directory, "heartbeats.db");
  opened = [];
});
afterEach(() => {
  for (const table of opened) table.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(readOnly = false): HeartbeatTable {
  const table = HeartbeatTable.open(directory, readOnly);
  if (table === undefined) throw new Error("it did not open");
  opened.push(table);
  return table;
}

/** Garbage in the middle of the file; `from` 0 also takes what tells that it is a database. */
function overwrite(from: number): void {
  const handle = openSync(file, "r+");
  writeSync(handle, Buffer.alloc(statSync(file).size - from, 0xa5), 0, undefined, from);
  closeSync(handle);
}

/** Damages what is in use: another connection moves all into the file, so that nobody believes its cache. */
function damage(from: number): void {
  const db = new DatabaseSync(file);
  db.exec("INSERT OR REPLACE INTO heartbeats VALUES ('other', 1, 1, 1); PRAGMA wal_checkpoint(TRUNCATE)");
  overwrite(from);
  db.close();
}

const damages = [
  ["no database any more", 0],
  ["its schema damaged", 100],
  ["its table damaged", pageBytes],
] as const;

describe.each(damages)("heartbeats, %s", (_name, from) => {
  test("at the start", () => {
    const before = open();
    before.raise(missionA, 1, 10, 5);
    before.close();
    overwrite(from);
    expect(HeartbeatTable.open(directory, true)?.get(missionA)).toBeUndefined();
    const table = open();
    expect(table.get(missionA)).toBeUndefined();
    expect(table.raise(missionA, 2, 20, 5)).toBe(true);
    expect(table.get(missionA)).toEqual({ epoch: 2, at: 20, ttlMs: 5 });
  });

  test("found by reading: nothing is there", () => {
    const table = open();
    table.raise(missionA, 1, 10, 5);
    damage(from);
    expect(table.get(missionA)).toBeUndefined();
    expect(table.raise(missionA, 2, 20, 5)).toBe(true);
    expect(table.get(missionA)).toEqual({ epoch: 2, at: 20, ttlMs: 5 });
  });

  test("found by a heartbeat: it is not counted, which makes the writer ask the store", () => {
    const table = open();
    table.raise(missionA, 1, 10, 5);
    damage(from);
    expect(table.beat(missionA, 1, 20, 5)).toBe(false);
    expect(table.get(missionA)).toBeUndefined();
    expect(table.raise(missionA, 1, 20, 5)).toBe(true);
    expect(table.beat(missionA, 1, 30, 5)).toBe(true);
  });

  test("found by a takeover: it succeeds, and whoever else has the file open sees it", () => {
    const [table, other, reader] = [open(), open(), open(true)];
    table.raise(missionA, 1, 10, 5);
    other.raise(missionB, 1, 10, 5);
    expect(reader.get(missionA)?.epoch).toBe(1);
    damage(from);
    expect(reader.get(missionA)).toBeUndefined();
    expect(table.raise(missionA, 2, 20, 5)).toBe(true);
    expect(other.get(missionA)).toEqual({ epoch: 2, at: 20, ttlMs: 5 });
    expect(other.beat(missionB, 1, 20, 5)).toBe(false);
    expect(other.raise(missionB, 1, 20, 5)).toBe(true);
    for (const one of [table, reader]) expect(one.get(missionB)?.at).toBe(20);
    expect(table.get(missionA)?.epoch).toBe(2);
  });
});

test("a file that somebody removed is made again", () => {
  const table = open();
  const reader = open(true);
  table.raise(missionA, 1, 10, 5);
  rmSync(file);
  expect(reader.get(missionA)).toBeUndefined();
  expect(table.beat(missionA, 1, 20, 5)).toBe(false);
  expect(table.raise(missionA, 1, 20, 5)).toBe(true);
  expect(reader.get(missionA)?.at).toBe(20);
});

test("a whole file is not thrown away", () => {
  const table = open();
  table.raise(missionA, 3, 10, 5);
  const { ino } = statSync(file);
  expect(open().get(missionA)?.epoch).toBe(3);
  table.close();
  expect(open().raise(missionA, 2, 20, 5)).toBe(false);
  expect(statSync(file).ino).toBe(ino);
});

test("what only reads changes nothing", () => {
  expect(HeartbeatTable.open(directory, true)).toBeUndefined();
  expect(existsSync(file)).toBe(false);
  const text = "x".repeat(10_000);
  writeFileSync(file, text);
  expect(HeartbeatTable.open(directory, true)?.get(missionA)).toBeUndefined();
  expect(readFileSync(file, "utf8")).toBe(text);
});
