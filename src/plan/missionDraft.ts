/** From the mission file's words to the protocol's, with defaults for what was left out. */
import type { Limits } from "../protocol/budget.ts";
import { defaultPolicy } from "../protocol/plan.ts";
import type { AgentSpec, Assertion, Check, MissionSpec, Policy, TaskSpec } from "../protocol/plan.ts";
import type { MissionFile } from "./missionFileSchema.ts";

/** A mission before it has an id: its branch may still be open, and its paths are as the file has them. */
export type MissionDraft = Omit<MissionSpec, "branch"> & { branch?: string };

const defaultCheckTimeoutMs = 10 * 60_000;
const defaultTaskTimeoutMs = 60 * 60_000;
const defaultMissionTimeoutMs = 7 * 24 * 3_600_000;
const defaultInactivityMs = 10 * 60_000;

export function draftOf(file: MissionFile): MissionDraft {
  const { repository } = file;
  const draft: MissionDraft = {
    schemaVersion: 1,
    goal: file.goal,
    repository: typeof repository === "string" ? { path: repository, base: "HEAD" } : repository,
    contract: file.contract.map(assertionOf),
    tasks: file.tasks.map(taskOf),
    agents: Object.fromEntries(Object.entries(file.agents).map(([id, agent]) => [id, agentOf(agent)])),
    budget: limitsOf(file.budget),
    policy: policyOf(file.policy),
    timeoutMs: file.timeout ?? defaultMissionTimeoutMs,
  };
  if (file.branch !== undefined) draft.branch = file.branch;
  return draft;
}

function limitsOf(limits: MissionFile["budget"]): Limits {
  const { calls, tokens, time, cost } = limits;
  return defined({ calls, tokens, timeMs: time, costMicroUsd: cost });
}

function agentOf(agent: MissionFile["agents"][string]): AgentSpec {
  if ("human" in agent) return { kind: "human", name: agent.human };
  return {
    kind: "program",
    command: agent.program,
    readOnly: agent.readOnly,
    inactivityMs: agent.inactivity ?? defaultInactivityMs,
    reserve: limitsOf(agent.reserve ?? {}),
    resumable: agent.resumable,
  };
}

function assertionOf({ id, behaviour, tests, command, onBase }: MissionFile["contract"][number]): Assertion {
  return {
    id,
    behaviour,
    check: tests === undefined ? commandCheck(command ?? []) : testsCheck(tests),
    onBase,
  };
}

function testsCheck(tests: NonNullable<MissionFile["contract"][number]["tests"]>): Check {
  const { command, expect, report, cwd, timeout } = tests;
  const from: Extract<Check, { kind: "tests" }>["report"] =
    typeof report === "string"
      ? { format: report, from: "stdout" }
      : { format: report.format, from: { file: report.file } };
  return {
    kind: "tests",
    command,
    report: from,
    expect,
    timeoutMs: timeout ?? defaultCheckTimeoutMs,
    ...defined({ cwd }),
  };
}

function commandCheck(check: NonNullable<MissionFile["contract"][number]["command"]>): Check {
  const { command, exitCode, cwd, timeout } = Array.isArray(check)
    ? { command: check, exitCode: 0, cwd: undefined, timeout: undefined }
    : check;
  return {
    kind: "command",
    command,
    exitCode,
    timeoutMs: timeout ?? defaultCheckTimeoutMs,
    ...defined({ cwd }),
  };
}

function taskOf(task: MissionFile["tasks"][number]): TaskSpec {
  const { id, goal, needs, fulfills, access, maxAttempts, onFailure, agent, fallback, input, timeout } = task;
  return {
    id,
    goal,
    needs,
    fulfills,
    access,
    maxAttempts,
    onFailure,
    agentId: agent,
    timeoutMs: timeout ?? defaultTaskTimeoutMs,
    ...defined({ fallbackAgentId: fallback, input }),
  };
}

function policyOf(policy: MissionFile["policy"]): Policy {
  const { approvalTimeout, stallAfter, backoff, snapshotEvery, ...same } = policy;
  const renamed = {
    approvalTimeoutMs: approvalTimeout,
    stallAfterMs: stallAfter,
    backoffMs: backoff,
    snapshotEveryMs: snapshotEvery,
  };
  return { ...defaultPolicy, ...defined(same), ...defined(renamed) };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the properties that are undefined. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>;
}
