/** The small database of heartbeats, beside the main one and never synced. What is broken in it is thrown away. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Epoch, MissionId, Timestamp } from "../../protocol/ids.ts";
import { retryWhileBusy } from "./database.ts";
import { storeErrorOf } from "./errors.ts";
import { heartbeatSchema, heartbeatSql } from "./schema.ts";

export interface Heartbeat {
  epoch: Epoch;
  at: Timestamp;
  ttlMs: number;
}

export class HeartbeatTable {
  private readonly db: DatabaseSync;
  private readonly file: string;
  private readonly getOne: StatementSync;
  private readonly beatOne: StatementSync | undefined;
  private readonly raiseOne: StatementSync | undefined;

  private constructor(db: DatabaseSync, file: string, readOnly: boolean) {
    this.db = db;
    this.file = file;
    this.getOne = db.prepare(heartbeatSql.get);
    if (readOnly) return;
    this.beatOne = db.prepare(heartbeatSql.beat);
    this.raiseOne = db.prepare(heartbeatSql.raise);
  }

  /** Undefined: read-only, and there is none that can be read. */
  static open(directory: string, readOnly: boolean): HeartbeatTable | undefined {
    const file = join(directory, "heartbeats.db");
    try {
      return readOnly ? HeartbeatTable.openReadOnly(file) : HeartbeatTable.openReadWrite(file);
    } catch (error) {
      if (readOnly) return undefined;
      const problem = storeErrorOf(error, file);
      if (problem.code !== "corrupt" && problem.code !== "notAStore") throw problem;
    }
    try {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
      return HeartbeatTable.openReadWrite(file);
    } catch (error) {
      throw storeErrorOf(error, file);
    }
  }

  private static openReadOnly(file: string): HeartbeatTable | undefined {
    if (!existsSync(file)) return undefined;
    return new HeartbeatTable(new DatabaseSync(file, { readOnly: true }), file, true);
  }

  private static openReadWrite(file: string): HeartbeatTable {
    const db = new DatabaseSync(file);
    try {
      // Several threads and processes may be making it at once.
      return retryWhileBusy(file, () => {
        db.exec(`PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; ${heartbeatSchema}`);
        return new HeartbeatTable(db, file, false);
      });
    } catch (error) {
      db.close();
      throw error;
    }
  }

  get(missionId: MissionId): Heartbeat | undefined {
    return retryWhileBusy(this.file, () => this.getOne.get(missionId)) as Heartbeat | undefined;
  }

  /** Whether the epoch was still the one here. */
  beat(missionId: MissionId, epoch: Epoch, at: Timestamp, ttlMs: number): boolean {
    return retryWhileBusy(this.file, () => this.beatOne?.run(missionId, epoch, at, ttlMs).changes) === 1;
  }

  /** Writes unless a newer epoch is here. */
  raise(missionId: MissionId, epoch: Epoch, at: Timestamp, ttlMs: number): boolean {
    return retryWhileBusy(this.file, () => this.raiseOne?.run(missionId, epoch, at, ttlMs).changes) === 1;
  }

  close(): void {
    this.db.close();
  }
}
