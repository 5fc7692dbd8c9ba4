/** What an attempt is told: goal, the assertions it fulfils, handoffs it depends on, what was tried before. Nothing else. */
import type { Brief } from "../protocol/brief.ts";
import type { Check } from "../protocol/contract.ts";
import type { Fact } from "../protocol/fact.ts";
import type { AttemptId } from "../protocol/ids.ts";
import { setupTimeoutMs } from "./proof.ts";
import { currentTaskId, type Mission, type TaskState } from "./state.ts";

/** The newest records that a brief carries. */
const maxFacts = 100;

/** Undefined when the attempt is not open. */
export function briefOf(mission: Mission, attemptId: AttemptId): Brief | undefined {
  const attempt = mission.work.attempts.get(attemptId);
  const task = attempt === undefined ? undefined : mission.work.tasks.get(attempt.taskId);
  if (attempt === undefined || task === undefined) return undefined;
  const entry = attempt.callId === undefined ? undefined : mission.ledger.calls.get(attempt.callId);
  const { tokens, costMicroUsd } = entry?.call.reserve ?? {};
  const brief: Brief = {
    schemaVersion: 1,
    mission: { id: mission.id, goal: mission.spec.goal },
    task: { id: task.spec.id, goal: task.spec.goal },
    attempt: { id: attemptId, number: attempt.number },
    assertions: visibleAssertions(mission, task),
    handoffs: task.spec.needs.flatMap((need) => {
      const handoff = mission.work.closed.get(currentTaskId(mission, need))?.handoff;
      return handoff === undefined ? [] : [{ taskId: need, handoff }];
    }),
    facts: [...mission.work.facts.values()].slice(-maxFacts).map((fact) => told(mission, fact)),
    previous: task.previous.map((previous) => ({ ...previous })),
    limits: {
      timeoutMs:
        entry === undefined ? task.spec.timeoutMs : entry.call.reserve.timeMs - setupTimeoutMs(mission),
    },
  };
  if (task.spec.input !== undefined) brief.task.input = task.spec.input;
  if (tokens !== undefined && tokens > 0) brief.limits.tokens = tokens;
  if (costMicroUsd !== undefined && costMicroUsd > 0) brief.limits.costMicroUsd = costMicroUsd;
  const interrupted = entry?.mode === "resume" ? { attemptId, reason: "its runner died" } : task.interrupted;
  if (interrupted !== undefined)
    brief.recovery = {
      interruptedAttemptId: interrupted.attemptId,
      note: `attempt ${interrupted.attemptId} was interrupted (${interrupted.reason}); the workspace holds its latest snapshot`,
    };
  return brief;
}

function visibleAssertions(mission: Mission, task: Readonly<TaskState>): Brief["assertions"] {
  return mission.spec.contract
    .filter((assertion) => task.spec.fulfills.includes(assertion.id))
    .map(({ id, behaviour, check, heldOut }) =>
      heldOut === true ? { id, behaviour } : { id, behaviour, check: visible(check) },
    );
}

function visible(check: Check): NonNullable<Brief["assertions"][number]["check"]> {
  switch (check.kind) {
    case "file":
    case "http":
      return { kind: check.kind, path: check.path };
    case "command":
    case "tests": {
      const { kind, command } = check;
      return {
        kind,
        command,
        ...(check.cwd === undefined ? {} : { cwd: check.cwd }),
        ...(check.kind === "tests" ? { expect: check.expect } : {}),
      };
    }
  }
}

function told(mission: Mission, fact: Readonly<Fact>): Brief["facts"][number] {
  const { type, subject, content, source, confidence } = fact;
  const disputed = mission.work.disputed.has(subject);
  const record = { type, subject, content, source, disputed };
  return confidence === undefined ? record : { ...record, confidence };
}
