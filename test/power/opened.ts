/**
 * The store as the checks use it, opened in two ways: in full, as Houston does (`openSqliteStore`, a thread for
 * each role); or with the same classes but no threads, because starting three takes ten times longer than all
 * that is checked. Recovery, reading and writing are the product's own code in both.
 */
import { MessageChannel } from "node:worker_threads";
import type { Lease } from "../../src/ports/leases.ts";
import { StoreError, type Receipt } from "../../src/ports/log.ts";
import { maxInlineBlobBytes, type BlobRef } from "../../src/protocol/blob.ts";
import type { EventRecord } from "../../src/protocol/events.ts";
import {
  missionStream,
  type CommandId,
  type Epoch,
  type MissionId,
  type Seq,
  type StreamId,
} from "../../src/protocol/ids.ts";
import { BlobFiles } from "../../src/stores/sqlite/blobFiles.ts";
import { Heart } from "../../src/stores/sqlite/heart.ts";
import type {
  Asked,
  Answered,
  Reply,
  Request,
  WorkerSetup,
  WriterExchanges,
} from "../../src/stores/sqlite/messages.ts";
import { Port } from "../../src/stores/sqlite/port.ts";
import { openSqliteStore } from "../../src/stores/sqlite/store.ts";
import { Writer } from "../../src/stores/sqlite/writer.ts";
import { bodyOf, recordOf } from "../../src/stores/store.ts";
import { note, uuid } from "../../src/testing/storeContractKit.ts";
import { clock } from "./layout.ts";

export interface OpenedStore {
  streams(): Promise<StreamId[]>;
  read(streamId: StreamId, afterSeq: Seq, limit: number): Promise<EventRecord[]>;
  head(streamId: StreamId): Promise<Seq>;
  receipt(commandId: CommandId): Promise<Receipt | undefined>;
  blobs(): Promise<BlobRef[]>;
  blob(ref: BlobRef): Promise<Uint8Array | undefined>;
  lease(missionId: MissionId): Promise<Lease | undefined>;
  /** Another runner's lease, heartbeat and fenced append; what went wrong, or nothing. */
  takeOver(missionId: MissionId, epoch: Epoch): Promise<string | undefined>;
  close(): Promise<void>;
}

const ttlMs = 60_000;
const event = note("after the crash");
const commandId = uuid(8, 1);

export async function openInFull(directory: string): Promise<OpenedStore> {
  const store = await openSqliteStore({ directory, clock });
  const { log, leases, blobs, truth } = store;
  return {
    streams: () => log.streams(),
    read: (streamId, afterSeq, limit) => log.read(streamId, afterSeq, limit),
    head: (streamId) => log.head(streamId),
    receipt: (id) => log.receipt(id),
    blobs: () => truth.blobs(),
    blob: (ref) => blobs.get(ref),
    lease: (missionId) => leases.get(missionId),
    takeOver: async (missionId, epoch) => {
      const now = Date.now() + 2 * ttlMs;
      const taken = await leases.acquire({ missionId, runnerId: uuid(3, 9), ttlMs, now });
      if (taken.status !== "acquired" || taken.epoch !== epoch) return JSON.stringify(taken);
      if (!(await leases.heartbeat({ missionId, epoch, ttlMs, now }))) return "the heartbeat is refused";
      const streamId = missionStream(missionId);
      const streams = [{ streamId, expectedSeq: await log.head(streamId), events: [{ at: now, event }] }];
      const result = await log.append({ commandId, streams, blobs: [], fence: { missionId, epoch } });
      return result.status === "appended" ? undefined : JSON.stringify(result);
    },
    close: () => store.close(),
  };
}

/** Takes the writer's answers instead of posting them. */
class Desk extends Port {
  private replies: Reply[] = [];

  override reply(replies: Reply[]): void {
    this.replies.push(...replies);
  }

  override poll(): Request | undefined {
    return undefined;
  }

  take(): Reply | undefined {
    return this.replies.shift();
  }
}

/** Synchronous underneath: throws before it returns when the store cannot be opened. */
export function openWithoutThreads(directory: string): OpenedStore {
  const bell = new Int32Array(new SharedArrayBuffer(4));
  const setup: WorkerSetup = {
    role: "writer",
    directory,
    readOnly: false,
    create: true,
    crash: undefined,
    bell,
  };
  const { port1, port2 } = new MessageChannel();
  for (const port of [port1, port2]) port.close();
  const desk = new Desk(port1, bell);
  const writer = new Writer(setup, desk);
  const files = new BlobFiles(directory);
  const ask = async <K extends keyof WriterExchanges>(
    kind: K,
    asked: Asked<WriterExchanges, K>,
  ): Promise<Answered<WriterExchanges, K>> => {
    writer.run({ id: 1, kind, ask: asked });
    const reply = desk.take();
    if (reply === undefined) throw new Error(`the writer does not answer ${kind}`);
    if ("failure" in reply) throw new StoreError(reply.failure.code, reply.failure.message);
    return await Promise.resolve(reply.answer as Answered<WriterExchanges, K>);
  };
  return {
    streams: () => ask("streams", undefined),
    read: async (streamId, afterSeq, limit) =>
      (await ask("read", { streamId, afterSeq, limit })).map(recordOf),
    head: (streamId) => ask("head", streamId),
    receipt: (id) => ask("receipt", id),
    blobs: async () => [...(await ask("blobs", undefined)), ...(await files.list())],
    blob: (ref) => (ref.sizeBytes > maxInlineBlobBytes ? files.get(ref) : ask("blob", ref.sha256)),
    lease: (missionId) => ask("lease", missionId),
    takeOver: async (missionId, epoch) => {
      const now = Date.now() + 2 * ttlMs;
      const taken = await ask("acquire", { missionId, runnerId: uuid(3, 9), ttlMs, now });
      if (taken.status !== "acquired" || taken.epoch !== epoch) return JSON.stringify(taken);
      const heart = new Heart(setup);
      const beats = heart.handle({ id: 1, kind: "heartbeat", ask: { missionId, epoch, ttlMs, now } });
      heart.close();
      if (!beats) return "the heartbeat is refused";
      const streamId = missionStream(missionId);
      const streams = [
        {
          streamId,
          expectedSeq: await ask("head", streamId),
          at: [now],
          type: [event.type],
          body: [bodyOf(event)],
        },
      ];
      const fence = { missionId, epoch };
      const result = await ask("append", {
        commandId,
        streams,
        blobs: [],
        fence,
        missionId,
        summary: undefined,
        wakeAt: undefined,
      });
      return result.status === "appended" ? undefined : JSON.stringify(result);
    },
    close: async () => {
      writer.close();
      await Promise.resolve();
    },
  };
}
