/** Ids: UUID v7, in order even when the clock stands still or goes back. */
import { expect, test } from "vitest";
import { createIds } from "./uuid.ts";

test("ids are of version 7, carry the time, and sort in the order they were made", () => {
  let now = 1_700_000_000_000;
  const ids = createIds({ now: () => now });
  const made: string[] = [];
  for (let i = 0; i < 10_000; i += 1) {
    if (i % 3_000 === 2_999) now += i % 2 === 0 ? 5 : -3;
    made.push(ids.next());
  }
  for (const id of made)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
  expect(Number.parseInt((made[0] ?? "").replace("-", "").slice(0, 12), 16)).toBe(1_700_000_000_000);
});
