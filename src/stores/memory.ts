/**
 * The store in memory: for the simulator, tests and the browser. It knows no clock, no files and no
 * timers; events are kept as JSON, so that nobody shares an object with the log and what JSON drops
 * is dropped here too.
 */
import type { Blobs, StagedBlob } from "../ports/blobs.ts";
import type { Change, Changes } from "../ports/changes.ts";
import type { Digest } from "../ports/digest.ts";
import type { AcquireRequest, Acquisition, Lease, Leases } from "../ports/leases.ts";
import {
  StoreError,
  type Append,
  type AppendResult,
  type Cursor,
  type InlineBlob,
  type Log,
  type Receipt,
  type Wake,
} from "../ports/log.ts";
import type { CachedState, StateCaches } from "../ports/stateCache.ts";
import { maxInlineBlobBytes, type BlobRef } from "../protocol/blob.ts";
import { eventSchemaVersion, type EventRecord } from "../protocol/events.ts";
import {
  missionStream,
  type CommandId,
  type Epoch,
  type MissionId,
  type Seq,
  type StreamId,
  type Timestamp,
} from "../protocol/ids.ts";
import type { MissionSummary } from "../protocol/status.ts";
import { createMemorySpool } from "./memorySpool.ts";
import {
  bodyOf,
  byNewest,
  isHeld,
  missionOfAppend,
  recordOf,
  type EpochRow,
  type RawEvent,
  type Store,
  type Truth,
  type TruthPart,
} from "./store.ts";

export interface MemoryStoreOptions {
  digest: Digest;
}

export function createMemoryStore({ digest }: MemoryStoreOptions): Store {
  const state = new State();
  const log = new MemoryLog(state, digest);
  return {
    log,
    changes: new MemoryChanges(state),
    leases: new MemoryLeases(state),
    blobs: new MemoryBlobs(state, digest),
    caches: new MemoryCaches(state),
    spool: createMemorySpool(),
    truth: new MemoryTruth(state, log),
    close() {
      state.closed = true;
      state.wake();
      return Promise.resolve();
    },
  };
}

class State {
  closed = false;
  /** The event at cursor `n` is at `n - 1`. */
  readonly events: RawEvent[] = [];
  readonly streams = new Map<StreamId, RawEvent[]>();
  readonly receipts = new Map<CommandId, Receipt>();
  readonly summaries = new Map<MissionId, string>();
  readonly wakes = new Map<MissionId, Timestamp>();
  readonly blobs = new Map<string, Uint8Array>();
  readonly leases = new Map<MissionId, Lease>();
  readonly caches = new Map<MissionId, CachedState[]>();
  private waiting: (() => void)[] = [];

  check(): void {
    if (this.closed) throw new StoreError("closed", "the store in memory was closed");
  }

  head(streamId: StreamId): Seq {
    return this.streams.get(streamId)?.length ?? 0;
  }

  push(event: RawEvent): void {
    this.events.push(event);
    const stream = this.streams.get(event.streamId);
    if (stream === undefined) this.streams.set(event.streamId, [event]);
    else stream.push(event);
  }

  setWake(missionId: MissionId, wakeAt: Timestamp | null): void {
    if (wakeAt === null) this.wakes.delete(missionId);
    else this.wakes.set(missionId, wakeAt);
  }

  /** Receipts follow from events: a command's first event names its stream, its last one there the sequence. */
  rebuildReceipts(): void {
    this.receipts.clear();
    for (const { commandId, streamId, seq } of this.events) {
      const receipt = this.receipts.get(commandId);
      if (receipt === undefined) this.receipts.set(commandId, { commandId, streamId, seq });
      else if (receipt.streamId === streamId) receipt.seq = seq;
    }
  }

  wake(): void {
    const waiting = this.waiting;
    if (waiting.length === 0) return;
    this.waiting = [];
    for (const resume of waiting) resume();
  }

