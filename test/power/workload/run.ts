/**
 * The recorded process: a real store and real workspaces doing what missions do, several things at a time.
 * Says what it wants and, after the promise resolved, what it was told: `run.ts <root> <lines> <rounds> <git|store>`.
 */
import { openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { StreamAppend } from "../../../src/ports/log.ts";
import type { HoustonEvent } from "../../../src/protocol/events.ts";
import { missionStream, type MissionId, type Seq, type StreamId } from "../../../src/protocol/ids.ts";
import type { Snapshot } from "../../../src/protocol/snapshot.ts";
import { openSqliteStore, type SqliteStore } from "../../../src/stores/sqlite/store.ts";
import { seededRandom } from "../../../src/testing/random.ts";
import {
  missionA,
  missionB,
  noise,
  note,
  runner1,
  runner2,
  session,
  streamA,
  streamB,
  summaryOf,
  uuid,
} from "../../../src/testing/storeContractKit.ts";
import { createWorkspaces } from "../../../src/workspace/workspaces.ts";
import type { Line, NamedSnapshot, WantedAppend } from "../history.ts";
import { clock, sha256, stateFolder, userFolder, workspacesIn } from "../layout.ts";

const [, , root = "", linesFile = "", rounds = "56", parts = "git"] = process.argv;
const random = seededRandom("power/workload");
const lines = openSync(linesFile, "a");
const workspaces = createWorkspaces({ directory: workspacesIn(root) });
const heads = new Map<StreamId, Seq>();
let lastLine = 0;
let commands = 0;
let noises = 0;

type Said<T> = T extends { n: number } ? Omit<T, "n"> : never;

function say(line: Said<Line>): number {
  lastLine += 1;
  writeSync(lines, `${JSON.stringify({ n: lastLine, ...line })}\n`);
  return lastLine;
}

const freshBytes = (sizeBytes: number): Uint8Array => noise(sizeBytes, (noises += 7919));
const open = async (): Promise<SqliteStore> => {
  const store = await openSqliteStore({ directory: join(root, stateFolder), clock });
  say({ kind: "opened" });
  return store;
};

interface More {
  blobSizes?: number[];
  snapshots?: NamedSnapshot[];
}

/** One append to one or several streams, events in each; two at once to the same stream never meet. */
async function append(
  store: SqliteStore,
  events: Record<StreamId, HoustonEvent[]>,
  more: More = {},
): Promise<void> {
  const staged = await Promise.all(
    (more.blobSizes ?? []).map(async (size) => await store.blobs.stage(freshBytes(size))),
  );
  for (const { ref, inline } of staged) if (inline === undefined) say({ kind: "staged", ref });
  const streams: StreamAppend[] = Object.entries(events).map(([streamId, list]) => {
    const expectedSeq = heads.get(streamId) ?? 0;
    heads.set(streamId, expectedSeq + list.length);
    return {
      streamId,
      expectedSeq,
      events: list.map((event, i) => ({ at: 1_000 + expectedSeq + i, event })),
    };
  });
  commands += 1;
  const wanted: WantedAppend = {
    commandId: uuid(9, commands),
    streams: streams.map(({ streamId, expectedSeq, events: list }) => ({
      streamId,
      first: expectedSeq + 1,
      digests: list.map(({ event }) => sha256(JSON.stringify(event))),
    })),
    blobs: staged.map(({ ref }) => ref),
    snapshots: more.snapshots ?? [],
  };
  const want = say({ kind: "want", append: wanted });
  const missionId = streams.find(({ streamId }) => streamId.startsWith("mission:"))?.streamId.slice(8);
  const result = await store.log.append({
    commandId: wanted.commandId,
    streams,
    blobs: staged.flatMap(({ inline }) => (inline === undefined ? [] : [inline])),
    ...(missionId === undefined ? {} : { summary: summaryOf(missionId, lastLine), wakeAt: 1_000 + lastLine }),
  });
  if (result.status !== "appended") throw new Error(JSON.stringify(result));
  say({ kind: "appended", want });
}

const words = (): HoustonEvent[] =>
  Array.from({ length: random.int(1, 4) }, () => note(`${lastLine} ${"word ".repeat(random.int(1, 400))}`));

/** Some appends one after the other to one stream, with small blobs; now and then across two streams. */
async function steps(store: SqliteStore, streamId: StreamId, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const blobSizes = Array.from({ length: random.int(0, 2) }, () => random.int(1, 40_000));
    const both: Record<StreamId, HoustonEvent[]> = { [streamId]: words() };
    if (streamId === streamA && random.chance(0.3)) both[session] = words();
    await append(store, both, { blobSizes });
  }
}

