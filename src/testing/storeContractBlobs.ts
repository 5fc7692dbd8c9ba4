/** Promises of blobs, state caches and spools. */
import { maxInlineBlobBytes } from "../protocol/blob.ts";
import type { Store } from "../stores/store.ts";
import {
  appended,
  appendOf,
  equal,
  failsAs,
  missionA,
  missionB,
  noise,
  streamA,
  type Checks,
} from "./storeContractKit.ts";

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const bytesOf = (content: string): Uint8Array => new TextEncoder().encode(content);

async function drained({ spool }: Store, follow?: AbortSignal): Promise<string> {
  let all = "";
  for await (const chunk of spool.tail(missionA, "c1", follow)) all += text(chunk);
  return all;
}

export const blobCases: Checks = {
  "small content commits with its event and comes back": async (store) => {
    const contents = [
      bytesOf(""),
      bytesOf("short"),
      bytesOf("long and dull ".repeat(5_000)),
      noise(2_048),
      noise(maxInlineBlobBytes),
    ];
    for (const [seq, bytes] of contents.entries()) {
      const { ref, inline } = await store.blobs.stage(bytes);
      equal(ref.sizeBytes, bytes.byteLength);
      if (inline === undefined) throw new Error("small content must come back");
      equal(await store.blobs.get(ref), undefined, "before its append");
      await appended(store, appendOf(streamA, seq, ["x"], { blobs: [inline] }));
      equal(Buffer.compare((await store.blobs.get(ref)) ?? noise(1), bytes), 0);
    }
  },

  "the blobs of a refused append are not kept": async (store) => {
    const { ref, inline } = await store.blobs.stage(bytesOf("never"));
    if (inline === undefined) throw new Error("small content must come back");
    equal((await store.log.append(appendOf(streamA, 4, ["x"], { blobs: [inline] }))).status, "conflict");
    equal(await store.blobs.get(ref), undefined);
  },

  "the same content twice is kept once": async (store) => {
    const { inline } = await store.blobs.stage(noise(500));
    if (inline === undefined) throw new Error("small content must come back");
    await appended(store, appendOf(streamA, 0, ["x"], { blobs: [inline, inline] }));
    await appended(store, appendOf(streamA, 1, ["x"], { blobs: [inline] }));
    equal(await store.truth.blobs(), [inline.ref]);
  },

  "large content is there as soon as it is staged": async (store) => {
    for (const bytes of [noise(maxInlineBlobBytes + 1, 7), new Uint8Array(maxInlineBlobBytes * 3)]) {
      const { ref, inline } = await store.blobs.stage(bytes);
      equal(inline, undefined);
      equal(Buffer.compare((await store.blobs.get(ref)) ?? noise(1), bytes), 0);
      equal(await store.blobs.stage(bytes), { ref }, "again");
    }
  },

  "content that is not what its name says is refused": async (store) => {
    const { inline } = await store.blobs.stage(bytesOf("honest"));
    if (inline === undefined) throw new Error("small content must come back");
    const forged = { ref: inline.ref, bytes: bytesOf("forged") };
    await failsAs("invalid", () => store.log.append(appendOf(streamA, 0, ["x"], { blobs: [forged] })));
    equal(await store.log.head(streamA), 0);
  },

  "nobody shares bytes with the store": async (store) => {
    const bytes = bytesOf("original");
    const { ref, inline } = await store.blobs.stage(bytes);
    if (inline === undefined) throw new Error("small content must come back");
    bytes.fill(0);
    await appended(store, appendOf(streamA, 0, ["x"], { blobs: [inline] }));
    (await store.blobs.get(ref))?.fill(0);
    equal(text(await store.blobs.get(ref)), "original");
  },

  "missing content is undefined": async (store) => {
    const sha256 = "ab".repeat(32);
    equal(await store.blobs.get({ sha256, sizeBytes: 5 }), undefined);
    equal(await store.blobs.get({ sha256, sizeBytes: maxInlineBlobBytes + 1 }), undefined);
  },

  "the newest two state caches are kept, newest first": async ({ caches }) => {
    equal(await caches.load(missionA), []);
    for (const seq of [1, 2, 3])
      await caches.save(missionA, { seq, stateVersion: 1, body: `{"seq":${seq},"text":"é🚀"}` });
    await caches.save(missionB, { seq: 9, stateVersion: 2, body: "{}" });
    equal(await caches.load(missionA), [
      { seq: 3, stateVersion: 1, body: '{"seq":3,"text":"é🚀"}' },
      { seq: 2, stateVersion: 1, body: '{"seq":2,"text":"é🚀"}' },
    ]);
    equal(await caches.load(missionB), [{ seq: 9, stateVersion: 2, body: "{}" }]);
  },

  "a spool is read while it is written, and ends when it is closed": async (store) => {
    equal(await drained(store), "", "before it is opened");
    const writer = store.spool.open(missionA, "c1");
    const following = drained(store, new AbortController().signal);
    for (const part of ["one ", "two ", "thr€e"]) writer.write(bytesOf(part));
    await writer.close();
    equal(await following, "one two thr€e");
    equal(await drained(store), "one two thr€e");
    writer.write(bytesOf("late"));
    await writer.close();
    equal(await drained(store), "one two thr€e");
  },

  "following a spool ends when the signal aborts": async (store) => {
    const writer = store.spool.open(missionA, "c1");
    writer.write(bytesOf("begin"));
    const stop = new AbortController();
    let seen = "";
    for await (const chunk of store.spool.tail(missionA, "c1", stop.signal)) {
      seen += text(chunk);
      if (seen === "begin") stop.abort();
    }
    equal(seen, "begin");
    await writer.close();
  },

  "past its bound a spool keeps head and tail and says what is missing": async (store) => {
    const writer = store.spool.open(missionA, "c1");
    const line = (i: number): string => `${String(i).padStart(9, "0")}\n`;
    for (let i = 0; i < 500_000; i += 1_000)
      writer.write(bytesOf(Array.from({ length: 1_000 }, (_, j) => line(i + j)).join("")));
    await writer.close();
    const all = await drained(store);
    equal(all.startsWith(line(0) + line(1)), true, "head");
    equal(all.endsWith(line(499_998) + line(499_999)), true, "tail");
    const dropped = Number(/\[houston: (\d+) bytes dropped here\]/.exec(all)?.[1]);
    const notice =
      all
        .split("\n")
        .filter((part) => part.startsWith("[houston"))
        .join("").length + 2;
    equal(all.length - notice + dropped, 5_000_000, "kept and dropped");
    equal(all.length < 2_000_000, true, "bounded");
  },
};