  nextWake(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

class MemoryLog implements Log {
  private readonly state: State;
  private readonly digest: Digest;

  constructor(state: State, digest: Digest) {
    this.state = state;
    this.digest = digest;
  }

  async append(append: Append): Promise<AppendResult> {
    const { state } = this;
    state.check();
    const missionId = missionOfAppend(append);
    const refused = this.refusal(append);
    if (refused !== undefined) return refused;
    for (const blob of append.blobs) this.checkBlob(blob);
    // Everything that can fail has happened; from here on it is all of it.
    const bodies = append.streams.map(({ events }) => events.map(({ event }) => bodyOf(event)));
    append.streams.forEach((stream, i) => {
      stream.events.forEach(({ at, event }, j) => {
        const seq = stream.expectedSeq + j + 1;
        const body = bodies[i]?.[j] ?? "";
        state.push({
          streamId: stream.streamId,
          seq,
          at,
          commandId: append.commandId,
          schemaVersion: eventSchemaVersion,
          type: event.type,
          body,
        });
      });
    });
    for (const { ref, bytes } of append.blobs)
      if (!state.blobs.has(ref.sha256)) state.blobs.set(ref.sha256, bytes.slice());
    if (append.summary !== undefined)
      state.summaries.set(append.summary.missionId, JSON.stringify(append.summary));
    if (append.wakeAt !== undefined && missionId !== undefined) state.setWake(missionId, append.wakeAt);
    const receipt = this.receiptOf(append);
    state.receipts.set(append.commandId, receipt);
    state.wake();
    return { status: "appended", receipt: { ...receipt }, cursor: state.events.length };
  }

  private refusal(append: Append): AppendResult | undefined {
    const { state } = this;
    const receipt = state.receipts.get(append.commandId);
    if (receipt !== undefined) return { status: "repeated", receipt: { ...receipt } };
    if (append.fence !== undefined) {
      const { missionId, epoch } = append.fence;
      const currentEpoch = state.leases.get(missionId)?.epoch ?? 0;
      if (currentEpoch === 0 || epoch !== currentEpoch) return { status: "stale", epoch, currentEpoch };
    }
    for (const { streamId, expectedSeq } of append.streams) {
      const actualSeq = state.head(streamId);
      if (actualSeq !== expectedSeq) return { status: "conflict", streamId, expectedSeq, actualSeq };
    }
    return undefined;
  }

  private receiptOf({ commandId, streams }: Append): Receipt {
    const first = streams[0];
    if (first === undefined) throw new StoreError("invalid", "an append needs at least one stream");
    return { commandId, streamId: first.streamId, seq: first.expectedSeq + first.events.length };
  }

  private checkBlob({ ref, bytes }: InlineBlob): void {
    if (this.state.blobs.has(ref.sha256)) return;
    if (ref.sizeBytes !== bytes.byteLength || ref.sha256 !== this.digest.sha256(bytes))
      throw new StoreError("invalid", `the content of blob ${ref.sha256} is not what its name says`);
  }

  async read(streamId: StreamId, afterSeq: Seq, limit: number): Promise<EventRecord[]> {
    this.state.check();
    const events = this.state.streams.get(streamId) ?? [];
    return events.slice(afterSeq, afterSeq + limit).map(recordOf);
  }

  async head(streamId: StreamId): Promise<Seq> {
    this.state.check();
    return this.state.head(streamId);
  }

  async receipt(commandId: CommandId): Promise<Receipt | undefined> {
    this.state.check();
    const receipt = this.state.receipts.get(commandId);
    return receipt === undefined ? undefined : { ...receipt };
  }

  async streams(): Promise<StreamId[]> {
    this.state.check();
    return [...this.state.streams.keys()].sort();
  }

  async summaries(): Promise<MissionSummary[]> {
    this.state.check();
    return [...this.state.summaries.values()]
      .map((json) => JSON.parse(json) as MissionSummary)
      .sort(byNewest);
  }

  async summary(missionId: MissionId): Promise<MissionSummary | undefined> {
    this.state.check();
    const json = this.state.summaries.get(missionId);
    return json === undefined ? undefined : (JSON.parse(json) as MissionSummary);
  }

  async wakes(until: Timestamp, limit: number): Promise<Wake[]> {
    this.state.check();
    const due: Wake[] = [];
    for (const [missionId, wakeAt] of this.state.wakes) if (wakeAt <= until) due.push({ missionId, wakeAt });
    return due.sort((a, b) => a.wakeAt - b.wakeAt || (a.missionId < b.missionId ? -1 : 1)).slice(0, limit);
  }

  async project(
    missionId: MissionId,
    seq: Seq,
    summary: MissionSummary,
    wakeAt: Timestamp | null,
  ): Promise<boolean> {
    this.state.check();
    if (this.state.head(missionStream(missionId)) !== seq) return false;
    this.state.summaries.set(missionId, JSON.stringify(summary));
    this.state.setWake(missionId, wakeAt);
    return true;
  }

  async dropProjections(): Promise<void> {
    this.state.check();
    this.state.summaries.clear();
    this.state.wakes.clear();
    this.state.caches.clear();
    this.state.rebuildReceipts();
  }
}

class MemoryChanges implements Changes {
  private readonly state: State;

  constructor(state: State) {
    this.state = state;
  }

  async cursor(): Promise<Cursor> {
    this.state.check();
    return this.state.events.length;
  }

  async *changes(after: Cursor, signal: AbortSignal): AsyncGenerator<Change> {
    const { state } = this;
    const wake = (): void => state.wake();
    signal.addEventListener("abort", wake, { once: true });
    let position = after;
    while (!signal.aborted && !state.closed) {
      if (position >= state.events.length) {
        await state.nextWake();
        continue;
      }
      const newest = new Map<StreamId, Change>();
      for (; position < state.events.length; position += 1) {
        const event = state.events[position];
        if (event === undefined) break;
        newest.delete(event.streamId);
        newest.set(event.streamId, { cursor: position + 1, streamId: event.streamId, seq: event.seq });
      }
      for (const change of newest.values()) {
        if (isAborted(signal)) return;
        yield change;
      }
    }
  }
}

/** Asked again after a pause, where the compiler would remember the answer from before it. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

class MemoryLeases implements Leases {
  private readonly state: State;

  constructor(state: State) {
    this.state = state;
  }

  async acquire(request: AcquireRequest): Promise<Acquisition> {
    const { missionId, runnerId, ttlMs, now } = request;
    this.state.check();
    const previous = this.state.leases.get(missionId);
    if (previous !== undefined && isHeld(previous, request))
      return { status: "held", lease: { ...previous } };
    const epoch = (previous?.epoch ?? 0) + 1;
    this.state.leases.set(missionId, {
      missionId,
      runnerId,
      epoch,
      heartbeatAt: now,
      expiresAt: now + ttlMs,
      released: false,
    });
    return previous === undefined
      ? { status: "acquired", epoch }
      : { status: "acquired", epoch, previous: { ...previous } };
  }

  async heartbeat(request: {
    missionId: MissionId;
    epoch: Epoch;
    ttlMs: number;
    now: Timestamp;
  }): Promise<boolean> {
    this.state.check();
    const lease = this.state.leases.get(request.missionId);
    if (lease === undefined || lease.epoch !== request.epoch) return false;
    lease.heartbeatAt = request.now;
    lease.expiresAt = request.now + request.ttlMs;
    return true;
  }

  async release(missionId: MissionId, epoch: Epoch): Promise<void> {
    this.state.check();
    const lease = this.state.leases.get(missionId);
    if (lease?.epoch === epoch) lease.released = true;
  }

  async get(missionId: MissionId): Promise<Lease | undefined> {
    this.state.check();
    const lease = this.state.leases.get(missionId);
    return lease === undefined ? undefined : { ...lease };
  }
}

class MemoryBlobs implements Blobs {
  private readonly state: State;
  private readonly digest: Digest;

  constructor(state: State, digest: Digest) {
    this.state = state;
    this.digest = digest;
  }

  async stage(bytes: Uint8Array): Promise<StagedBlob> {
    this.state.check();
    const ref: BlobRef = { sha256: this.digest.sha256(bytes), sizeBytes: bytes.byteLength };
    const own = bytes.slice();
    if (bytes.byteLength <= maxInlineBlobBytes) return { ref, inline: { ref, bytes: own } };
    this.state.blobs.set(ref.sha256, own);
    return { ref };
  }

  async get(ref: BlobRef): Promise<Uint8Array | undefined> {
    this.state.check();
    const bytes = this.state.blobs.get(ref.sha256);
    if (bytes === undefined) return undefined;
    if (this.digest.sha256(bytes) !== ref.sha256)
      throw new StoreError("corrupt", `blob ${ref.sha256} in memory was changed`);
    return bytes.slice();
  }
}

class MemoryCaches implements StateCaches {
  private readonly state: State;

  constructor(state: State) {
    this.state = state;
  }

  async load(missionId: MissionId): Promise<CachedState[]> {
    this.state.check();
    return (this.state.caches.get(missionId) ?? []).map((cache) => ({ ...cache }));
  }

  async save(missionId: MissionId, { seq, stateVersion, body }: CachedState): Promise<void> {
    this.state.check();
    const kept = this.state.caches.get(missionId) ?? [];
    this.state.caches.set(missionId, [{ seq, stateVersion, body }, ...kept].slice(0, 2));
  }
}

class MemoryTruth implements Truth {
  private readonly state: State;
  private readonly log: MemoryLog;

  constructor(state: State, log: MemoryLog) {
    this.state = state;
    this.log = log;
  }

  async events(after: Cursor, limit: number): Promise<{ cursor: Cursor; event: RawEvent }[]> {
    this.state.check();
    return this.state.events
      .slice(after, after + limit)
      .map((event, i) => ({ cursor: after + i + 1, event: { ...event } }));
  }

  async blobs(): Promise<BlobRef[]> {
    this.state.check();
    const refs = [...this.state.blobs].map(([sha256, { byteLength }]) => ({ sha256, sizeBytes: byteLength }));
    return refs.sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  }

  async epochs(): Promise<EpochRow[]> {
    this.state.check();
    const rows = [...this.state.leases.values()].map(({ missionId, epoch }) => ({ missionId, epoch }));
    return rows.sort((a, b) => (a.missionId < b.missionId ? -1 : 1));
  }

  async restore(parts: AsyncIterable<TruthPart>): Promise<void> {
    const all: TruthPart[] = [];
    for await (const part of parts) all.push(part);
    this.state.check();
    if (this.state.events.length > 0 || this.state.leases.size > 0)
      throw new StoreError("invalid", "only an empty store can be filled from an archive");
    const heads = new Map<StreamId, Seq>();
    for (const part of all) {
      if (part.kind !== "event") continue;
      const { streamId, seq } = part.event;
      if (seq !== (heads.get(streamId) ?? 0) + 1)
        throw new StoreError("invalid", `event ${seq} of ${streamId} is out of order`);
      heads.set(streamId, seq);
    }
    for (const part of all) this.add(part);
    await this.log.dropProjections();
    this.state.wake();
  }

  private add(part: TruthPart): void {
    switch (part.kind) {
      case "event":
        return this.state.push(part.event);
      case "blob":
        this.state.blobs.set(part.ref.sha256, part.bytes.slice());
        return;
      case "epoch": {
        const { missionId, epoch } = part.epoch;
        this.state.leases.set(missionId, {
          missionId,
          epoch,
          runnerId: "",
          heartbeatAt: 0,
          expiresAt: 0,
          released: true,
        });
      }
    }
  }
}
