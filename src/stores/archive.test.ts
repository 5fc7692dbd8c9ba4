/** An archive carries everything that is truth from any store to any other, and says when it does not. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { maxInlineBlobBytes } from "../protocol/blob.ts";
import {
  appended,
  appendOf,
  missionA,
  noise,
  note,
  notes,
  runner1,
  session,
  streamA,
} from "../testing/storeContractKit.ts";
import { exportArchive, importArchive } from "./archive.ts";
import { createMemoryStore } from "./memory.ts";
import { openSqliteStore } from "./sqlite/store.ts";
import type { Store } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "houston-archive-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const clock = {
  now: () => 0,
  monotonicMs: () => 0,
  wait: () => Promise.resolve(),
  pause: () => Promise.resolve(),
};
const digest = { sha256: (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex") };
let number = 0;

const stores: Record<string, () => Promise<Store>> = {
  memory: async () => createMemoryStore({ digest }),
  SQLite: () => openSqliteStore({ directory: join(root, String((number += 1))), clock }),
};
const pairs = Object.keys(stores).flatMap((from) => Object.keys(stores).map((to) => [from, to] as const));

async function open(name: string): Promise<Store> {
  const create = stores[name];
  if (create === undefined) throw new Error(name);
  return create();
}

async function fill(store: Store): Promise<void> {
  const small = await store.blobs.stage(noise(3_000));
  await store.blobs.stage(noise(maxInlineBlobBytes + 5));
  const streams = [
    {
      streamId: streamA,
      expectedSeq: 0,
      events: [
        { at: 1, event: note("é🚀") },
        { at: 2, event: note("b") },
      ],
    },
    { streamId: session, expectedSeq: 0, events: [{ at: 2, event: note("s") }] },
  ];
  await appended(
    store,
    appendOf(streamA, 0, [], {
      streams,
      blobs: small.inline === undefined ? [] : [small.inline],
      commandId: "by-hand",
    }),
  );
  await appended(store, appendOf(streamA, 2, ["c"]));
  await store.leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs: 5, now: 0 });
  await store.leases.acquire({ missionId: missionA, runnerId: runner1, ttlMs: 5, now: 0 });
}

async function exported(store: Store): Promise<string> {
  return (await Array.fromAsync(exportArchive(store))).join("");
}

test.each(pairs)("from %s to %s and out again is the same bytes", async (from, to) => {
  const [source, target] = [await open(from), await open(to)];
  await fill(source);
  const archive = await exported(source);
  await importArchive(target, archive.match(/[^]{1,1000}/g) ?? []);
  expect(await exported(target)).toBe(archive);
  expect(await notes(target, streamA)).toEqual(["é🚀", "b", "c"]);
  expect(await target.log.receipt("by-hand")).toEqual({ commandId: "by-hand", streamId: streamA, seq: 2 });
  expect(
    await target.leases.acquire({ missionId: missionA, runnerId: "other", ttlMs: 5, now: 0 }),
  ).toMatchObject({ status: "acquired", epoch: 3 });
  await Promise.all([source.close(), target.close()]);
});

test.each(Object.keys(stores))("a damaged archive or a full store leaves %s as it was", async (name) => {
  const store = await open(name);
  const source = createMemoryStore({ digest });
  await fill(source);
  const lines = (await exported(source)).split(/(?<=\n)/);
  const broken = [
    [],
    lines.slice(0, -1),
    lines.slice(1),
    lines.toSpliced(2, 1),
    lines.toSpliced(2, 0, "nonsense\n"),
    lines.toSpliced(2, 0, lines[1] ?? ""),
  ];
  for (const archive of broken) {
    await expect(importArchive(store, archive)).rejects.toMatchObject({ code: "invalid" });
    expect(await store.changes.cursor()).toBe(0);
  }
  await importArchive(store, lines);
  await expect(importArchive(store, lines)).rejects.toMatchObject({ code: "invalid" });
  expect(await exported(store)).toBe(lines.join(""));
  await store.close();
});
