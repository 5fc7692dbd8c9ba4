/**
 * Golden logs: missions as released versions wrote them. Every later version must fold them to the same
 * state, because logs live for years. One file per release, holding every event type it can write; once
 * released, a file is never changed.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fold } from "../src/mission/fold.ts";
import { next, wakeAt } from "../src/mission/next.ts";
import { statusOf, summaryOf } from "../src/mission/status.ts";
import type { EventRecord, MissionEvent } from "../src/protocol/events.ts";

const folder = join(import.meta.dirname, "golden");

interface GoldenRecord extends EventRecord<MissionEvent> {
  mission: number;
}

function missionsOf(file: string): GoldenRecord[][] {
  const records = readFileSync(join(folder, file), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as GoldenRecord);
  return [...Map.groupBy(records, ({ mission }) => mission).values()];
}

/** What people and runners would be told of each mission, at every event: not the state's shape, which may change. */
function digest(missions: GoldenRecord[][]): string {
  const hash = createHash("sha256");
  for (const records of missions) {
    let state;
    for (const record of records) {
      state = fold(state, [record]);
      if (state === undefined) throw new Error("a golden log begins with mission.created");
      const { status: _status, ...summary } = summaryOf(state);
      hash.update(
        JSON.stringify([statusOf(state).state, summary, wakeAt(state), next(state, state.at)?.type ?? null]),
      );
    }
  }
  return hash.digest("hex").slice(0, 16);
}

const expected: Record<string, string> = {
  "0.1.0.ndjson": "187c15857e48565c",
};

describe("golden logs", () => {
  it("are all known", () => expect(Object.keys(expected)).toEqual(readdirSync(folder).sort()));

  it.each(Object.entries(expected))("%s folds to what it always did", (file, known) => {
    const missions = missionsOf(file);
    expect(missions.flat().length).toBeGreaterThan(100);
    expect(digest(missions)).toBe(known);
  });
});
