/** The thread that writes heartbeats: it waits for no append, no sync and no lock of the main database. */
import { StoreError } from "../../ports/log.ts";
import type { Epoch, MissionId } from "../../protocol/ids.ts";
import { openReader } from "./database.ts";
import { HeartbeatTable } from "./heartbeatTable.ts";
import type { Asked, HeartbeatExchanges, Request, WorkerSetup } from "./messages.ts";
import { sql } from "./schema.ts";

export class Heart {
  private readonly directory: string;
  private readonly table: HeartbeatTable;

  constructor({ directory }: WorkerSetup) {
    this.directory = directory;
    const table = HeartbeatTable.open(directory, false);
    if (table === undefined) throw new StoreError("io", `${directory}: no heartbeats can be written`);
    this.table = table;
  }

  handle({ ask }: Request): boolean {
    const { missionId, epoch, now, ttlMs } = ask as Asked<HeartbeatExchanges, "heartbeat">;
    if (this.table.beat(missionId, epoch, now, ttlMs)) return true;
    if (epoch < 1) return false;
    // The file may have been lost with the power: then the epoch itself is asked, which takes no lock either.
    if ((this.table.get(missionId)?.epoch ?? 0) > epoch || this.newestEpoch(missionId) !== epoch)
      return false;
    return this.table.raise(missionId, epoch, now, ttlMs);
  }

  private newestEpoch(missionId: MissionId): Epoch {
    const db = openReader(this.directory);
    try {
      return (db.prepare(sql.epoch).get(missionId) as { epoch: Epoch } | undefined)?.epoch ?? 0;
    } finally {
      db.close();
    }
  }

  close(): void {
    this.table.close();
  }
}
