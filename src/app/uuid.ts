/** UUID v7 (RFC 9562, section 5.7): sorted by time, and within a millisecond by a counter. */
import { randomFillSync } from "node:crypto";
import type { Clock, Ids } from "../ports/clock.ts";

export function createIds(clock: Pick<Clock, "now">): Ids {
  const bytes = new Uint8Array(16);
  let lastMs = 0;
  let counter = 0;
  return {
    next() {
      randomFillSync(bytes);
      const nowMs = clock.now();
      if (nowMs > lastMs) {
        lastMs = nowMs;
        // The upper half stays free to count in.
        counter = (((bytes[6] ?? 0) & 0x07) << 8) | (bytes[7] ?? 0);
      } else if (++counter > 0xfff) {
        lastMs += 1;
        counter = 0;
      }
      new DataView(bytes.buffer).setUint32(0, Math.floor(lastMs / 0x10000));
      new DataView(bytes.buffer).setUint16(4, lastMs % 0x10000);
      new DataView(bytes.buffer).setUint16(6, 0x7000 | counter);
      bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
      const hex = Buffer.from(bytes).toString("hex");
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join(
        "-",
      );
    },
  };
}
