/** The thread that sees appends, of this and other processes, and reads which they were. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Change } from "../../ports/changes.ts";
import type { Cursor } from "../../ports/log.ts";
import type { Seq, StreamId } from "../../protocol/ids.ts";
import { openReader } from "./database.ts";
import type { Asked, Answered, Request, WatcherExchanges, WorkerSetup } from "./messages.ts";
import type { Port } from "./port.ts";
import { sql } from "./schema.ts";

const pollEveryMs = 25;

export class Watcher {
  private readonly db: DatabaseSync;
  private readonly port: Port;
  private readonly version: StatementSync;
  private readonly newest: StatementSync;
  private readonly rows: StatementSync;
  private seenVersion = -1;
  private timer: NodeJS.Timeout | undefined;

  constructor(setup: WorkerSetup, port: Port) {
    this.port = port;
    this.db = openReader(setup.directory);
    this.version = this.db.prepare("PRAGMA data_version");
    this.newest = this.db.prepare(sql.cursor);
    this.rows = this.db.prepare(sql.after);
  }

  handle({ kind, ask }: Request): unknown {
    if (kind === "cursor") return this.cursor();
    if (kind === "watch") return this.watch(ask as boolean);
    return this.after(ask as Asked<WatcherExchanges, "after">);
  }

  private cursor(): Cursor {
    return (this.newest.get() as { cursor: Cursor | null }).cursor ?? 0;
  }

  private watch(on: boolean): undefined {
    clearInterval(this.timer);
    if (on) this.timer = setInterval(() => this.look(), pollEveryMs);
    return undefined;
  }

  /** `data_version` costs a look at shared memory: https://sqlite.org/pragma.html#pragma_data_version */
  private look(): void {
    const { data_version: version } = this.version.get() as { data_version: number };
    if (version === this.seenVersion) return;
    this.seenVersion = version;
    this.port.tick();
  }

  private after({ after, limit }: Asked<WatcherExchanges, "after">): Answered<WatcherExchanges, "after"> {
    const newest = new Map<StreamId, Change>();
    let end = after;
    for (const { cursor, name, seq } of this.rows.all(after, limit) as {
      cursor: Cursor;
      name: StreamId;
      seq: Seq;
    }[]) {
      newest.delete(name);
      newest.set(name, { cursor, streamId: name, seq });
      end = cursor;
    }
    return { changes: [...newest.values()], end };
  }

  close(): void {
    clearInterval(this.timer);
    this.db.close();
  }
}
