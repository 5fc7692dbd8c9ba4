/**
 * The spool on disk: `spool/<mission>/<call>/` holds segments named by where they start in the whole
 * stream, and an empty file `closed` at the end. Other processes tail it by looking again.
 */
import { appendFile, mkdir, open, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import type { Spool, SpoolWriter } from "../../ports/spool.ts";
import type { CallId, MissionId } from "../../protocol/ids.ts";
import { droppedNotice, headBytes, segmentBytes } from "../spoolBounds.ts";
import { safeName } from "./safeName.ts";

const lookEveryMs = 50;
/** What may wait in memory for a slow disk; beyond it the oldest is dropped. */
const maxWaitingBytes = 4 * 1024 * 1024;
const closedName = "closed";

interface Segment {
  start: number;
  sizeBytes: number;
}

export class SpoolFiles implements Spool {
  private readonly directory: string;
  private readonly clock: Clock;
  private readonly writers = new Set<FileWriter>();

  constructor(directory: string, clock: Clock) {
    this.directory = join(directory, "spool");
    this.clock = clock;
  }

  private folderOf(missionId: MissionId, callId: CallId): string {
    return join(this.directory, safeName(missionId), safeName(callId));
  }

  open(missionId: MissionId, callId: CallId): SpoolWriter {
    const writer = new FileWriter(this.folderOf(missionId, callId), () => this.writers.delete(writer));
    this.writers.add(writer);
    return writer;
  }

  async *tail(missionId: MissionId, callId: CallId, follow?: AbortSignal): AsyncGenerator<Uint8Array> {
    const folder = this.folderOf(missionId, callId);
    let position = 0;
    for (;;) {
      // Asked before reading: what a closed stream holds is all there will be.
      const names = await readdir(folder).catch((): string[] => []);
      const isClosed = names.includes(closedName);
      for await (const chunk of chunksFrom(folder, segmentsIn(names), position)) {
        position = chunk.end;
        yield chunk.bytes;
      }
      if (follow === undefined || follow.aborted || isClosed) return;
      await this.clock.wait(this.clock.now() + lookEveryMs, follow);
    }
  }

  async idle(): Promise<void> {
    await Promise.all([...this.writers].map((writer) => writer.flushed()));
  }
}

class FileWriter implements SpoolWriter {
  private readonly folder: string;
  private readonly onClose: () => void;
  /** Those on disk, oldest first; known once the folder was read. */
  private segments: Segment[] | undefined;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  /** What came after more than a head was waiting; its oldest part may be dropped. */
  private waitingTail: Uint8Array[] = [];
  private waitingTailBytes = 0;
  /** Dropped from memory since the last write; leaves a gap in the stream. */
  private skippedBytes = 0;
  private work: Promise<void> = Promise.resolve();
  private isScheduled = false;
  private isClosed = false;

  constructor(folder: string, onClose: () => void) {
    this.folder = folder;
    this.onClose = onClose;
    this.schedule();
  }

  write(chunk: Uint8Array): void {
    if (this.isClosed || chunk.byteLength === 0) return;
    if (this.waitingBytes < headBytes) {
      this.waiting.push(chunk.slice());
      this.waitingBytes += chunk.byteLength;
    } else {
      this.waitingTail.push(chunk.slice());
      this.waitingTailBytes += chunk.byteLength;
    }
    while (this.waitingTailBytes > maxWaitingBytes && this.waitingTail.length > 1) {
      const oldest = this.waitingTail.shift()?.byteLength ?? 0;
      this.waitingTailBytes -= oldest;
      this.skippedBytes += oldest;
    }
    this.schedule();
  }

  async close(): Promise<void> {
    if (!this.isClosed) {
      this.isClosed = true;
      this.schedule();
      this.work = this.work.then(() => writeFile(join(this.folder, closedName), "")).catch(() => {});
    }
    await this.work;
    this.onClose();
  }

  flushed(): Promise<void> {
    return this.work;
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    // A spool that cannot be written is lost without harm.
    this.work = this.work.then(() => this.flush()).catch(() => {});
  }

  private async flush(): Promise<void> {
    this.isScheduled = false;
    const segments = (this.segments ??= await openFolder(this.folder));
    const [head, skipped, tail] = [
      Buffer.concat(this.waiting),
      this.skippedBytes,
      Buffer.concat(this.waitingTail),
    ];
    this.waiting = [];
    this.waitingTail = [];
    this.waitingBytes = this.waitingTailBytes = this.skippedBytes = 0;
    await this.append(segments, head);
    if (skipped > 0) segments.push({ start: endOf(segments.at(-1)) + skipped, sizeBytes: 0 });
    await this.append(segments, tail);
  }

  private async append(segments: Segment[], bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.byteLength > 0;) {
      let last = segments.at(-1);
      let room = (segments.length > 1 ? segmentBytes : headBytes) - (last?.sizeBytes ?? 0);
      if (last === undefined || room <= 0) {
        segments.push((last = { start: endOf(last), sizeBytes: 0 }));
        room = segments.length > 1 ? segmentBytes : headBytes;
      }
      const part = rest.subarray(0, room);
      await appendFile(join(this.folder, String(last.start)), part, { mode: 0o600 });
      last.sizeBytes += part.byteLength;
      rest = rest.subarray(part.byteLength);
      // The head and the last two stay.
      for (const old of segments.splice(1, Math.max(0, segments.length - 3)))
        await rm(join(this.folder, String(old.start)), { force: true });
    }
  }
}

const endOf = (segment: Segment | undefined): number =>
  segment === undefined ? 0 : segment.start + segment.sizeBytes;

/** A call that is done again after a crash goes on where its stream ended. */
async function openFolder(folder: string): Promise<Segment[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(join(folder, closedName), { force: true });
  const segments: Segment[] = [];
  for (const start of segmentsIn(await readdir(folder)))
    segments.push({ start, sizeBytes: (await readFrom(join(folder, String(start)), 0))?.byteLength ?? 0 });
  return segments;
}

function segmentsIn(names: string[]): number[] {
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

async function* chunksFrom(
  folder: string,
  starts: number[],
  position: number,
): AsyncGenerator<{ bytes: Uint8Array; end: number }> {
  let at = position;
  for (const [i, start] of starts.entries()) {
    const next = starts[i + 1];
    if (next !== undefined && next <= at) continue;
    const bytes = await readFrom(join(folder, String(start)), Math.max(0, at - start));
    // Dropped between listing and reading: the gap is told at the next segment.
    if (bytes === undefined || bytes.byteLength === 0) continue;
    if (start > at) yield { bytes: droppedNotice(start - at), end: start };
    at = Math.max(at, start) + bytes.byteLength;
    yield { bytes, end: at };
  }
}

async function readFrom(file: string, offset: number): Promise<Uint8Array | undefined> {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.max(0, size - offset));
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
