// Lines and transcripts stay bounded, however the bytes are cut.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLineSplitter } from "./lines.ts";
import { createTranscript } from "./transcript.ts";

test("lines do not depend on where the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-zé\n]{0,12}$/)),
      fc.integer({ min: 1, max: 7 }),
      (texts, step) => {
        const bytes = Buffer.from(texts.join("\n"));
        const splitter = createLineSplitter(1_000);
        const lines = [];
        for (let at = 0; at < bytes.length; at += step)
          lines.push(...splitter.push(bytes.subarray(at, at + step)));
        lines.push(...splitter.end());
        const expected = bytes.toString("utf8").split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(lines.map((line) => line.text)).toEqual(expected);
        expect(lines.map((line) => line.number)).toEqual(expected.map((_, index) => index + 1));
      },
    ),
  );
});

test("a line that is too long is dropped and keeps its number", () => {
  const splitter = createLineSplitter(4);
  const lines = [Buffer.from("ab"), Buffer.from("cdef"), Buffer.from("g\nh\nijkl\nmnopq")].flatMap((part) =>
    splitter.push(part),
  );
  expect([...lines, ...splitter.end()]).toEqual([
    { number: 2, text: "h" },
    { number: 3, text: "ijkl" },
  ]);
  expect(splitter.tooLong).toBe(2);
});

test("a transcript keeps both ends and says what is missing", () => {
  const short = createTranscript(10);
  for (const word of ["abc", "def", "ghij"]) short.write(Buffer.from(word));
  expect(Buffer.from(short.bytes()).toString()).toBe("abcdefghij");
  const long = createTranscript(10);
  for (let digit = 0; digit < 10; digit += 1) long.write(Buffer.from(String(digit).repeat(3)));
  expect(Buffer.from(long.bytes()).toString()).toBe("00011\n[20 bytes left out]\n88999");
});
