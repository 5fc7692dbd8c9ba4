/** A copy of a store that is in use: the database as of one instant, then the files of large blobs it may name. */
import { fsyncSync, openSync, closeSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { openReader } from "./database.ts";
import type { Asked, BackupExchanges, Request, WorkerSetup } from "./messages.ts";

/** The thread's part: one statement that may take long, on a connection of its own. */
export function runBackup({ directory }: WorkerSetup): {
  handle(request: Request): undefined;
  close(): void;
} {
  const db: DatabaseSync = openReader(directory);
  return {
    handle({ ask }) {
      const { file } = ask as Asked<BackupExchanges, "backup">;
      db.prepare("VACUUM INTO ?").run(file);
      const handle = openSync(file, "r+");
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      return undefined;
    },
    close: () => db.close(),
  };
}
