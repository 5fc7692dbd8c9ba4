/** Reads and writes of the main database, as the writer's thread makes them. Transactions are the writer's business. */
import { hash } from "node:crypto";
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { crc32, zstdDecompressSync } from "node:zlib";
import {
  StoreError,
  type AppendResult,
  type Cursor,
  type InlineBlob,
  type Receipt,
  type Wake,
} from "../../ports/log.ts";
import type { BlobRef } from "../../protocol/blob.ts";
import { eventSchemaVersion } from "../../protocol/events.ts";
import {
  missionOfStream,
  missionStream,
  type CommandId,
  type Epoch,
  type MissionId,
  type Seq,
  type StreamId,
  type Timestamp,
} from "../../protocol/ids.ts";
import type { EpochRow, RawEvent } from "../store.ts";
import { packCommandId, unpackCommandId } from "./commandId.ts";
import { pack, type Packed } from "./compression.ts";
import type { WireAppend, WireStream } from "./messages.ts";
import { emptyPage, eventsOf, type EventPage } from "./pages.ts";
import { expand, shorten } from "./phrases.ts";
import { rebuildReceipts, sql } from "./schema.ts";

/** As `sql.read` names them. */
type EventRow = [
  seq: Seq,
  at: Timestamp,
  version: number,
  type: string,
  command: unknown,
  crc: number,
  body: string,
];

export interface LeaseRow {
  epoch: Epoch;
  runner: string;
  acquiredAt: Timestamp;
  ttlMs: number;
  released: number;
}

/** A blob made ready outside the transaction. */
export interface PreparedBlob extends Packed {
  digest: Uint8Array;
  sizeBytes: number;
}

export class Tables {
  private readonly db: DatabaseSync;
  private readonly file: string;
  private readonly prepared = new Map<string, StatementSync>();
  /** Ids of streams never change; emptied when a transaction that may have added one is rolled back. */
  private readonly streamIds = new Map<StreamId, number>();

  constructor(db: DatabaseSync, file: string) {
    this.db = db;
    this.file = file;
  }

  private statement(text: string): StatementSync {
    let statement = this.prepared.get(text);
    if (statement === undefined) this.prepared.set(text, (statement = this.db.prepare(text)));
    return statement;
  }

  private row<Row>(text: string, ...values: SQLInputValue[]): Row | undefined {
    return this.statement(text).get(...values) as Row | undefined;
  }

  private rows<Row>(text: string, ...values: SQLInputValue[]): Row[] {
    return this.statement(text).all(...values) as Row[];
  }

  begin(): void {
    this.statement(sql.begin).run();
  }

  commit(): void {
    this.statement(sql.commit).run();
  }

  forgetStreams(): void {
    this.streamIds.clear();
  }

  private streamId(name: StreamId): number | undefined {
    const known = this.streamIds.get(name);
    if (known !== undefined) return known;
    const id = this.row<{ id: number }>(sql.streamId, name)?.id;
    if (id !== undefined) this.streamIds.set(name, id);
    return id;
  }

  private streamIdOrNew(name: StreamId): number {
    const known = this.streamId(name);
    if (known !== undefined) return known;
    const id = Number(this.statement(sql.addStream).run(name).lastInsertRowid);
    this.streamIds.set(name, id);
    return id;
  }

  // ---- events

  head(name: StreamId): Seq {
    const id = this.streamId(name);
    return id === undefined ? 0 : (this.row<{ seq: Seq }>(sql.head, id)?.seq ?? 0);
  }

  cursor(): Cursor {
    return this.row<{ cursor: Cursor | null }>(sql.cursor)?.cursor ?? 0;
  }

  streams(): StreamId[] {
    return this.rows<{ name: StreamId }>(sql.streams).map(({ name }) => name);
  }

  read(streamId: StreamId, afterSeq: Seq, limit: number): EventPage {
    const page = emptyPage();
    const id = this.streamId(streamId);
    if (id === undefined) return page;
    const bodies: string[] = [];
    let packed: unknown;
    let length = 0;
    for (const [seq, at, version, type, command, crc, kept] of this.eventRows(id, afterSeq, limit)) {
      if (page.commandIds.length === 0 || (command !== null && command !== packed)) {
        packed = command ?? this.row<{ command: unknown }>(sql.commandAt, id, seq)?.command;
        page.commandIds.push(unpackCommandId(packed));
      }
      if (checksum(type, kept) !== crc)
        throw new StoreError(
          "corrupt",
          `${this.file}: event ${seq} of ${streamId} is damaged; restore a backup in its place, or import an archive into a new folder`,
        );
      const body = expand(kept);
      bodies.push(body);
      length += body.length;
      page.seq.push(seq);
      page.at.push(at);
      page.version.push(version);
      page.type.push(type);
      page.command.push(page.commandIds.length - 1);
      page.end.push(length);
    }
    page.bodies = bodies.join("");
    return page;
  }

