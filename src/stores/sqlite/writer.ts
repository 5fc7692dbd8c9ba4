/**
 * The thread that owns the main database. Requests that wait while a commit runs are taken together
 * into the next transaction: each is checked and refused by itself, one sync is for all of them.
 * Reads are answered between transactions, also while another process holds the write lock.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Acquisition, Lease } from "../../ports/leases.ts";
import { StoreError } from "../../ports/log.ts";
import type { MissionId } from "../../protocol/ids.ts";
import { isHeld, type TruthPart } from "../store.ts";
import { CrashPoint } from "./crashPoint.ts";
import { databaseFile, openDatabase, retryWhileBusy } from "./database.ts";
import { storeErrorOf } from "./errors.ts";
import { HeartbeatTable } from "./heartbeatTable.ts";
import type {
  Asked,
  Answered,
  ReadExchanges,
  Reply,
  Request,
  WireAppend,
  WorkerSetup,
  WriteExchanges,
} from "./messages.ts";
import { eventsOf } from "./pages.ts";
import type { Port } from "./port.ts";
import { Tables, type PreparedBlob } from "./tables.ts";

/** Most requests in one transaction; bounds how long the first of them waits. */
const maxBatch = 256;

type Readers = { [K in keyof ReadExchanges]: (ask: Asked<ReadExchanges, K>) => Answered<ReadExchanges, K> };
/** Answers inside the transaction; what it adds to `committed` runs after the commit. */
type Writers = {
  [K in keyof WriteExchanges]: (
    ask: Asked<WriteExchanges, K>,
    committed: (() => void)[],
  ) => Answered<WriteExchanges, K>;
};

export class Writer {
  private readonly setup: WorkerSetup;
  private readonly file: string;
  private readonly port: Port;
  private readonly crash: CrashPoint;
  private db: DatabaseSync;
  private tables: Tables;
  private heartbeats: HeartbeatTable | undefined;
  private readonly preparedBlobs = new WeakMap<WireAppend, PreparedBlob[]>();
  private writes: Request[] = [];
  private restoring = false;
  private lastRestored: string | undefined;

  constructor(setup: WorkerSetup, port: Port) {
    this.setup = setup;
    this.port = port;
    this.file = databaseFile(setup.directory);
    this.crash = new CrashPoint(setup.crash);
    this.db = openDatabase(setup.directory, setup);
    this.tables = new Tables(this.db, this.file);
  }

  /** Everything that is waiting, and what comes meanwhile, until nothing is. */
  run(first: Request): void {
    this.sort(first);
    for (;;) {
      this.drain();
      if (this.writes.length === 0) return;
      this.commit(this.writes.splice(0, maxBatch));
    }
  }

  private drain(): void {
    for (let request = this.port.poll(); request !== undefined; request = this.port.poll())
      this.sort(request);
  }

  private sort(request: Request): void {
    const { kind } = request;
    if (kind.startsWith("restore")) this.port.reply([this.answer(request, () => this.restore(request))]);
    else if (this.restoring)
      this.port.reply([
        failure(request, new StoreError("busy", `${this.file}: an archive is being imported`)),
      ]);
    else if (kind in this.writers) this.writes.push(request);
    else this.port.reply([this.answer(request, () => retryWhileBusy(this.file, () => this.read(request)))]);
  }

  private answer(request: Request, work: () => unknown): Reply {
    try {
      return { id: request.id, answer: work() };
    } catch (error) {
      return failure(request, storeErrorOf(error, this.file));
    }
  }

  // ---- writing

  private commit(batch: Request[]): void {
    try {
      const ready = batch.filter((request) => this.prepare(request));
      if (ready.length > 0) this.port.reply(this.transact(ready));
    } catch (error) {
      const problem = storeErrorOf(error, this.file);
      if (problem.code === "io") this.reopen();
      // One of several may be the reason, or the only one that fits on the disk: each gets its own answer.
      if (batch.length > 1 && problem.code !== "busy") for (const request of batch) this.commit([request]);
      else this.port.reply(batch.map((request) => failure(request, problem)));
    }
  }

  /** Work that needs no lock is done before it is taken. */
  private prepare(request: Request): boolean {
    if (request.kind !== "append") return true;
    const append = request.ask as WireAppend;
    if (append.blobs.length === 0) return true;
    try {
      this.preparedBlobs.set(
        append,
        append.blobs.map((blob) => this.tables.prepareBlob(blob)),
      );
      return true;
    } catch (error) {
      this.port.reply([failure(request, storeErrorOf(error, this.file))]);
      return false;
    }
  }

  private transact(batch: Request[]): Reply[] {
    const committed: (() => void)[] = [];
    const replies: Reply[] = [];
    this.begin();
    try {
      for (const request of batch) replies.push({ id: request.id, answer: this.write(request, committed) });
      this.crash.reach("beforeCommit");
      this.tables.commit();
      this.crash.reach("afterCommit");
    } catch (error) {
      this.rollback();
      throw error;
    }
    for (const work of committed) afterwards(work);
    return replies;
  }

  private begin(): void {
    retryWhileBusy(
      this.file,
      () => this.tables.begin(),
      () => this.drain(),
    );
  }

  private rollback(): void {
    this.tables.forgetStreams();
    try {
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
    } catch {
      this.reopen();
    }
  }

