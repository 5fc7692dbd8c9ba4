/**
 * The embedded store: SQLite in threads of their own, large blobs, state caches and spools as files
 * beside it. Several processes may have the same folder open.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Blobs } from "../../ports/blobs.ts";
import type { Changes } from "../../ports/changes.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Leases } from "../../ports/leases.ts";
import { StoreError, type Append, type Log } from "../../ports/log.ts";
import { maxInlineBlobBytes, type BlobRef } from "../../protocol/blob.ts";
import type { MissionSummary } from "../../protocol/status.ts";
import { bodyOf, byNewest, missionOfAppend, type Store, type Truth, type TruthPart } from "../store.ts";
import { BlobFiles, damagedBlob } from "./blobFiles.ts";
import { CacheFiles } from "./cacheFiles.ts";
import { ChangeFeed } from "./changeFeed.ts";
import { databaseFile } from "./database.ts";
import { storeErrorOf } from "./errors.ts";
import { EventReader } from "./eventReader.ts";
import type {
  BackupExchanges,
  HeartbeatExchanges,
  Role,
  WireAppend,
  WorkerSetup,
  WriterExchanges,
} from "./messages.ts";
import { SpoolFiles } from "./spoolFiles.ts";
import { closed, WorkerClient } from "./workerClient.ts";

export interface SqliteStoreOptions {
  /** Everything is in here; made unless `create` is false. */
  directory: string;
  clock: Clock;
  /** Writes throw StoreError `readOnly`. */
  readOnly?: boolean;
  create?: boolean;
}

export interface SqliteStore extends Store {
  /** A consistent copy of the store in a new folder, while it is in use. Caches, spools and heartbeats stay behind. */
  backup(toDirectory: string): Promise<void>;
}

