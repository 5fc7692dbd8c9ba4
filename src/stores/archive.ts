/**
 * Archives: everything of a store that is truth, as lines of JSON, for any other store. Exporting an
 * imported archive gives the same bytes. What is derived is not in it; rebuild it after importing.
 */
import { StoreError } from "../ports/log.ts";
import type { RawEvent, Store, TruthPart } from "./store.ts";

const archiveVersion = 1;
const pageLimit = 500;

type Line =
  | { kind: "archive"; houston: "archive"; version: number }
  | {
      kind: "event";
      streamId: string;
      seq: number;
      at: number;
      commandId: string;
      schemaVersion: number;
      type: string;
      body: unknown;
    }
  | { kind: "blob"; sha256: string; sizeBytes: number; base64: string }
  | { kind: "epoch"; missionId: string; epoch: number }
  /** Last; without it the archive was cut short. */
  | { kind: "end"; events: number; blobs: number; epochs: number };

/** The archive's lines, each with its newline. Appends made meanwhile may or may not be in it, whole. */
export async function* exportArchive(store: Store): AsyncGenerator<string> {
  yield lineOf({ kind: "archive", houston: "archive", version: archiveVersion });
  const end = await store.changes.cursor();
  let events = 0;
  for (let cursor = 0; cursor < end;) {
    const page = await store.truth.events(cursor, Math.min(pageLimit, end - cursor));
    for (const { event } of page) yield eventLine(event);
    events += page.length;
    cursor = page.at(-1)?.cursor ?? end;
  }
  const refs = await store.truth.blobs();
  for (const ref of refs) {
    const bytes = await store.blobs.get(ref);
    if (bytes === undefined) throw new StoreError("corrupt", `blob ${ref.sha256} vanished during the export`);
    yield lineOf({
      kind: "blob",
      sha256: ref.sha256,
      sizeBytes: ref.sizeBytes,
      base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
    });
  }
  const epochs = await store.truth.epochs();
  for (const { missionId, epoch } of epochs) yield lineOf({ kind: "epoch", missionId, epoch });
  yield lineOf({ kind: "end", events, blobs: refs.length, epochs: epochs.length });
}

/** Fills an empty store, all of it or nothing. Takes the lines in any cutting. Throws StoreError `invalid` when they are no whole archive. */
export function importArchive(store: Store, chunks: AsyncIterable<string> | Iterable<string>): Promise<void> {
  return store.truth.restore(partsOf(chunks));
}

async function* partsOf(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<TruthPart> {
  let number = 0;
  let isWhole = false;
  const counts = { events: 0, blobs: 0, epochs: 0 };
  for await (const text of linesOf(chunks)) {
    number += 1;
    const line = parse(text, number);
    if (isWhole || (number === 1) !== (line.kind === "archive"))
      throw problem(number, "it is not where it belongs");
    switch (line.kind) {
      case "archive":
        if (line.version > archiveVersion)
          throw new StoreError(
            "newerSchema",
            `the archive has version ${line.version}, this Houston knows ${archiveVersion}; upgrade Houston`,
          );
        break;
      case "event": {
        const { kind, body, ...event } = line;
        counts.events += 1;
        yield { kind, event: { ...event, body: JSON.stringify(body) } };
        break;
      }
      case "blob":
        counts.blobs += 1;
        yield {
          kind: "blob",
          ref: { sha256: line.sha256, sizeBytes: line.sizeBytes },
          bytes: Buffer.from(line.base64, "base64"),
        };
        break;
      case "epoch":
        counts.epochs += 1;
        yield { kind: "epoch", epoch: { missionId: line.missionId, epoch: line.epoch } };
        break;
      case "end":
        isWhole =
          line.events === counts.events && line.blobs === counts.blobs && line.epochs === counts.epochs;
        if (!isWhole) throw problem(number, "lines before it are missing");
        break;
      default:
        throw problem(number, "its kind is unknown");
    }
  }
  if (!isWhole) throw new StoreError("invalid", `the archive ends early, after line ${number}`);
}

function eventLine({ streamId, seq, at, commandId, schemaVersion, type, body }: RawEvent): string {
  return lineOf({
    kind: "event",
    streamId,
    seq,
    at,
    commandId,
    schemaVersion,
    type,
    body: JSON.parse(body) as unknown,
  });
}

function lineOf(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

function parse(text: string, number: number): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    throw problem(number, "it is not JSON");
  }
}

function problem(number: number, what: string): StoreError {
  return new StoreError("invalid", `line ${number} of the archive: ${what}`);
}

async function* linesOf(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  // A line may be megabytes in many chunks: looked at once, joined once.
  let open: string[] = [];
  for await (const chunk of chunks) {
    const [first = "", ...others] = chunk.split("\n");
    open.push(first);
    for (const next of others) {
      yield open.join("");
      open = [next];
    }
  }
  const rest = open.join("");
  if (rest !== "") yield rest;
}