  /** After a failed write or sync only the file itself can say what it holds. */
  private reopen(): void {
    try {
      this.db.close();
    } catch {
      // It may be closed already, by an attempt before this one.
    }
    try {
      this.db = openDatabase(this.setup.directory, { readOnly: this.setup.readOnly, create: false });
      this.tables = new Tables(this.db, this.file);
    } catch {
      // Every request says so from now on, and tries again.
    }
  }

  private write(request: Request, committed: (() => void)[]): unknown {
    const work = this.writers[request.kind as keyof Writers] as (
      ask: unknown,
      committed: (() => void)[],
    ) => unknown;
    return work(request.ask, committed);
  }

  private readonly writers: Writers = {
    append: (ask) => this.tables.append(ask, this.preparedBlobs.get(ask) ?? []),
    acquire: (ask, committed) => this.acquire(ask, committed),
    release: ({ missionId, epoch }) => {
      this.tables.release(missionId, epoch);
      return undefined;
    },
    project: ({ missionId, seq, summary, wakeAt }) => this.tables.project(missionId, seq, summary, wakeAt),
    dropProjections: () => {
      this.tables.dropProjections();
      return undefined;
    },
  };

  private acquire(ask: Asked<WriteExchanges, "acquire">, committed: (() => void)[]): Acquisition {
    const { missionId, runnerId, ttlMs, now } = ask;
    const previous = this.lease(missionId);
    if (previous !== undefined && isHeld(previous, ask)) return { status: "held", lease: previous };
    const epoch = (previous?.epoch ?? 0) + 1;
    this.tables.setLease(missionId, { epoch, runner: runnerId, acquiredAt: now, ttlMs, released: 0 });
    committed.push(() => this.heartbeatTable()?.raise(missionId, epoch, now, ttlMs));
    return previous === undefined ? { status: "acquired", epoch } : { status: "acquired", epoch, previous };
  }

  // ---- reading

  private read(request: Request): unknown {
    const work = this.readers[request.kind as keyof Readers] as ((ask: unknown) => unknown) | undefined;
    if (work === undefined)
      throw new StoreError("invalid", `the store's worker does not know ${request.kind}`);
    return work(request.ask);
  }

  private readonly readers: Readers = {
    read: ({ streamId, afterSeq, limit }) => eventsOf(streamId, this.tables.read(streamId, afterSeq, limit)),
    page: ({ streamId, afterSeq, limit }) => this.tables.read(streamId, afterSeq, limit),
    head: (streamId) => this.tables.head(streamId),
    receipt: (commandId) => this.tables.receipt(commandId),
    streams: () => this.tables.streams(),
    summaries: () => this.tables.summaries(),
    summary: (missionId) => this.tables.summary(missionId),
    wakes: ({ until, limit }) => this.tables.wakes(until, limit),
    lease: (missionId) => this.lease(missionId),
    blob: (sha256) => this.tables.blob(sha256),
    blobs: () => this.tables.blobs(),
    epochs: () => this.tables.epochs(),
    rawEvents: ({ after, limit }) => this.tables.rawEvents(after, limit),
  };

  private heartbeatTable(): HeartbeatTable | undefined {
    this.heartbeats ??= HeartbeatTable.open(this.setup.directory, this.setup.readOnly);
    return this.heartbeats;
  }

  private lease(missionId: MissionId): Lease | undefined {
    const row = this.tables.lease(missionId);
    if (row === undefined) return undefined;
    const { epoch, runner, released, acquiredAt } = row;
    const beat = this.heartbeatTable()?.get(missionId);
    const { at, ttlMs } = beat?.epoch === epoch ? beat : { at: acquiredAt, ttlMs: row.ttlMs };
    return {
      missionId,
      runnerId: runner,
      epoch,
      heartbeatAt: at,
      expiresAt: at + ttlMs,
      released: released === 1,
    };
  }

  // ---- importing

  private restore({ kind, ask }: Request): undefined {
    if (kind === "restoreBegin") {
      this.begin();
      this.restoring = true;
      if (this.tables.isEmpty()) return;
      this.endRestore(false);
      throw new StoreError("invalid", `${this.file}: only an empty store can be filled from an archive`);
    }
    if (!this.restoring) throw new StoreError("invalid", "no archive is being imported");
    if (kind === "restoreEnd") return this.endRestore((ask as { keep: boolean }).keep);
    for (const part of ask as TruthPart[]) this.restorePart(part);
    return undefined;
  }

  private endRestore(keep: boolean): undefined {
    this.restoring = false;
    this.lastRestored = undefined;
    if (keep) this.db.exec("COMMIT");
    else this.rollback();
    return undefined;
  }

  private restorePart(part: TruthPart): void {
    switch (part.kind) {
      case "event": {
        const key = `${part.event.commandId} ${part.event.streamId}`;
        this.tables.addRawEvent(part.event, key !== this.lastRestored);
        this.lastRestored = key;
        return;
      }
      case "blob":
        return this.tables.addBlob(this.tables.prepareBlob(part));
      case "epoch":
        this.tables.setLease(part.epoch.missionId, {
          epoch: part.epoch.epoch,
          runner: "",
          acquiredAt: 0,
          ttlMs: 0,
          released: 1,
        });
    }
  }

  close(): void {
    this.heartbeats?.close();
    if (this.restoring) this.rollback();
    this.db.close();
  }
}

/** What follows a commit may fail without harm, and must not make the commit look undone. */
function afterwards(work: () => void): void {
  try {
    work();
  } catch {
    // A first heartbeat that is missing is made good by the next.
  }
}

export function failure(request: { id: number }, { code, message }: StoreError): Reply {
  return { id: request.id, failure: { code, message } };
}
