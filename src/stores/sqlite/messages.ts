/** What the main thread asks its workers and what they answer. Flat and small: a message is copied twice. */
import type { Change } from "../../ports/changes.ts";
import type { AcquireRequest, Acquisition, Lease } from "../../ports/leases.ts";
import type { AppendResult, Cursor, InlineBlob, Receipt, StoreErrorCode, Wake } from "../../ports/log.ts";
import type { BlobRef } from "../../protocol/blob.ts";
import type { CommandId, Epoch, MissionId, Seq, StreamId, Timestamp } from "../../protocol/ids.ts";
import type { EpochRow, RawEvent, TruthPart } from "../store.ts";
import type { EventPage } from "./pages.ts";

export interface WireStream {
  streamId: StreamId;
  expectedSeq: Seq;
  at: Timestamp[];
  type: string[];
  body: string[];
}

export interface WireAppend {
  commandId: CommandId;
  streams: WireStream[];
  blobs: InlineBlob[];
  fence: { missionId: MissionId; epoch: Epoch } | undefined;
  missionId: MissionId | undefined;
  summary: string | undefined;
  wakeAt: Timestamp | null | undefined;
}

interface LeaseRequest {
  missionId: MissionId;
  ttlMs: number;
  now: Timestamp;
}

interface Exchange<Ask, Answer> {
  ask: Ask;
  answer: Answer;
}

/** Answered outside a transaction, also while the write lock is waited for. */
export interface ReadExchanges {
  read: Exchange<{ streamId: StreamId; afterSeq: Seq; limit: number }, RawEvent[]>;
  /** The same for many events. */
  page: Exchange<{ streamId: StreamId; afterSeq: Seq; limit: number }, EventPage>;
  head: Exchange<StreamId, Seq>;
  receipt: Exchange<CommandId, Receipt | undefined>;
  streams: Exchange<undefined, StreamId[]>;
  summaries: Exchange<undefined, string[]>;
  summary: Exchange<MissionId, string | undefined>;
  wakes: Exchange<{ until: Timestamp; limit: number }, Wake[]>;
  lease: Exchange<MissionId, Lease | undefined>;
  blob: Exchange<string, Uint8Array | undefined>;
  blobs: Exchange<undefined, BlobRef[]>;
  epochs: Exchange<undefined, EpochRow[]>;
  rawEvents: Exchange<{ after: Cursor; limit: number }, { cursor: Cursor; event: RawEvent }[]>;
}

/** Taken together into one transaction with what else is waiting. */
export interface WriteExchanges {
  append: Exchange<WireAppend, AppendResult>;
  acquire: Exchange<AcquireRequest, Acquisition>;
  release: Exchange<{ missionId: MissionId; epoch: Epoch }, undefined>;
  project: Exchange<{ missionId: MissionId; seq: Seq; summary: string; wakeAt: Timestamp | null }, boolean>;
  dropProjections: Exchange<undefined, undefined>;
}

/** One transaction over many messages; everything else is refused as busy meanwhile. */
export interface RestoreExchanges {
  restoreBegin: Exchange<undefined, undefined>;
  restoreParts: Exchange<TruthPart[], undefined>;
  restoreEnd: Exchange<{ keep: boolean }, undefined>;
}

export type WriterExchanges = ReadExchanges & WriteExchanges & RestoreExchanges;

export interface HeartbeatExchanges {
  heartbeat: Exchange<LeaseRequest & { epoch: Epoch }, boolean>;
}

export interface WatcherExchanges {
  cursor: Exchange<undefined, Cursor>;
  /** `end` is the last cursor looked at. */
  after: Exchange<{ after: Cursor; limit: number }, { changes: Change[]; end: Cursor }>;
  /** Whether to look for other processes' appends from now on. */
  watch: Exchange<boolean, undefined>;
}

export interface BackupExchanges {
  backup: Exchange<{ file: string }, undefined>;
}

export type Asked<E, K extends keyof E> = E[K] extends Exchange<infer Ask, unknown> ? Ask : never;
export type Answered<E, K extends keyof E> = E[K] extends Exchange<unknown, infer Answer> ? Answer : never;

export type Role = "writer" | "heartbeats" | "watcher" | "backup";

export interface WorkerSetup {
  role: Role;
  directory: string;
  readOnly: boolean;
  create: boolean;
  /** `beforeCommit:3` or `afterCommit:1`: where a test wants the process killed. */
  crash: string | undefined;
  /** Counts requests, in shared memory. */
  bell: Int32Array;
}

export interface Request {
  id: number;
  kind: string;
  ask: unknown;
}

export interface Failure {
  code: StoreErrorCode;
  message: string;
}

export type Reply = { id: number; answer: unknown } | { id: number; failure: Failure };

/** The worker's first message answers request 0: open, or why not. A `tick` says that others have appended. */
export type FromWorker = Reply[] | "tick";
