/** UUID v7 (RFC 9562, section 5.7): sorted by time, and within a millisecond by a counter. */
import { randomFillSync } from "node:crypto";
import type { Clock, Ids } from "../ports/clock.ts";

/** Random bytes are asked for in numbers: a question costs more than the bytes. */
const poolBytes = 4_096;
const idBytes = 16;

export function createIds(clock: Pick<Clock, "now">): Ids {
  const pool = Buffer.alloc(poolBytes);
  let used = poolBytes;
  let lastMs = 0;
  let counter = 0;
  return {
    next() {
      if (used === poolBytes) {
        randomFillSync(pool);
        used = 0;
      }
      const bytes = pool.subarray(used, (used += idBytes));
      const nowMs = clock.now();
      if (nowMs > lastMs) {
        lastMs = nowMs;
        // The upper half stays free to count in.
        counter = bytes.readUInt16BE(6) & 0x07ff;
      } else if (++counter > 0xfff) {
        lastMs += 1;
        counter = 0;
      }
      bytes.writeUIntBE(lastMs, 0, 6);
      bytes.writeUInt16BE(0x7000 | counter, 6);
      bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
      const hex = bytes.toString("hex");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  };
}