  /** As arrays: objects with names take twice as long. */
  private eventRows(stream: number, afterSeq: Seq, limit: number): EventRow[] {
    const statement = this.statement(sql.read);
    statement.setReturnArrays(true);
    return statement.all(stream, afterSeq, limit) as unknown[] as EventRow[];
  }

  /** For archives: events in the order of cursors. */
  rawEvents(after: Cursor, limit: number): { cursor: Cursor; event: RawEvent }[] {
    return this.rows<{ cursor: Cursor; name: StreamId; seq: Seq }>(sql.after, after, limit).flatMap(
      ({ cursor, name, seq }) =>
        eventsOf(name, this.read(name, seq - 1, 1)).map((event) => ({ cursor, event })),
    );
  }

  receipt(commandId: CommandId): Receipt | undefined {
    const start = this.row<{ stream: number; seq: Seq; name: StreamId }>(
      sql.receiptStart,
      packCommandId(commandId),
    );
    if (start === undefined) return undefined;
    const next = this.row<{ seq: Seq }>(sql.nextCommandSeq, start.stream, start.seq);
    return {
      commandId,
      streamId: start.name,
      seq: next === undefined ? this.head(start.name) : next.seq - 1,
    };
  }

  /** In a transaction; `blobs` are the append's, prepared. */
  append(append: WireAppend, blobs: PreparedBlob[]): AppendResult {
    const refused = this.refusal(append);
    if (refused !== undefined) return refused;
    const packed = packCommandId(append.commandId);
    let cursor: Cursor = 0;
    for (const stream of append.streams) cursor = this.addEvents(stream, packed);
    for (const blob of blobs) this.addBlob(blob);
    const { commandId, missionId, summary, wakeAt, streams } = append;
    if (missionId !== undefined && (summary !== undefined || wakeAt !== undefined))
      this.setMission(missionId, summary, wakeAt);
    const first = streams[0];
    if (first === undefined) throw new StoreError("invalid", "an append needs at least one stream");
    return {
      status: "appended",
      receipt: { commandId, streamId: first.streamId, seq: first.expectedSeq + first.body.length },
      cursor,
    };
  }

  private refusal({ commandId, fence, streams }: WireAppend): AppendResult | undefined {
    const receipt = this.receipt(commandId);
    if (receipt !== undefined) return { status: "repeated", receipt };
    if (fence !== undefined) {
      const currentEpoch = this.epoch(fence.missionId);
      if (currentEpoch === 0 || fence.epoch !== currentEpoch)
        return { status: "stale", epoch: fence.epoch, currentEpoch };
    }
    for (const { streamId, expectedSeq } of streams) {
      const actualSeq = this.head(streamId);
      if (actualSeq !== expectedSeq) return { status: "conflict", streamId, expectedSeq, actualSeq };
    }
    return undefined;
  }

  private addEvents(
    { streamId, expectedSeq, at, type, body }: WireStream,
    command: Uint8Array | string,
  ): Cursor {
    const id = this.streamIdOrNew(streamId);
    const insert = this.statement(sql.addEvent);
    let cursor: Cursor = 0;
    for (let i = 0; i < body.length; i += 1) {
      const [eventType, eventBody] = [type[i] ?? "", shorten(body[i] ?? "")];
      const values = [
        id,
        expectedSeq + i + 1,
        at[i] ?? 0,
        eventSchemaVersion,
        eventType,
        i === 0 ? command : null,
      ];
      cursor = Number(insert.run(...values, checksum(eventType, eventBody), eventBody).lastInsertRowid);
    }
    return cursor;
  }

  /** For archives: an event as it was written; `isFirst` in its append and stream. */
  addRawEvent(event: RawEvent, isFirst: boolean): void {
    const { streamId, seq, at, commandId, schemaVersion, type, body } = event;
    if (this.head(streamId) !== seq - 1)
      throw new StoreError("invalid", `event ${seq} of ${streamId} is out of order`);
    const command = isFirst ? packCommandId(commandId) : null;
    const kept = shorten(body);
    this.statement(sql.addEvent).run(
      this.streamIdOrNew(streamId),
      seq,
      at,
      schemaVersion,
      type,
      command,
      checksum(type, kept),
      kept,
    );
  }

  // ---- blobs

