/**
 * The small database of heartbeats, beside the main one and never synced, so that a power cut may damage it. What
 * is broken in it is thrown away, while it is in use too: a lost heartbeat costs a takeover that the epoch makes safe.
 */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StoreError } from "../../ports/log.ts";
import type { Epoch, MissionId, Timestamp } from "../../protocol/ids.ts";
import { retryWhileBusy } from "./database.ts";
import { storeErrorOf } from "./errors.ts";
import { heartbeatSchema, heartbeatSql } from "./schema.ts";

export interface Heartbeat {
  epoch: Epoch;
  at: Timestamp;
  ttlMs: number;
}

/** Primary result codes: the table has gone with its page, damage, not a database. */
const damageCodes: readonly number[] = [1, 11, 26];

interface Connection {
  db: DatabaseSync;
  /** Tells whether the file at the path is still the one that is open. */
  inode: bigint | undefined;
  get: StatementSync;
  /** Absent when read-only. */
  beat?: StatementSync;
  raise?: StatementSync;
}

export class HeartbeatTable {
  private readonly file: string;
  private readonly readOnly: boolean;
  /** Undefined while there is none that works. */
  private connection: Connection | undefined;

  private constructor(file: string, readOnly: boolean) {
    this.file = file;
    this.readOnly = readOnly;
  }

  /** Undefined: read-only, and there is none that can be read. */
  static open(directory: string, readOnly: boolean): HeartbeatTable | undefined {
    const table = new HeartbeatTable(join(directory, "heartbeats.db"), readOnly);
    if (!readOnly) {
      table.connection = table.openReadWrite();
      return table;
    }
    try {
      table.connection = table.openReadOnly();
    } catch {
      return undefined;
    }
    return table.connection === undefined ? undefined : table;
  }

  /** Also undefined when it was damaged. */
  get(missionId: MissionId): Heartbeat | undefined {
    return this.use(({ get }) => get.get(missionId)) as Heartbeat | undefined;
  }

  /** Whether the epoch was still the one here. */
  beat(missionId: MissionId, epoch: Epoch, at: Timestamp, ttlMs: number): boolean {
    return this.use(({ beat }) => beat?.run(missionId, epoch, at, ttlMs).changes) === 1;
  }

  /** Writes unless a newer epoch is here. */
  raise(missionId: MissionId, epoch: Epoch, at: Timestamp, ttlMs: number): boolean {
    const attempt = (): number | bigint | undefined =>
      this.use(({ raise }) => raise?.run(missionId, epoch, at, ttlMs).changes);
    return (attempt() ?? attempt()) === 1;
  }

  close(): void {
    this.connection?.db.close();
    this.connection = undefined;
  }

  /** Undefined: it was damaged; then it is an empty one now, unless we only read. */
  private use<T>(work: (connection: Connection) => T): T | undefined {
    try {
      const connection = this.current();
      return connection && retryWhileBusy(this.file, () => work(connection));
    } catch (error) {
      const problem = storeErrorOf(error, this.file);
      if (!isDamage(problem)) throw problem;
    }
    if (!this.readOnly) this.connection = this.remade();
    return undefined;
  }

  /** The file that everybody else sees: one of them may have found damage and made another. */
  private current(): Connection | undefined {
    if (this.connection !== undefined && this.connection.inode === inodeOf(this.file)) return this.connection;
    this.close();
    this.connection = this.readOnly ? this.openReadOnly() : this.openReadWrite();
    return this.connection;
  }

  /** Throws away what is damaged, unless somebody has done so. */
  private remade(): Connection {
    const isTheirs = this.connection !== undefined && this.connection.inode !== inodeOf(this.file);
    this.close();
    if (!isTheirs) this.remove();
    return this.openReadWrite();
  }

  /** The database last: whoever lost its WAL to this has then lost that too, and notices. */
  private remove(): void {
    try {
      for (const suffix of ["-wal", "-shm", ""]) rmSync(this.file + suffix, { force: true });
    } catch (error) {
      throw storeErrorOf(error, this.file);
    }
  }

  private openReadOnly(): Connection | undefined {
    const inode = inodeOf(this.file);
    if (inode === undefined) return undefined;
    const db = new DatabaseSync(this.file, { readOnly: true });
    try {
      return { db, inode, get: db.prepare(heartbeatSql.get) };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  private openReadWrite(): Connection {
    try {
      return this.openChecked();
    } catch (error) {
      const problem = storeErrorOf(error, this.file);
      if (!isDamage(problem)) throw problem;
    }
    this.remove();
    try {
      return this.openChecked();
    } catch (error) {
      throw storeErrorOf(error, this.file);
    }
  }

  private openChecked(): Connection {
    const before = inodeOf(this.file);
    const connection = this.openOnce();
    if (connection.inode === before) return connection;
    // Made just now, or made anew while we opened it: then it is not known which one this is.
    connection.db.close();
    return this.openChecked();
  }

  private openOnce(): Connection {
    const db = new DatabaseSync(this.file);
    try {
      // Several threads and processes may be making it at once.
      return retryWhileBusy(this.file, () => {
        db.exec(`PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; ${heartbeatSchema}`);
        const [found] = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {});
        if (found !== "ok") throw new StoreError("corrupt", `${this.file}: it is damaged (${String(found)})`);
        const get = db.prepare(heartbeatSql.get);
        const [beat, raise] = [db.prepare(heartbeatSql.beat), db.prepare(heartbeatSql.raise)];
        return { db, inode: inodeOf(this.file), get, beat, raise };
      });
    } catch (error) {
      db.close();
      throw error;
    }
  }
}

function isDamage(error: StoreError): boolean {
  if (error.code === "corrupt" || error.code === "notAStore") return true;
  const { errcode } = Object(error.cause) as { errcode?: unknown };
  return typeof errcode === "number" && damageCodes.includes(errcode & 0xff);
}

function inodeOf(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
}
