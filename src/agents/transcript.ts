/** Keeps the beginning and the end of what a program printed, and says what it left out. */

export interface Transcript {
  write(chunk: Uint8Array): void;
  bytes(): Uint8Array;
}

/** At most `maxBytes` of content, half of it from the end; a notice stands for the rest. */
export function createTranscript(maxBytes: number): Transcript {
  const half = Math.floor(maxBytes / 2);
  let head: Uint8Array = new Uint8Array();
  let tail: Uint8Array[] = [];
  let tailBytes = 0;
  let dropped = 0;

  function trim(): void {
    const all = Buffer.concat(tail);
    const excess = Math.max(0, all.length - half);
    dropped += excess;
    tail = [all.subarray(excess)];
    tailBytes = all.length - excess;
  }

  return {
    write(chunk) {
      const room = half - head.length;
      if (room > 0) head = Buffer.concat([head, chunk.subarray(0, room)]);
      if (chunk.length <= room) return;
      // A copy: the chunk belongs to a larger pool that would be kept alive with it.
      tail.push(Uint8Array.from(room > 0 ? chunk.subarray(room) : chunk));
      tailBytes += chunk.length - Math.max(0, room);
      if (tailBytes > maxBytes) trim();
    },
    bytes() {
      trim();
      const notice = dropped === 0 ? "" : `\n[${String(dropped)} bytes left out]\n`;
      return Buffer.concat([head, Buffer.from(notice), ...tail]);
    },
  };
}