async function lease(store: SqliteStore, missionId: MissionId): Promise<void> {
  const now = Date.now();
  const runnerId = random.pick([runner1, runner2]);
  const taken = await store.leases.acquire({ missionId, runnerId, ttlMs: 1_000, now });
  if (taken.status !== "acquired") throw new Error(JSON.stringify(taken));
  say({ kind: "acquired", missionId, epoch: taken.epoch });
  await store.leases.heartbeat({ missionId, epoch: taken.epoch, ttlMs: 1_000, now: now + 10 });
  await store.leases.release(missionId, taken.epoch);
}

/** What may be lost without harm is written too, so that recovery finds it torn. */
async function lossy(store: SqliteStore, round: number): Promise<void> {
  await store.caches.save(missionA, { seq: round, stateVersion: 1, body: "state ".repeat(2_000) });
  const spool = store.spool.open(missionA, `c${round}`);
  spool.write(freshBytes(5_000));
  await spool.close();
}

/** A mission that works in files: every round a capture, an event that names it, now and then a delivery. */
class FileWork {
  private readonly missionId: MissionId;
  private folder = "";
  private at: Snapshot | undefined;

  constructor(missionId: MissionId) {
    this.missionId = missionId;
  }

  async prepare(): Promise<void> {
    const { missionId } = this;
    const snapshot = await workspaces.prepare({
      missionId,
      repositoryPath: join(root, userFolder),
      base: "HEAD",
    });
    say({ kind: "prepared", missionId, snapshot });
    this.folder = (await workspaces.materialise({ missionId, name: "work-1", snapshot })).directory;
    this.at = snapshot;
  }

  async round(store: SqliteStore, round: number): Promise<void> {
    const { missionId, folder, at: parent } = this;
    if (parent === undefined) throw new Error("not prepared");
    writeFileSync(join(folder, `file-${random.int(1, 20)}.bin`), freshBytes(random.int(1, 30_000)));
    writeFileSync(join(folder, "round.txt"), `round ${round} of ${missionId}\n`);
    const snapshot = await workspaces.capture({
      missionId,
      directory: folder,
      parent,
      message: `round ${round}`,
    });
    say({ kind: "captured", missionId, snapshot });
    this.at = snapshot;
    const event: HoustonEvent = { type: "snapshot.taken", callId: `c${round}`, snapshot };
    await append(store, { [missionStream(missionId)]: [event] }, { snapshots: [{ missionId, snapshot }] });
  }

  async deliver(branch: string): Promise<void> {
    const { missionId, at: snapshot } = this;
    if (snapshot === undefined) throw new Error("not prepared");
    const want = say({ kind: "want", deliver: { missionId, branch, snapshot } });
    await workspaces.deliver({ missionId, repositoryPath: join(root, userFolder), branch, snapshot });
    say({ kind: "delivered", want });
  }
}

async function work(store: SqliteStore, files: FileWork[], round: number): Promise<void> {
  const [mine, other] = files;
  await Promise.all([
    steps(store, streamA, 3),
    steps(store, streamB, 2),
    round % 3 === 0 ? lease(store, random.pick([missionA, missionB])) : undefined,
    round % 9 === 4
      ? append(store, { [session]: words() }, { blobSizes: [1_100_000, 1_400_000] })
      : undefined,
    round % 7 === 2 ? lossy(store, round) : undefined,
    mine?.round(store, round),
    round % 8 === 1 ? other?.round(store, round) : undefined,
  ]);
  if (round % 20 === 10) await mine?.deliver(`houston/mine-${round}`);
  if (round % 30 === 25) await other?.deliver(`houston/other-${round}`);
}

let store = await open();
const files = parts === "git" ? [new FileWork(uuid(1, 11)), new FileWork(uuid(1, 12))] : [];
for (const file of files) await file.prepare();
for (let round = 0; round < Number(rounds); round += 1) {
  await work(store, files, round);
  if (round % 25 !== 20) continue;
  await store.close();
  say({ kind: "closed" });
  store = await open();
}
await store.close();
say({ kind: "closed" });
