/**
 * The log: the only truth. One append is one transaction: events of one or several streams, the
 * blobs they name, the receipt, the mission's summary and its next wake time; all of it or nothing.
 */
import type { BlobRef } from "../protocol/blob.ts";
import type { EventRecord, HoustonEvent } from "../protocol/events.ts";
import type { CommandId, Epoch, MissionId, Seq, StreamId, Timestamp } from "../protocol/ids.ts";
import type { MissionSummary } from "../protocol/status.ts";

/** Position in the whole log, in the order others may see appends; opaque, comparable with `<`. 0 is the start. */
export type Cursor = number;

export interface StreamAppend {
  streamId: StreamId;
  /** The sequence the caller folded up to; anything else in the log is a conflict. */
  expectedSeq: Seq;
  events: { at: Timestamp; event: HoustonEvent }[];
}

export interface Append {
  commandId: CommandId;
  /** At least one stream; at most one of them a mission's. */
  streams: StreamAppend[];
  /** Small blobs that the events name; larger ones must be durable already (see `Blobs`). */
  blobs: InlineBlob[];
  /** Set by runners: refused unless this is the mission's newest epoch, checked inside the same transaction. */
  fence?: { missionId: MissionId; epoch: Epoch };
  /** Replaces the mission's summary row. */
  summary?: MissionSummary;
  /** The mission's next deadline; `null` means none. Left out: unchanged. */
  wakeAt?: Timestamp | null;
}

export interface InlineBlob {
  ref: BlobRef;
  bytes: Uint8Array;
}

export interface Receipt {
  commandId: CommandId;
  /** Where the append's first stream stood afterwards. */
  streamId: StreamId;
  seq: Seq;
}

export type AppendResult =
  /** Durable, and visible to `changes` from now on. */
  | { status: "appended"; receipt: Receipt; cursor: Cursor }
  /** This command was accepted before; nothing was written. */
  | { status: "repeated"; receipt: Receipt }
  /** Somebody was first: fold the tail, decide again. */
  | { status: "conflict"; streamId: StreamId; expectedSeq: Seq; actualSeq: Seq }
  /** A newer runner holds the mission. */
  | { status: "stale"; epoch: Epoch; currentEpoch: Epoch };

export interface Wake {
  missionId: MissionId;
  wakeAt: Timestamp;
}

export interface Log {
  /** Checks in this order: repeated command, fence, expected sequences. Throws StoreError when the outside is broken; then nothing was acknowledged. */
  append(append: Append): Promise<AppendResult>;
  /** Events after `afterSeq`, oldest first, upcast to the current schema; at most `limit`. An empty answer is the end. */
  read(streamId: StreamId, afterSeq: Seq, limit: number): Promise<EventRecord[]>;
  /** Sequence of the last event; 0 for a stream that does not exist. */
  head(streamId: StreamId): Promise<Seq>;
  receipt(commandId: CommandId): Promise<Receipt | undefined>;
  /** Streams that exist, sorted. */
  streams(): Promise<StreamId[]>;
  /** Newest first. */
  summaries(): Promise<MissionSummary[]>;
  summary(missionId: MissionId): Promise<MissionSummary | undefined>;
  /** Missions whose wake time is at or before `until`, soonest first; at most `limit`. */
  wakes(until: Timestamp, limit: number): Promise<Wake[]>;
  /** For `rebuild`: replaces summary and wake time of a mission outside an append, unless the stream moved past `seq`. */
  project(
    missionId: MissionId,
    seq: Seq,
    summary: MissionSummary,
    wakeAt: Timestamp | null,
  ): Promise<boolean>;
  /** For `rebuild`: drops what is derived (summaries, wake times, receipts, state caches) and rebuilds the receipts from events. */
  dropProjections(): Promise<void>;
}

/** Named for what the caller can do about it. */
export type StoreErrorCode =
  | "diskFull"
  | "readOnly"
  | "corrupt"
  | "newerSchema"
  | "notAStore"
  | "busy"
  | "closed"
  | "invalid"
  | "io";

/** The outside of the log is broken. What was acknowledged is safe; what was not has not happened. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}
