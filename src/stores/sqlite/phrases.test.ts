/** What is kept of an event is shorter, and becomes the event again byte for byte. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expand, shorten } from "./phrases.ts";

const settled = JSON.stringify({
  callId: "c12",
  outcome: {
    status: "succeeded",
    result: { kind: "step", digest: "d", output: { sha256: "0".repeat(64), sizeBytes: 2048 } },
  },
  charged: { calls: 1, timeMs: 3 },
  by: "runner",
});

describe("phrases", () => {
  it("take less space", () => expect(shorten(settled).length).toBeLessThan(settled.length * 0.6));

  it("come back as they were", () => expect(expand(shorten(settled))).toBe(settled));

  it("leave alone what has control characters of its own", () => {
    for (const text of ["\u0001", "a\nb", "\u001fA", "\u001e", '{"callId":"c1"}\u0002', "\u0000"])
      expect(expand(shorten(text))).toBe(text);
  });

  it("come back whatever the event says", () => {
    fc.assert(fc.property(fc.json(), (json) => expand(shorten(json)) === json));
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => expand(shorten(text)) === text));
    const words = fc.array(
      fc.constantFrom('"callId":"c', '{"callId":"c', '"tokens":0', '"tokens":', "step", '","', "\u001f", "!"),
    );
    fc.assert(fc.property(words, (parts) => expand(shorten(parts.join(""))) === parts.join("")));
  });
});