/** Throws StoreError: newerSchema, notAStore, corrupt, readOnly, diskFull, busy, io. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const store = new OpenStore(options);
  await store.opened();
  return store;
}

class OpenStore implements SqliteStore {
  readonly log: Log;
  readonly changes: Changes;
  readonly leases: Leases;
  readonly blobs: Blobs;
  readonly caches: CacheFiles;
  readonly spool: SpoolFiles;
  readonly truth: Truth;
  private readonly directory: string;
  private readonly readOnly: boolean;
  private readonly create: boolean;
  private readonly writer: WorkerClient<WriterExchanges>;
  private readonly feed: ChangeFeed;
  private readonly files: BlobFiles;
  private heart: WorkerClient<HeartbeatExchanges> | undefined;
  private closing: Promise<void> | undefined;

  constructor({ directory, clock, readOnly = false, create = true }: SqliteStoreOptions) {
    this.directory = resolve(directory);
    this.readOnly = readOnly;
    this.create = create;
    this.writer = new WorkerClient<WriterExchanges>(this.setup("writer"));
    this.feed = new ChangeFeed(this.setup("watcher"));
    this.files = new BlobFiles(this.directory);
    this.caches = new CacheFiles(this.directory);
    this.spool = new SpoolFiles(this.directory, clock);
    this.changes = this.feed;
    this.log = this.createLog();
    this.leases = this.createLeases();
    this.blobs = { stage: (bytes) => this.stage(bytes), get: (ref) => this.getBlob(ref) };
    this.truth = this.createTruth();
  }

  private setup(role: Role): Omit<WorkerSetup, "bell"> {
    const crash = process.env["HOUSTON_STORE_CRASH"];
    return { role, directory: this.directory, readOnly: this.readOnly, create: this.create, crash };
  }

  async opened(): Promise<void> {
    await this.writer.opened;
  }

  private checkWritable(): void {
    if (this.closing !== undefined) throw closed(this.directory);
    if (this.readOnly) throw new StoreError("readOnly", `${this.directory}: the store was opened read-only`);
  }

  // ---- the log

  private createLog(): Log {
    const { writer } = this;
    const reader = new EventReader(writer);
    return {
      append: (append) => this.append(append),
      read: (streamId, afterSeq, limit) => reader.read(streamId, afterSeq, limit),
      head: (streamId) => writer.call("head", streamId),
      receipt: (commandId) => writer.call("receipt", commandId),
      streams: () => writer.call("streams", undefined),
      summaries: async () => (await writer.call("summaries", undefined)).map(summaryOf).sort(byNewest),
      summary: async (missionId) => {
        const json = await writer.call("summary", missionId);
        return json === undefined ? undefined : summaryOf(json);
      },
      wakes: (until, limit) => writer.call("wakes", { until, limit }),
      project: async (missionId, seq, summary, wakeAt) => {
        this.checkWritable();
        return writer.call("project", { missionId, seq, summary: JSON.stringify(summary), wakeAt });
      },
      dropProjections: async () => {
        this.checkWritable();
        await writer.call("dropProjections", undefined);
        await this.caches.drop();
      },
    };
  }

  private async append(append: Append): ReturnType<Log["append"]> {
    this.checkWritable();
    const result = await this.writer.call("append", wireOf(append));
    if (result.status === "appended") this.feed.appended(append, result.cursor);
    return result;
  }

  // ---- leases

  private createLeases(): Leases {
    return {
      acquire: async (request) => {
        this.checkWritable();
        const acquisition = this.writer.call("acquire", request);
        this.heartbeats();
        return acquisition;
      },
      heartbeat: async (request) => {
        this.checkWritable();
        return this.heartbeats().call("heartbeat", request);
      },
      release: async (missionId, epoch) => {
        this.checkWritable();
        await this.writer.call("release", { missionId, epoch });
      },
      get: (missionId) => this.writer.call("lease", missionId),
    };
  }

  /** Started with the first lease. */
  private heartbeats(): WorkerClient<HeartbeatExchanges> {
    this.heart ??= new WorkerClient<HeartbeatExchanges>(this.setup("heartbeats"));
    return this.heart;
  }

  // ---- blobs

  private async stage(bytes: Uint8Array): ReturnType<Blobs["stage"]> {
    this.checkWritable();
    const ref: BlobRef = { sha256: sha256(bytes), sizeBytes: bytes.byteLength };
    if (bytes.byteLength <= maxInlineBlobBytes) return { ref, inline: { ref, bytes: bytes.slice() } };
    await this.files.put(ref, bytes);
    return { ref };
  }

  private async getBlob(ref: BlobRef): Promise<Uint8Array | undefined> {
    if (ref.sizeBytes > maxInlineBlobBytes) return this.files.get(ref);
    const bytes = await this.writer.call("blob", ref.sha256);
    if (bytes !== undefined && sha256(bytes) !== ref.sha256)
      throw damagedBlob(databaseFile(this.directory), ref.sha256);
    return bytes;
  }

  // ---- archives and backups

  private createTruth(): Truth {
    const { writer } = this;
    return {
      events: (after, limit) => writer.call("rawEvents", { after, limit }),
      blobs: async () => {
        const refs = [...(await writer.call("blobs", undefined)), ...(await this.files.list())];
        return refs.sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
      },
      epochs: () => writer.call("epochs", undefined),
      restore: async (parts) => {
        this.checkWritable();
        await writer.call("restoreBegin", undefined);
        await this.restore(parts).catch(async (error: unknown) => {
          await writer.call("restoreEnd", { keep: false });
          throw error;
        });
        await writer.call("restoreEnd", { keep: true });
        this.feed.look();
      },
    };
  }

  private async restore(parts: AsyncIterable<TruthPart>): Promise<void> {
    let batch: TruthPart[] = [];
    for await (const part of parts) {
      if (part.kind === "blob" && part.ref.sizeBytes > maxInlineBlobBytes)
        await this.files.put(part.ref, part.bytes);
      else batch.push(part);
      if (batch.length < 200) continue;
      await this.writer.call("restoreParts", batch);
      batch = [];
    }
    await this.writer.call("restoreParts", batch);
  }

  async backup(toDirectory: string): Promise<void> {
    const target = resolve(toDirectory);
    const file = databaseFile(target);
    if (existsSync(file))
      throw new StoreError("invalid", `${file}: there is a store already; a backup needs a new folder`);
    const worker = new WorkerClient<BackupExchanges>(this.setup("backup"));
    try {
      await mkdir(target, { recursive: true, mode: 0o700 });
      await worker.call("backup", { file: `${file}.part` });
      // Large blobs are durable before an event names them, so that these are all and perhaps more.
      const blobs = join(this.directory, "blobs");
      if (existsSync(blobs)) await cp(blobs, join(target, "blobs"), { recursive: true });
      await rename(`${file}.part`, file);
    } catch (error) {
      throw storeErrorOf(error, target);
    } finally {
      await worker.close();
    }
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    await Promise.all([this.feed.close(), this.heart?.close(), this.caches.idle(), this.spool.idle()]);
    // Last, so that its connection is the last one: it brings the WAL into the database.
    await this.writer.close();
  }
}

function wireOf(append: Append): WireAppend {
  const missionId = missionOfAppend(append);
  const { commandId, blobs, fence, wakeAt } = append;
  const streams = append.streams.map(({ streamId, expectedSeq, events }) => ({
    streamId,
    expectedSeq,
    at: events.map(({ at }) => at),
    type: events.map(({ event }) => event.type),
    body: events.map(({ event }) => bodyOf(event)),
  }));
  const summary = append.summary === undefined ? undefined : JSON.stringify(append.summary);
  return { commandId, streams, blobs, fence, missionId, summary, wakeAt };
}

function summaryOf(json: string): MissionSummary {
  return JSON.parse(json) as MissionSummary;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
