// The edge: PR5's trace events and PR6's names from ours, and PR2's data model field for field.
import { describe, expect, expectTypeOf, test } from "vitest";
import type * as model from "../protocol/dataModel.ts";
import type { EventRecord, MissionEvent } from "../protocol/events.ts";
import { reservedEventTypes, missionEventTypes } from "../protocol/events.ts";
import { Course, fails, oneTask, specMissionId, specSessionId } from "../testing/specification.ts";
import { asTraceEvent, newTraceContext, traceEvent, traceType } from "./trace.ts";

function project(course: Course): model.AgentEvent[] {
  const context = newTraceContext();
  return course.records.map(({ at, event }, index) => {
    const record: EventRecord<MissionEvent> = {
      streamId: `mission:${specMissionId}`,
      seq: index + 1,
      at,
      commandId: "c",
      schemaVersion: 1,
      event,
    };
    return traceEvent(context, record, (time) => new Date(time).toISOString());
  });
}

const named = (course: Course): [string, string][] =>
  course.events.map((event) => [event.type, traceType(event)]);

describe("PR6: names others expect", () => {
  const whole = Course.working(oneTask()).does({
    type: "snapshot.record",
    callId: "c2",
    snapshot: { commit: "x", tree: "x" },
  });
  whole.handsOff("build").judged("build", "failed").finishes("build~1").delivers();

  test("the whole way", () => {
    expect(new Map(named(whole))).toEqual(
      new Map([
        ["mission.created", "session.started"],
        ["run.started", "run.started"],
        ["call.wanted", "workflow.node.enter"],
        ["call.settled", "tool.call.completed"],
        ["attempt.started", "agent.task.assigned"],
        ["snapshot.taken", "workflow.checkpoint.created"],
        ["attempt.ended", "handoff.requested"],
        ["verdict.given", "verifier.assertion.passed"],
        ["task.added", "task.added"],
        ["assertion.reopened", "loop.round.completed"],
        ["task.ended", "handoff.accepted"],
        ["mission.sealing", "workspace.sealed"],
        ["mission.closed", "session.completed"],
      ]),
    );
    expect(whole.all("verdict.given").map(traceType)).toEqual([
      "verifier.issue.found",
      "verifier.assertion.passed",
    ]);
  });

  test("approvals, budgets, steps and ends that are not good", () => {
    const asked = (): Course => Course.working(oneTask()).settles("attempt", fails("blocked"));
    expect(named(asked().approves())).toContainEqual(["approval.resolved", "approval.granted"]);
    expect(named(asked().rejects())).toEqual(
      expect.arrayContaining([
        ["approval.requested", "approval.requested"],
        ["approval.resolved", "approval.rejected"],
        ["task.ended", "handoff.rejected"],
        ["attempt.ended", "agent.message.created"],
      ]),
    );
    expect(
      named(
        asked()
          .waits(86_400_000 - 1)
          .waits(1),
      ),
    ).toContainEqual(["approval.resolved", "approval.timeout"]);
    expect(named(Course.working(oneTask({}, { budget: { tokens: 1 } })))).toContainEqual([
      "budget.exceeded",
      "budget.exceeded",
    ]);
  });
});

describe("PR5: one trace per mission", () => {
  const events = project(Course.working(oneTask()).handsOff("build"));
  const of = (type: string): model.AgentEvent[] => events.filter((event) => event.type === type);

  test("every event knows mission, session and run", () => {
    for (const event of events.slice(1))
      expect(event).toMatchObject({
        traceId: specMissionId,
        sessionId: specSessionId,
        runId: "run-1",
        schemaVersion: 1,
      });
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events[0]).toMatchObject({
      actor: "human:ada",
      spanId: "mission",
      timestamp: "2027-01-15T08:00:00.000Z",
    });
  });

  test("a call is one span under its attempt's, from wanted to settled", () => {
    expect(of("workflow.node.enter")[1]).toMatchObject({
      spanId: "c2",
      parentSpanId: "build.1",
      taskId: "build",
    });
    expect(of("tool.call.completed")[1]).toMatchObject({
      spanId: "c2",
      parentSpanId: "build.1",
      taskId: "build",
    });
    expect(of("agent.task.assigned")[0]).toMatchObject({
      spanId: "build.1",
      parentSpanId: "mission",
      taskId: "build",
      actor: "worker",
    });
    expect(of("handoff.requested")[0]).toMatchObject({ spanId: "build.1", taskId: "build" });
  });

  test("questions about a task say which", () => {
    const asked = project(Course.working(oneTask()).settles("attempt", fails("blocked")));
    expect(asked.find(({ type }) => type === "approval.requested")).toMatchObject({ taskId: "build" });
  });

  test("PR2's smaller form leaves out what it does not know", () => {
    const [first] = events;
    if (first === undefined) throw new Error("no events");
    expect(Object.keys(asTraceEvent(first)).sort()).toEqual([
      "actor",
      "id",
      "payload",
      "runId",
      "sessionId",
      "timestamp",
      "type",
    ]);
    expect(asTraceEvent({ ...first, taskId: "build" })).toMatchObject({ taskId: "build" });
  });
});

// PR2 as the source states it, copied.
type Permission = { level: "L0" | "L1" | "L2" | "L3" | "L4" | "L5"; scope: string; description?: string };
type Artifact = {
  id: string;
  name: string;
  type: "file" | "code" | "document" | "data";
  uri: string;
  checksum?: string;
  createdAt: string;
};
type Session = {
  id: string;
  userId: string;
  config?: Record<string, unknown>;
  budget?: { tokensLimit: number; timeLimitMs: number };
};
type AgentDefinition = {
  id: string;
  name: string;
  role: string;
  model: string;
  instructions: string;
  tools: string[];
  permissions: Permission[];
  memoryScope: "none" | "session" | "project" | "global";
};
type Task = {
  id: string;
  parentId?: string;
  sessionId: string;
  assignedAgent?: string;
  goal: string;
  status: "pending" | "running" | "blocked" | "done" | "failed" | "cancelled";
  input: unknown;
  output?: unknown;
  artifacts?: Artifact[];
  createdAt: string;
  updatedAt: string;
};
type TraceEvent = {
  id: string;
  runId: string;
  sessionId: string;
  taskId?: string;
  actor: string;
  type: string;
  payload: unknown;
  timestamp: string;
};

test("PR2 is public API, field for field (checked by the compiler)", () => {
  expectTypeOf<model.Permission>().branded.toEqualTypeOf<Permission>();
  expectTypeOf<model.Artifact>().branded.toEqualTypeOf<Artifact>();
  expectTypeOf<model.Session>().branded.toEqualTypeOf<Session>();
  expectTypeOf<model.AgentDefinition>().branded.toEqualTypeOf<AgentDefinition>();
  expectTypeOf<model.Task>().branded.toEqualTypeOf<Task>();
  expectTypeOf<model.TraceEvent>().branded.toEqualTypeOf<TraceEvent>();
});

test("names reserved for later releases mean nothing yet", () => {
  const known: readonly string[] = missionEventTypes;
  expect(reservedEventTypes.filter((type) => known.includes(type))).toEqual([]);
  expect(new Set(reservedEventTypes).size).toBe(reservedEventTypes.length);
});
