/** Old events climb to the current version one step at a time; new and unknown ones are left alone. */
import { expect, test } from "vitest";
import { upcast, type Upcasters } from "./upcast.ts";

const table: Upcasters = {
  "task.made@1": (event) => ({ ...event, type: "task.created" }),
  "task.created@3": (event) => ({ ...event, priority: 0 }),
};

test("climbs every step, also past versions in which nothing changed and past a new name", () => {
  const event = { type: "task.made", id: "t" };
  expect(upcast({ event, schemaVersion: 1 }, table, 4)).toEqual({
    event: { type: "task.created", id: "t", priority: 0 },
    schemaVersion: 4,
  });
  expect(event).toEqual({ type: "task.made", id: "t" });
});

test("starts at the version the event was written with", () => {
  expect(upcast({ event: { type: "task.made" }, schemaVersion: 2 }, table, 4).event).toEqual({
    type: "task.made",
  });
});

test("leaves newer and unknown events as they are", () => {
  const newer = { event: { type: "task.created" }, schemaVersion: 9 };
  expect(upcast(newer, table, 4)).toBe(newer);
  expect(upcast({ event: { type: "mission.dreamt" }, schemaVersion: 4 }, table, 4).event).toEqual({
    type: "mission.dreamt",
  });
});
