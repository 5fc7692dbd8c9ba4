/**
 * Opening the main database in a worker: whose file it is, whether it is whole, whether commits will
 * really reach the disk; and waiting for its lock without end or giving up too soon.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  accessSync,
  constants,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { StoreError } from "../../ports/log.ts";
import { isBusy, storeErrorOf } from "./errors.ts";
import { applicationId, migrations, pageSizeBytes, schemaVersion } from "./schema.ts";

/** Another process may hold the lock for this long before a request is refused as busy. */
const busyTimeoutMs = 10_000;
/** Up to this size every page is checked at start (some ten milliseconds); beyond, only what a cut or foreign file would break. */
const fullCheckBytes = 8 * 1024 * 1024;

export const databaseFile = (directory: string): string => join(directory, "houston.db");

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Tries until it works or the time is up; `meanwhile` runs between tries. SQLite's own waiting backs off so far that a busy neighbour starves us. */
export function retryWhileBusy<T>(path: string, attempt: () => T, meanwhile: () => void = () => {}): T {
  const start = performance.now();
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() - start > busyTimeoutMs) throw storeErrorOf(error, path);
    }
    meanwhile();
    Atomics.wait(pause, 0, 0, 1);
  }
}

export function openDatabase(
  directory: string,
  options: { readOnly: boolean; create: boolean },
): DatabaseSync {
  const file = databaseFile(directory);
  try {
    const isNew = !existsSync(file) || statSync(file).size === 0;
    if (isNew && (options.readOnly || !options.create))
      throw new StoreError("notAStore", `${directory}: there is no store here`);
    if (isNew) createDirectory(directory);
    else checkHeader(file);
    return options.readOnly ? openReadOnly(file) : openReadWrite(file);
  } catch (error) {
    throw storeErrorOf(error, file);
  }
}

/** A second connection to a store that is open already. */
export function openReader(directory: string): DatabaseSync {
  return openReadOnly(databaseFile(directory));
}

function openReadWrite(file: string): DatabaseSync {
  accessSync(dirname(file), constants.W_OK);
  const db = new DatabaseSync(file);
  try {
    // Others may be making, recovering or closing it at this moment; all of this can be done again.
    retryWhileBusy(file, () => setUp(db, file));
    syncDirectory(dirname(file));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function setUp(db: DatabaseSync, file: string): void {
  db.exec(`PRAGMA page_size = ${pageSizeBytes}; PRAGMA cache_size = -8000; PRAGMA busy_timeout = 0`);
  migrate(db, file);
  // 4 MiB of WAL between checkpoints; a larger one is cut back after its checkpoint.
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
  db.exec(`PRAGMA wal_autocheckpoint = ${4096}; PRAGMA journal_size_limit = ${64 << 20}`);
  expectPragma(db, file, "journal_mode", "wal");
  expectPragma(db, file, "synchronous", 2);
  expectPragma(db, file, "foreign_keys", 1);
  checkWhole(db, file);
}

function openReadOnly(file: string): DatabaseSync {
  const open = (path: string | URL): DatabaseSync => {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      db.exec("PRAGMA busy_timeout = 10000");
      checkIds(file, Number(pragma(db, "application_id")), Number(pragma(db, "user_version")));
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  try {
    return open(file);
  } catch (error) {
    // In a folder that nobody can write SQLite cannot make its index of the WAL; without a WAL it needs none.
    const wal = `${file}-wal`;
    if (error instanceof StoreError || (existsSync(wal) && statSync(wal).size > 0)) throw error;
    const url = pathToFileURL(file);
    url.searchParams.set("immutable", "1");
    return open(url);
  }
}

function createDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  syncDirectory(dirname(resolve(directory)));
}

/** What was renamed or created in a folder is durable when this returns. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Before SQLite touches the file: is it ours, and not too new? https://sqlite.org/fileformat.html#the_database_header */
function checkHeader(file: string): void {
  const header = Buffer.alloc(100);
  const handle = openSync(file, "r");
  try {
    readSync(handle, header, 0, 100, 0);
  } finally {
    closeSync(handle);
  }
  if (header.toString("latin1", 0, 16) !== "SQLite format 3\0")
    throw new StoreError(
      "notAStore",
      `${file}: it is not a store of Houston's, or its beginning is damaged; nothing was changed`,
    );
  // A process may have died between creating the file and its first commit.
  if (header.readUInt32BE(68) === 0 && header.readUInt32BE(60) === 0 && header.readUInt32BE(28) <= 1) return;
  checkIds(file, header.readUInt32BE(68), header.readUInt32BE(60));
}

function checkIds(file: string, application: number, version: number): void {
  if (application !== applicationId)
    throw new StoreError(
      "notAStore",
      `${file}: it is a database, but not a store of Houston's; nothing was changed`,
    );
  if (version > schemaVersion)
    throw new StoreError(
      "newerSchema",
      `${file}: a newer Houston wrote it (schema ${version}, this one knows ${schemaVersion}); upgrade Houston. Nothing was changed`,
    );
}

function migrate(db: DatabaseSync, file: string): void {
  let version = Number(pragma(db, "user_version"));
  const application = Number(pragma(db, "application_id"));
  if (version === schemaVersion && application === applicationId) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have done it while we waited for the lock.
    version = Number(pragma(db, "user_version"));
    if (version > 0) checkIds(file, Number(pragma(db, "application_id")), version);
    for (const step of migrations.slice(version)) db.exec(step);
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function checkWhole(db: DatabaseSync, file: string): void {
  const sizeBytes = statSync(file).size;
  // Pages of the main file that a checkpoint has not written yet are in the WAL.
  const wal = `${file}-wal`;
  const walBytes = existsSync(wal) ? statSync(wal).size : 0;
  const expectedBytes = Number(pragma(db, "page_count")) * Number(pragma(db, "page_size"));
  let problem: unknown =
    sizeBytes + walBytes < expectedBytes ? `it has ${sizeBytes} of ${expectedBytes} bytes` : "ok";
  if (problem === "ok" && sizeBytes <= fullCheckBytes) problem = pragma(db, "quick_check(1)");
  if (problem === "ok")
    for (const table of ["events", "blobs", "missions"]) db.prepare(`SELECT max(rowid) FROM ${table}`).get();
  if (problem !== "ok")
    throw new StoreError(
      "corrupt",
      `${file}: it is damaged (${String(problem)}); restore a backup in its place, or import an archive into a new folder`,
    );
}

function pragma(db: DatabaseSync, name: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

/** A setting that SQLite ignored silently would cost acknowledged events. */
export function expectPragma(db: DatabaseSync, file: string, name: string, expected: unknown): void {
  const actual = pragma(db, name);
  if (actual !== expected)
    throw new StoreError(
      "io",
      `${file}: SQLite keeps ${name} at ${String(actual)} where ${String(expected)} is needed; is the folder on a network file system?`,
    );
}
