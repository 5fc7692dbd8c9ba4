/** What every store is: the ports over one truth, and the rules of an append that need no storage to check. */
import type { Blobs } from "../ports/blobs.ts";
import type { Changes } from "../ports/changes.ts";
import type { AcquireRequest, Lease, Leases } from "../ports/leases.ts";
import { StoreError, type Append, type Cursor, type Log } from "../ports/log.ts";
import type { Spool } from "../ports/spool.ts";
import type { StateCaches } from "../ports/stateCache.ts";
import type { BlobRef } from "../protocol/blob.ts";
import type { EventRecord, HoustonEvent } from "../protocol/events.ts";
import type { CommandId, Epoch, MissionId, Seq, StreamId, Timestamp } from "../protocol/ids.ts";
import { missionOfStream } from "../protocol/ids.ts";
import type { MissionSummary } from "../protocol/status.ts";
import { upcast } from "./upcast.ts";

export interface Store {
  log: Log;
  changes: Changes;
  leases: Leases;
  blobs: Blobs;
  caches: StateCaches;
  spool: Spool;
  truth: Truth;
  /** Finishes what was asked before; everything asked after it throws StoreError `closed`. Again: nothing. */
  close(): Promise<void>;
}

/** An event exactly as it was written, not upcast; archives are made of these. */
export interface RawEvent {
  streamId: StreamId;
  seq: Seq;
  at: Timestamp;
  commandId: CommandId;
  schemaVersion: number;
  type: string;
  /** The event as JSON, without its `type`. */
  body: string;
}

export interface EpochRow {
  missionId: MissionId;
  epoch: Epoch;
}

/** All of a store that is not derived, for `archive.ts`; nothing else needs it. */
export interface Truth {
  /** Events after a cursor, in the order of cursors. An empty answer is the end. */
  events(after: Cursor, limit: number): Promise<{ cursor: Cursor; event: RawEvent }[]>;
  /** Every blob, sorted by digest. */
  blobs(): Promise<BlobRef[]>;
  /** The newest epoch of every mission ever leased, sorted by mission. */
  epochs(): Promise<EpochRow[]>;
  /** Fills an empty store, all of it or nothing. Throws StoreError `invalid` when the store is not empty or the events are not one log. */
  restore(parts: AsyncIterable<TruthPart>): Promise<void>;
}

export type TruthPart =
  | { kind: "event"; event: RawEvent }
  | { kind: "blob"; ref: BlobRef; bytes: Uint8Array }
  | { kind: "epoch"; epoch: EpochRow };

/** Throws StoreError `invalid` for an append that no store could keep; answers the mission it belongs to. */
export function missionOfAppend(append: Append): MissionId | undefined {
  let missionId: MissionId | undefined;
  const seen = new Set<StreamId>();
  if (append.streams.length === 0) throw new StoreError("invalid", "an append needs at least one stream");
  for (const { streamId, events } of append.streams) {
    if (events.length === 0)
      throw new StoreError("invalid", `an append needs at least one event for ${streamId}`);
    if (seen.has(streamId)) throw new StoreError("invalid", `an append names ${streamId} twice`);
    seen.add(streamId);
    const mission = missionOfStream(streamId);
    if (mission === undefined) continue;
    if (missionId !== undefined) throw new StoreError("invalid", "an append may cover one mission only");
    missionId = mission;
  }
  if (append.summary !== undefined && append.summary.missionId !== missionId)
    throw new StoreError(
      "invalid",
      `a summary of ${append.summary.missionId} needs an event of that mission`,
    );
  if (append.wakeAt !== undefined && missionId === undefined)
    throw new StoreError("invalid", "a wake time needs an event of a mission");
  return missionId;
}

/** Newest mission first; ids are UUID v7, so that they break ties in the same direction. */
export function byNewest(a: MissionSummary, b: MissionSummary): number {
  return b.createdAt - a.createdAt || (a.missionId < b.missionId ? 1 : -1);
}

/** The event as JSON without its type, which stores keep beside it. */
export function bodyOf(event: { type: string }): string {
  const { type: _type, ...rest } = event;
  return JSON.stringify(rest);
}

/** What `read` answers. A type or version that this Houston does not know passes through as it is. */
export function recordOf({ streamId, seq, at, commandId, schemaVersion, type, body }: RawEvent): EventRecord {
  // Every version wrote `body` with `bodyOf`, so that it is an object.
  const event = { type, ...(JSON.parse(body) as object) };
  const current = upcast({ event, schemaVersion });
  return {
    streamId,
    seq,
    at,
    commandId,
    schemaVersion: current.schemaVersion,
    event: current.event as HoustonEvent,
  };
}

/** Whether somebody else's lease is alive and its runner not proven dead. */
export function isHeld(lease: Lease, { runnerId, now, deadEpoch }: AcquireRequest): boolean {
  return !lease.released && lease.expiresAt > now && lease.runnerId !== runnerId && lease.epoch !== deadEpoch;
}
