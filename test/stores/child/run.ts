// Another process with the store open, for tests that kill it, starve it or fill its disk. Speaks lines of JSON.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../../src/ports/log.ts";
import { openSqliteStore, type SqliteStore } from "../../../src/stores/sqlite/store.ts";
import { appendOf, noise, streamA } from "../../../src/testing/storeContractKit.ts";
import { systemClock as clock } from "../../../src/app/systemClock.ts";

const [, , mode = "", directory = "", streamId = streamA, count = "0"] = process.argv;
const say = (what: unknown): boolean => process.stdout.write(`${JSON.stringify(what)}\n`);
const codeOf = (error: unknown): unknown => (error instanceof StoreError ? error.code : String(error));

async function append(store: SqliteStore, seq: number, blobBytes = 0): Promise<void> {
  const { inline } = await store.blobs.stage(noise(blobBytes, seq + 1));
  const blobs = inline === undefined || blobBytes === 0 ? [] : [inline];
  // Command ids of several processes must not meet.
  const result = await store.log.append(
    appendOf(streamId, seq, [`n${seq}a`, `n${seq}b`], { blobs, commandId: `${streamId} ${seq}` }),
  );
  if (result.status !== "appended") throw new Error(JSON.stringify(result));
}

/** Appends pairs of events and says each sequence that was acknowledged. */
async function appendMany(): Promise<void> {
  const store = await openSqliteStore({ directory, clock });
  for (let i = 0; i < Number(count); i += 1) {
    await append(store, 2 * i);
    say({ acknowledged: 2 * i + 2 });
  }
  await store.close();
}

/** Holds the main database's write lock until standard input ends. */
async function holdLock(): Promise<void> {
  const db = new DatabaseSync(join(directory, "houston.db"));
  db.exec("BEGIN IMMEDIATE");
  say("held");
  for await (const _ of process.stdin);
  db.exec("ROLLBACK");
}

/** Fills a small disk, frees some of it, goes on, and says what happened. */
async function fillDisk(): Promise<void> {
  const ballast = join(directory, "ballast");
  const store = await openSqliteStore({ directory, clock });
  writeFileSync(ballast, noise(2_000_000));
  let seq = 0;
  let problem: unknown;
  for (; problem === undefined && seq < 200; seq += 2)
    await append(store, seq, 100_000).catch((error: unknown) => (problem = codeOf(error)));
  const acknowledged = seq - 2;
  const large = await store.blobs.stage(noise(8_000_000)).then(() => "staged", codeOf);
  const atFull = await store.log.head(streamId);
  rmSync(ballast);
  await append(store, acknowledged, 100_000);
  await store.close();
  const again = await openSqliteStore({ directory, clock });
  say({
    problem,
    large,
    acknowledged,
    atFull,
    after: await again.log.head(streamId),
    read: (await again.log.read(streamId, 0, 1_000)).length,
  });
  await again.close();
}

/** What a folder that cannot be written allows. */
async function tryReadOnly(): Promise<void> {
  const writing = await openSqliteStore({ directory, clock }).then(() => "opened", codeOf);
  const store = await openSqliteStore({ directory, clock, readOnly: true });
  const read = (await store.log.read(streamId, 0, 1_000)).length;
  const appending = await append(store, read).then(() => "appended", codeOf);
  say({ writing, read, appending });
  await store.close();
}

const modes: Record<string, () => Promise<void>> = {
  append: appendMany,
  hold: holdLock,
  fill: fillDisk,
  readOnly: tryReadOnly,
};
await modes[mode]?.();
