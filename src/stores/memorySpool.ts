/** The spool in memory: the same bounds as on disk, and readers that wake through promises. */
import type { Spool, SpoolWriter } from "../ports/spool.ts";
import type { CallId, MissionId } from "../protocol/ids.ts";
import { droppedNotice, headBytes, segmentBytes } from "./spoolBounds.ts";

interface Segment {
  /** Where it starts in the whole stream. */
  start: number;
  sizeBytes: number;
  chunks: Uint8Array[];
}

export function createMemorySpool(): Spool {
  const streams = new Map<string, Stream>();
  const streamOf = (missionId: MissionId, callId: CallId): Stream => {
    const key = `${missionId}/${callId}`;
    const stream = streams.get(key) ?? new Stream();
    streams.set(key, stream);
    return stream;
  };
  return {
    open: (missionId, callId) => streamOf(missionId, callId).open(),
    tail: (missionId, callId, follow) => streamOf(missionId, callId).tail(follow),
  };
}

class Stream {
  private head: Segment = { start: 0, sizeBytes: 0, chunks: [] };
  /** At most two, oldest first. */
  private last: Segment[] = [];
  private closed = false;
  private waiting: (() => void)[] = [];

  open(): SpoolWriter {
    this.closed = false;
    return {
      write: (chunk) => this.write(chunk),
      close: () => {
        this.closed = true;
        this.wake();
        return Promise.resolve();
      },
    };
  }

  private write(chunk: Uint8Array): void {
    if (this.closed) return;
    for (let rest = chunk; rest.byteLength > 0;) {
      let segment = this.last.at(-1) ?? this.head;
      let room = (segment === this.head ? headBytes : segmentBytes) - segment.sizeBytes;
      if (room === 0) {
        segment = { start: segment.start + segment.sizeBytes, sizeBytes: 0, chunks: [] };
        this.last = [...this.last.slice(-1), segment];
        room = segmentBytes;
      }
      const part = rest.slice(0, room);
      segment.chunks.push(part);
      segment.sizeBytes += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
    this.wake();
  }

  /** What there is from a position on, and the position after it. */
  private from(position: number): { chunks: Uint8Array[]; end: number } {
    const chunks: Uint8Array[] = [];
    let end = position;
    for (const segment of [this.head, ...this.last]) {
      if (segment.start + segment.sizeBytes <= end) continue;
      if (segment.start > end) chunks.push(droppedNotice(segment.start - end));
      let at = segment.start;
      for (const chunk of segment.chunks) {
        const skip = Math.max(0, end - at);
        if (skip < chunk.byteLength) chunks.push(chunk.slice(skip));
        at += chunk.byteLength;
      }
      end = at;
    }
    return { chunks, end };
  }

  async *tail(follow?: AbortSignal): AsyncGenerator<Uint8Array> {
    follow?.addEventListener("abort", () => this.wake(), { once: true });
    let position = 0;
    for (;;) {
      const { chunks, end } = this.from(position);
      position = end;
      yield* chunks;
      if (follow === undefined || follow.aborted) return;
      if (this.from(position).chunks.length > 0) continue;
      if (this.closed) return;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resume of waiting) resume();
  }
}