  /** Checks and compresses; needs no transaction. */
  prepareBlob({ ref, bytes }: InlineBlob): PreparedBlob {
    const digest = hash("sha256", bytes, "buffer");
    if (ref.sizeBytes !== bytes.byteLength || ref.sha256 !== digest.toString("hex"))
      throw new StoreError("invalid", `the content of blob ${ref.sha256} is not what its name says`);
    return { digest, sizeBytes: bytes.byteLength, ...pack(bytes) };
  }

  addBlob({ digest, sizeBytes, zstd, body }: PreparedBlob): void {
    if (this.row(sql.blobExists, digest) !== undefined) return;
    this.statement(sql.addBlob).run(digest, sizeBytes, zstd ? 1 : 0, body);
  }

  /** Uncompressed; the digest is checked by who asks. */
  blob(sha256: string): Uint8Array | undefined {
    const row = this.row<{ zstd: number; body: Uint8Array }>(sql.blob, Buffer.from(sha256, "hex"));
    if (row === undefined) return undefined;
    try {
      return row.zstd === 1 ? zstdDecompressSync(row.body) : row.body;
    } catch (cause) {
      throw new StoreError(
        "corrupt",
        `${this.file}: blob ${sha256} is damaged; restore a backup in its place, or import an archive into a new folder`,
        { cause },
      );
    }
  }

  blobs(): BlobRef[] {
    return this.rows<{ sha256: Uint8Array; size: number }>(sql.blobs).map(({ sha256, size }) => ({
      sha256: Buffer.from(sha256).toString("hex"),
      sizeBytes: size,
    }));
  }

  // ---- leases

  epoch(missionId: MissionId): Epoch {
    return this.row<{ epoch: Epoch }>(sql.epoch, missionId)?.epoch ?? 0;
  }

  epochs(): EpochRow[] {
    return this.rows<{ mission: MissionId; epoch: Epoch }>(sql.epochs).map(({ mission, epoch }) => ({
      missionId: mission,
      epoch,
    }));
  }

  lease(missionId: MissionId): LeaseRow | undefined {
    return this.row<LeaseRow>(sql.lease, missionId);
  }

  setLease(missionId: MissionId, { epoch, runner, acquiredAt, ttlMs, released }: LeaseRow): void {
    this.statement(sql.acquire).run(missionId, epoch, runner, acquiredAt, ttlMs, released);
  }

  release(missionId: MissionId, epoch: Epoch): void {
    this.statement(sql.release).run(missionId, epoch);
  }

  // ---- projections

  private setMission(
    missionId: MissionId,
    summary: string | undefined,
    wakeAt: Timestamp | null | undefined,
  ): void {
    const id = this.streamIdOrNew(missionStream(missionId));
    // Writing the index again for the same time would be one page more in many commits.
    const isMoved =
      wakeAt !== undefined &&
      wakeAt !== (this.row<{ wakeAt: Timestamp | null }>(sql.wakeAt, id)?.wakeAt ?? null);
    if (isMoved && summary !== undefined) this.statement(sql.setBoth).run(id, summary, wakeAt);
    else if (summary !== undefined) this.statement(sql.setSummary).run(id, summary);
    else if (isMoved) this.statement(sql.setWake).run(id, wakeAt);
  }

  project(missionId: MissionId, seq: Seq, summary: string, wakeAt: Timestamp | null): boolean {
    if (this.head(missionStream(missionId)) !== seq) return false;
    this.setMission(missionId, summary, wakeAt);
    return true;
  }

  dropProjections(): void {
    this.db.exec(sql.dropMissions);
    this.db.exec(rebuildReceipts);
  }

  summaries(): string[] {
    return this.rows<{ summary: string }>(sql.summaries).map(({ summary }) => summary);
  }

  summary(missionId: MissionId): string | undefined {
    return this.row<{ summary: string }>(sql.summary, missionStream(missionId))?.summary;
  }

  wakes(until: Timestamp, limit: number): Wake[] {
    return this.rows<{ name: StreamId; wakeAt: Timestamp }>(sql.wakes, until, limit).flatMap(
      ({ name, wakeAt }) => {
        const missionId = missionOfStream(name);
        return missionId === undefined ? [] : [{ missionId, wakeAt }];
      },
    );
  }

  isEmpty(): boolean {
    return this.row<{ empty: number }>(sql.isEmpty)?.empty === 1;
  }
}

/** There are some dozens of types. */
const checksumOfType = new Map<string, number>();

/** Signed, so that SQLite keeps it in four bytes. */
function checksum(type: string, body: string): number {
  let start = checksumOfType.get(type);
  if (start === undefined) checksumOfType.set(type, (start = crc32(type)));
  return crc32(body, start) | 0;
}
