/** Opens what a crash left as Houston would, and compares it with what had been acknowledged. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BlobRef } from "../../src/protocol/blob.ts";
import { maxInlineBlobBytes } from "../../src/protocol/blob.ts";
import type { Epoch, MissionId, Seq, StreamId } from "../../src/protocol/ids.ts";
import type { Random } from "../../src/testing/random.ts";
import { missionA, missionB } from "../../src/testing/storeContractKit.ts";
import type { History, NamedSnapshot, WantedAppend } from "./history.ts";
import { sha256 } from "./layout.ts";
import { openInFull, openWithoutThreads, type OpenedStore } from "./opened.ts";

/** Contents of small blobs that are read back in each state, the newest first; that all are listed is checked always. */
const newestRead = 20;
const othersRead = 10;

/** Short words that are the same for the same kind of loss, and what exactly was found. */
export type Report = (what: string, detail: string) => void;

export interface StoreCheck {
  directory: string;
  history: History;
  random: Random;
  report: Report;
  /** Contents of large blobs are as in a state that passed. */
  knowsLargeBlobs: boolean;
  /** Opened as Houston does, with its threads. */
  isFull: boolean;
}

/** The snapshots that events name which are there. */
export async function checkStore(check: StoreCheck): Promise<NamedSnapshot[]> {
  const { directory, report, random } = check;
  // The index of the WAL is whatever the disk happened to hold; nobody may believe it.
  if (random.chance(0.3)) leaveOldIndex(directory, random);
  const store = await open(check).catch((error: unknown) => {
    report("the store does not open", String(error));
    return undefined;
  });
  if (store === undefined) return [];
  try {
    const present = await checkAppends(store, check);
    await checkBlobs(store, check, present);
    await checkLeases(store, check);
    return present.flatMap(({ snapshots }) => snapshots);
  } catch (error) {
    report("the store fails after it opened", String(error));
    return [];
  } finally {
    await store.close().catch((error: unknown) => report("the store does not close", String(error)));
  }
}

async function open({ directory, isFull }: StoreCheck): Promise<OpenedStore> {
  return isFull ? await openInFull(directory) : openWithoutThreads(directory);
}

function leaveOldIndex(directory: string, random: Random): void {
  const garbage = Buffer.alloc(32_768, random.int(0, 255));
  try {
    writeFileSync(join(directory, "houston.db-shm"), garbage, { flag: "wx" });
  } catch {
    // There is no folder yet.
  }
}

async function checkAppends(store: OpenedStore, { history, report }: StoreCheck): Promise<WantedAppend[]> {
  const expected = new Map<StreamId, Map<Seq, string>>();
  for (const { streams } of history.appends.values()) {
    for (const { streamId, first, digests } of streams) {
      const events = expected.get(streamId) ?? new Map<Seq, string>();
      for (const [i, digest] of digests.entries()) events.set(first + i, digest);
      expected.set(streamId, events);
    }
  }
  const heads = new Map<StreamId, Seq>();
  for (const streamId of await store.streams()) {
    heads.set(
      streamId,
      await checkStream(store, streamId, expected.get(streamId) ?? new Map<Seq, string>(), report),
    );
  }
  const present: WantedAppend[] = [];
  for (const append of history.appends.values()) {
    const there = append.streams.map(({ streamId, first, digests }) => {
      const events = (heads.get(streamId) ?? 0) - first + 1;
      return events <= 0 ? "none" : events < digests.length ? "part" : "all";
    });
    const isWhole = there.every((part) => part === "all");
    if (isWhole) present.push(append);
    else if (append.acknowledged) report("an acknowledged append is lost", append.commandId);
    else if (there.some((part) => part !== "none")) report("an append is there in part", append.commandId);
    if (isWhole && (await store.receipt(append.commandId)) === undefined)
      report("an append has no receipt", append.commandId);
  }
  return present;
}

/** The stream's head. */
async function checkStream(
  store: OpenedStore,
  streamId: StreamId,
  expected: Map<Seq, string>,
  report: Report,
): Promise<Seq> {
  let seq = 0;
  for (;;) {
    const page = await store.read(streamId, seq, 1_000);
    if (page.length === 0) break;
    for (const record of page) {
      seq += 1;
      if (record.seq !== seq) report("a stream has a gap", `${streamId} ${seq}`);
      if (sha256(JSON.stringify(record.event)) !== expected.get(record.seq))
        report("an event is not what was appended", `${streamId} ${record.seq}`);
    }
  }
  const head = await store.head(streamId);
  if (head !== seq) report("a stream's head is not its last event", `${streamId}: ${head}, ${seq}`);
  return seq;
}

async function checkBlobs(
  store: OpenedStore,
  { history, report, random, knowsLargeBlobs }: StoreCheck,
  present: WantedAppend[],
): Promise<void> {
  const named = [...present.flatMap(({ blobs }) => blobs), ...history.staged];
  const listed = new Set((await store.blobs()).map(({ sha256: digest }) => digest));
  for (const { sha256: digest } of named) if (!listed.has(digest)) report("a blob is lost", digest);
  const small = named.filter(({ sizeBytes }) => sizeBytes <= maxInlineBlobBytes);
  const others = Array.from({ length: small.length === 0 ? 0 : othersRead }, () => random.pick(small));
  const large = knowsLargeBlobs ? [] : named.filter(({ sizeBytes }) => sizeBytes > maxInlineBlobBytes);
  for (const ref of [...small.slice(-newestRead), ...others, ...large]) await checkBlob(store, ref, report);
}

async function checkBlob(store: OpenedStore, ref: BlobRef, report: Report): Promise<void> {
  try {
    const bytes = await store.blob(ref);
    if (bytes === undefined || bytes.byteLength !== ref.sizeBytes) report("a blob is lost", ref.sha256);
  } catch (error) {
    report("a blob is damaged", String(error));
  }
}

/** Epochs never go back, and whoever takes over can work. */
async function checkLeases(store: OpenedStore, { history, report, random }: StoreCheck): Promise<void> {
  const missionId: MissionId = random.pick([missionA, missionB]);
  const acknowledged: Epoch = history.epochs.get(missionId) ?? 0;
  const found = (await store.lease(missionId))?.epoch ?? 0;
  if (found < acknowledged) report("an epoch went back", `${missionId}: ${found}, was ${acknowledged}`);
  const problem = await store.takeOver(missionId, found + 1);
  if (problem !== undefined) report("a takeover is refused", problem);
}
