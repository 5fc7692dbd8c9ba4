// Output is bounded and keeps its beginning and its end.
import { describe, expect, test } from "vitest";
import { HeadAndTail } from "./run.ts";

describe("bounded output", () => {
  test("what fits is whole", () => {
    const output = new HeadAndTail(10);
    for (const part of ["abc", "defg", "hij"]) output.add(Buffer.from(part));
    expect(Buffer.from(output.bytes()).toString()).toBe("abcdefghij");
    expect(output.cut).toBe(false);
  });

  test("what does not fit keeps both ends and says how much is missing", () => {
    const output = new HeadAndTail(10);
    for (let count = 0; count < 1000; count += 1) output.add(Buffer.from(String(count % 10)));
    expect(Buffer.from(output.bytes()).toString()).toBe("01234\n[… 990 bytes left out …]\n56789");
    expect(output.cut).toBe(true);
  });
});
