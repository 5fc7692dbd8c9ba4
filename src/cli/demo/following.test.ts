/** Following: several missions at once, every event kept, and no waiting for what cannot come. */
import { expect, test, vi } from "vitest";
import type { MissionRecord } from "../../app/following.ts";
import type { Approval } from "../../protocol/approval.ts";
import type { MissionEvent } from "../../protocol/events.ts";
import { exitCodes } from "../exit.ts";
import { Following } from "./following.ts";

/** Streams that a test writes; they end when the reader's signal does. */
class Streams {
  readonly #records = new Map<string, MissionRecord[]>();
  readonly #readers = new Set<() => void>();

  append(missionId: string, event: MissionEvent): void {
    const records = this.#of(missionId);
    const seq = records.length + 1;
    records.push({
      streamId: `mission:${missionId}`,
      seq,
      at: Date.UTC(2024, 0, 1),
      commandId: "c",
      schemaVersion: 1,
      event,
    });
    for (const wake of this.#readers) wake();
  }

  async *events(missionId: string, _after: number, signal?: AbortSignal): AsyncGenerator<MissionRecord> {
    const records = this.#of(missionId);
    for (let index = 0; signal?.aborted !== true;) {
      const record = records[index];
      if (record !== undefined) {
        index += 1;
        yield record;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#readers.add(resolve);
        signal?.addEventListener("abort", () => resolve());
      });
    }
  }

  #of(missionId: string): MissionRecord[] {
    const known = this.#records.get(missionId) ?? [];
    this.#records.set(missionId, known);
    return known;
  }
}

const closed: MissionEvent = { type: "mission.closed", outcome: "verified", reason: "all of it" };
const tree = { commit: "a".repeat(40), tree: "b".repeat(40) };
const started: MissionEvent = {
  type: "attempt.started",
  attemptId: "fix.1",
  taskId: "fix",
  number: 1,
  agentId: "repair",
  from: tree,
};

function question(reason: string): MissionEvent {
  const approval: Approval = {
    id: "a1",
    kind: "escalation",
    action: "try again",
    reason,
    scope: "all",
    risk: "medium",
    deadlineAt: 1,
  };
  return { type: "approval.requested", approval };
}

async function onTwo(work: (streams: Streams, following: Following, printed: () => string) => Promise<void>) {
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const streams = new Streams();
  const missions = [
    { name: "one", missionId: "m1" },
    { name: "second", missionId: "m2", needs: "a registry" },
  ];
  const following = new Following(streams, missions, new AbortController().signal);
  try {
    await work(streams, following, () => written.mock.calls.map(([text]) => String(text)).join(""));
  } finally {
    await following.end();
    written.mockRestore();
  }
}

test("waits for an event of any mission, and keeps all of them", async () => {
  await onTwo(async (streams, following) => {
    streams.append("m1", started);
    const waiting = following.until(() => following.has("mission.closed"));
    streams.append("m2", closed);
    await waiting;
    expect(following.seen("m1").map(({ event }) => event)).toEqual([started]);
    expect(following.seen("m2").map(({ event }) => event)).toEqual([closed]);
  });
});

test("goes on when patience is over", async () => {
  await onTwo(async (_streams, following) => {
    await following.until(() => false, 1);
    expect(following.has("mission.closed")).toBe(false);
  });
});

test("says in one line whose news it is", async () => {
  await onTwo(async (streams, following, printed) => {
    streams.append("m1", { type: "mission.closed", outcome: "failed", reason: `first\n${"x".repeat(500)}` });
    await following.until(() => following.has("mission.closed"));
    expect(printed()).toBe("00:00:00  one     closed failed: first\n");
  });
});

test("a question ends the waiting, because nobody answers", async () => {
  await onTwo(async (streams, following) => {
    streams.append("m2", started);
    streams.append("m2", question("no attempts are left\nwith much output"));
    await expect(following.until(() => false)).rejects.toMatchObject({
      exitCode: exitCodes.needsHuman,
      message: "second cannot go on without a person: no attempts are left",
    });
  });
});

test("a question before any work names what the setup needs", async () => {
  await onTwo(async (streams, following) => {
    streams.append("m2", question("dependencies cannot be set up"));
    await expect(following.until(() => false)).rejects.toThrow(
      "second cannot go on without a person: dependencies cannot be set up; it needs a registry",
    );
  });
});

test("gives up with its signal", async () => {
  const giving = new AbortController();
  const following = new Following(new Streams(), [{ name: "one", missionId: "m1" }], giving.signal);
  const waiting = following.until(() => false);
  giving.abort();
  await expect(waiting).rejects.toThrow("too long");
});
