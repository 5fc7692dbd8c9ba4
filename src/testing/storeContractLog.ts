/** Promises of the log: order, conflicts, atomicity, repeated commands. */
import { maxInlineBlobBytes } from "../protocol/blob.ts";
import { eventSchemaVersion } from "../protocol/events.ts";
import { missionStream } from "../protocol/ids.ts";
import {
  appended,
  appendOf,
  equal,
  failsAs,
  note,
  notes,
  session,
  streamA,
  streamB,
  uuid,
  type Checks,
} from "./storeContractKit.ts";

export const logCases: Checks = {
  "an empty store has no streams, heads of 0 and nothing to read": async ({ log, changes }) => {
    equal(await log.streams(), []);
    equal(await log.head(streamA), 0);
    equal(await log.read(streamA, 0, 10), []);
    equal(await log.receipt(uuid(4, 0)), undefined);
    equal(await log.summaries(), []);
    equal(await log.wakes(Number.MAX_SAFE_INTEGER, 10), []);
    equal(await changes.cursor(), 0);
  },

  "what was appended is read in order, with time, command and version": async ({ log }) => {
    const append = appendOf(streamA, 0, ["a", "b"]);
    const result = await log.append(append);
    equal(result, {
      status: "appended",
      receipt: { commandId: append.commandId, streamId: streamA, seq: 2 },
      cursor: 2,
    });
    const meta = { streamId: streamA, commandId: append.commandId, schemaVersion: eventSchemaVersion };
    equal(await log.read(streamA, 0, 10), [
      { ...meta, seq: 1, at: 1_000, event: note("a") },
      { ...meta, seq: 2, at: 1_001, event: note("b") },
    ]);
    equal(await log.head(streamA), 2);
  },

  "reading starts after a sequence and stops at the limit": async (store) => {
    const names = Array.from({ length: 25 }, (_, i) => `n${i}`);
    for (let i = 0; i < names.length; i += 5)
      await appended(store, appendOf(streamA, i, names.slice(i, i + 5)));
    for (const limit of [1, 3, 5, 7, 100]) equal(await notes(store, streamA, limit), names);
    const middle = await store.log.read(streamA, 7, 2);
    equal(
      middle.map(({ seq }) => seq),
      [8, 9],
    );
    // Events in the middle of an append know their command too.
    const [whole, part] = [await store.log.read(streamA, 0, 100), await store.log.read(streamA, 8, 1)];
    equal(part[0], whole[8]);
    equal(await store.log.read(streamA, 25, 10), []);
  },

  "another expected sequence is a conflict that writes nothing": async (store) => {
    await appended(store, appendOf(streamA, 0, ["a", "b"]));
    for (const expectedSeq of [0, 1, 3]) {
      const refused = appendOf(streamA, expectedSeq, ["x"]);
      equal(await store.log.append(refused), {
        status: "conflict",
        streamId: streamA,
        expectedSeq,
        actualSeq: 2,
      });
      equal(await store.log.receipt(refused.commandId), undefined);
    }
    equal(await store.log.append(appendOf(streamB, 1, ["x"])), {
      status: "conflict",
      streamId: streamB,
      expectedSeq: 1,
      actualSeq: 0,
    });
    equal(await notes(store, streamA), ["a", "b"]);
    equal(await store.log.streams(), [streamA]);
  },

  "of several appends with the same expectation one wins": async (store) => {
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, i) => store.log.append(appendOf(streamA, 0, [`w${i}`]))),
    );
    equal(results.filter(({ status }) => status === "appended").length, 1);
    equal(results.filter(({ status }) => status === "conflict").length, 9);
    equal(await store.log.head(streamA), 1);
  },

  "an append to two streams is all of it or nothing": async (store) => {
    const streams = [
      {
        streamId: streamA,
        expectedSeq: 0,
        events: [
          { at: 5, event: note("both") },
          { at: 5, event: note("again") },
        ],
      },
      { streamId: session, expectedSeq: 0, events: [{ at: 5, event: note("both") }] },
    ];
    const first = appendOf(streamA, 0, [], { streams });
    equal((await appended(store, first)).receipt, { commandId: first.commandId, streamId: streamA, seq: 2 });
    equal(await store.log.receipt(first.commandId), {
      commandId: first.commandId,
      streamId: streamA,
      seq: 2,
    });
    equal((await store.log.read(session, 0, 1))[0]?.commandId, first.commandId);
    const half = streams.map((stream) => ({ ...stream, expectedSeq: stream.streamId === streamA ? 2 : 7 }));
    equal(await store.log.append({ ...first, commandId: uuid(4, 0xaaaa), streams: half }), {
      status: "conflict",
      streamId: session,
      expectedSeq: 7,
      actualSeq: 1,
    });
    equal(await notes(store, streamA), ["both", "again"]);
    equal(await notes(store, session), ["both"]);
    equal(await store.log.streams(), [streamA, session]);
  },

  "a repeated command answers with its receipt and writes nothing": async (store) => {
    const { log } = store;
    const first = appendOf(streamA, 0, ["a", "b"]);
    const { receipt } = await appended(store, first);
    await appended(store, appendOf(streamA, 2, ["c"]));
    equal(await log.append(first), { status: "repeated", receipt });
    const elsewhere = appendOf(streamB, 9, ["x"], {
      commandId: first.commandId,
      fence: { missionId: uuid(1, 9), epoch: 4 },
    });
    equal(await log.append(elsewhere), { status: "repeated", receipt }, "before fence and expectation");
    equal(await log.receipt(first.commandId), receipt);
    equal(await notes(store, streamA), ["a", "b", "c"]);
  },

  "the same command twice at once is accepted once": async (store) => {
    const append = appendOf(streamA, 0, ["once"]);
    const results = await Promise.all([store.log.append(append), store.log.append(append)]);
    equal(results.map(({ status }) => status).sort(), ["appended", "repeated"]);
    equal(results[0]?.status === "conflict", false);
    equal(await notes(store, streamA), ["once"]);
  },

  "command ids need not be UUIDs": async (store) => {
    for (const [seq, commandId] of [
      "import-1",
      "",
      "0197F000-0004-7000-8000-00000000ABCD",
      "é🚀",
    ].entries()) {
      const { receipt } = await appended(store, appendOf(streamA, seq, ["x"], { commandId }));
      equal(await store.log.receipt(commandId), receipt);
      equal((await store.log.read(streamA, seq, 1))[0]?.commandId, commandId);
    }
  },

  "an append that no store could keep is invalid": async ({ log }) => {
    await failsAs("invalid", () => log.append(appendOf(streamA, 0, [])));
    await failsAs("invalid", () => log.append({ ...appendOf(streamA, 0, ["x"]), streams: [] }));
    const [a] = appendOf(streamA, 0, ["x"]).streams;
    const [b] = appendOf(streamB, 0, ["x"]).streams;
    if (a === undefined || b === undefined) throw new Error("no streams");
    await failsAs("invalid", () => log.append(appendOf(streamA, 0, [], { streams: [a, a] })));
    await failsAs("invalid", () => log.append(appendOf(streamA, 0, [], { streams: [a, b] })));
    await failsAs("invalid", () => log.append(appendOf(session, 0, ["x"], { wakeAt: 5 })));
    equal(await log.streams(), []);
  },

  "a hundred missions append at once, and a refused one disturbs no other": async (store) => {
    const streams = Array.from({ length: 100 }, (_, i) => missionStream(uuid(5, i)));
    const work = streams.map(async (streamId, i) => {
      for (let seq = 0; seq < 5; seq += 1) {
        if (i % 7 === 0)
          equal((await store.log.append(appendOf(streamId, seq + 3, ["bad"]))).status, "conflict");
        await appended(store, appendOf(streamId, seq, [`${i}.${seq}`]));
      }
    });
    await Promise.all(work);
    for (const [i, streamId] of streams.entries())
      equal(
        await notes(store, streamId),
        [0, 1, 2, 3, 4].map((seq) => `${i}.${seq}`),
      );
    equal(await store.changes.cursor(), 500);
  },

  "text of every kind comes back as it was": async (store) => {
    const texts = [
      "",
      "é ß 漢字 🚀",
      "\u0000 null",
      "'; DROP TABLE events; --",
      '"quoted" \\ \n\r\t',
      "\ud800 lone",
      "x".repeat(maxInlineBlobBytes * 2),
    ];
    await appended(store, appendOf(streamA, 0, texts));
    equal(await notes(store, streamA), texts);
  },

  "nobody shares an object with the log": async (store) => {
    const append = appendOf(streamA, 0, ["kept"]);
    await appended(store, append);
    Object.assign(append.streams[0]?.events[0]?.event ?? {}, { reason: "changed" });
    const [read] = await store.log.read(streamA, 0, 1);
    Object.assign(read?.event ?? {}, { reason: "changed" });
    equal(await notes(store, streamA), ["kept"]);
  },

  "an unknown event passes through unchanged": async (store) => {
    const event = { type: "mission.dreamt", of: ["sheep", 1.5, null, { deep: true }] };
    const append = appendOf(streamA, 0, ["x"]);
    // What a newer Houston may have written.
    await appended(store, {
      ...append,
      streams: [{ streamId: streamA, expectedSeq: 0, events: [{ at: 1, event: event as never }] }],
    });
    equal((await store.log.read(streamA, 0, 1))[0]?.event, event);
  },

  "a closed store says so; closing again is nothing": async (store) => {
    const late = store.log.append(appendOf(streamA, 0, ["queued"]));
    const closing = store.close();
    equal((await late).status, "appended", "what was asked before");
    await closing;
    await store.close();
    await failsAs("closed", () => store.log.append(appendOf(streamA, 1, ["x"])));
    await failsAs("closed", () => store.log.read(streamA, 0, 1));
    await failsAs("closed", () => store.changes.cursor());
  },
};
