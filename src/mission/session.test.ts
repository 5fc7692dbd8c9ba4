// A session's budget spans its missions: granted in whole, and what is left comes back.
import { expect, test } from "vitest";
import type { SessionEvent } from "../protocol/events.ts";
import { foldSession, giveBack, grant, unclaimed, type Session } from "./session.ts";

const spent = (tokens: number) => ({ calls: 0, tokens, timeMs: 0, costMicroUsd: 0 });

function sessionOf(...events: SessionEvent[]): Session {
  const opened: SessionEvent = {
    type: "session.opened",
    sessionId: "s",
    userId: "ada",
    limits: { tokens: 100 },
  };
  const records = [opened, ...events].map((event, index) => ({
    streamId: "session:s",
    seq: index + 1,
    at: 0,
    commandId: "c",
    schemaVersion: 1,
    event,
  }));
  const session = foldSession(undefined, records);
  if (session === undefined) throw new Error("no session");
  return session;
}

test("a grant holds its whole amount until it is given back; then only what was spent", () => {
  expect(unclaimed(sessionOf())).toEqual({ tokens: 100 });
  const granted: SessionEvent = { type: "session.granted", missionId: "m", limits: { tokens: 70 } };
  expect(unclaimed(sessionOf(granted))).toEqual({ tokens: 30 });
  expect(
    unclaimed(sessionOf(granted, { type: "session.returned", missionId: "m", spent: spent(10) })),
  ).toEqual({ tokens: 90 });
});

test("a grant beyond what is unclaimed is over budget, and so is one without a limit", () => {
  const session = sessionOf({ type: "session.granted", missionId: "m", limits: { tokens: 70 } });
  expect(grant(session, "n", { tokens: 30 })).toEqual({
    ok: true,
    events: [{ type: "session.granted", missionId: "n", limits: { tokens: 30 } }],
  });
  expect(grant(session, "n", { tokens: 31 })).toMatchObject({
    ok: false,
    refusal: { code: "overBudget", message: expect.stringMatching(/30 tokens left.*at most 30/) as string },
  });
  expect(grant(session, "n", {})).toMatchObject({ ok: false, refusal: { code: "overBudget" } });
});

test("a second grant to the same mission is a raise: it replaces the first", () => {
  const session = sessionOf({ type: "session.granted", missionId: "m", limits: { tokens: 70 } });
  expect(grant(session, "m", { tokens: 100 }).ok).toBe(true);
  expect(grant(session, "m", { tokens: 101 }).ok).toBe(false);
});

test("what was not granted, or came back already, comes back to nobody", () => {
  expect(giveBack(sessionOf(), "m", spent(5))).toEqual([]);
  const returned: SessionEvent = { type: "session.returned", missionId: "m", spent: spent(10) };
  const session = sessionOf(
    { type: "session.granted", missionId: "m", limits: { tokens: 70 } },
    returned,
    returned,
  );
  expect(session.spent.tokens).toBe(10);
  expect(giveBack(session, "m", spent(5))).toEqual([]);
});

test("a session is opened once, and never goes below nothing", () => {
  const again: SessionEvent = { type: "session.opened", sessionId: "s", userId: "eve", limits: {} };
  const session = sessionOf(
    again,
    { type: "session.granted", missionId: "m", limits: { tokens: 10 } },
    { type: "session.returned", missionId: "m", spent: spent(500) },
  );
  expect(session).toMatchObject({ userId: "ada", seq: 4 });
  expect(unclaimed(session)).toEqual({ tokens: 0 });
  expect(foldSession(undefined, [])).toBeUndefined();
});
