/** From the mission file's words to the protocol's, with defaults for what was left out. */
import type { BlobRef } from "../protocol/blob.ts";
import type { Limits } from "../protocol/budget.ts";
import {
  defaultPolicy,
  type AgentSpec,
  type Fallback,
  type MissionSpec,
  type Policy,
  type TaskSpec,
} from "../protocol/plan.ts";
import { assertionOf, scrutinyOf, type AssertionWith, type WrittenFile } from "./contractSchema.ts";
import { defined } from "./defined.ts";
import { serviceOf, setupsOf } from "./environmentSchema.ts";
import type { MissionFile } from "./missionFileSchema.ts";

/** A file the contract brings, with what is in it. */
export interface DraftFile {
  /** In the tree. */
  path: string;
  content: Uint8Array;
  executable?: boolean;
}

type DraftWith<File> = Omit<MissionSpec, "branch" | "contract"> & {
  branch?: string;
  contract: AssertionWith<File>[];
};

/** As a mission file says it: paths are relative to that file, contents of files are still to be read. */
export type WrittenMission = DraftWith<WrittenFile>;

/** A mission before it has an id: its branch may still be open, and the files of its contract are in no store yet. */
export type MissionDraft = DraftWith<DraftFile>;

const defaultTaskTimeoutMs = 60 * 60_000;
const defaultMissionTimeoutMs = 7 * 24 * 3_600_000;
const defaultInactivityMs = 10 * 60_000;

export function draftOf(file: MissionFile): WrittenMission {
  const { repository, setup, services, checks, stages, branch } = file;
  return {
    schemaVersion: 1,
    goal: file.goal,
    repository: typeof repository === "string" ? { path: repository, base: "HEAD" } : repository,
    contract: file.contract.map(assertionOf),
    tasks: file.tasks.map(taskOf),
    agents: mapped(file.agents, agentOf),
    budget: limitsOf(file.budget),
    policy: policyOf(file.policy),
    timeoutMs: file.timeout ?? defaultMissionTimeoutMs,
    ...defined({
      stages: stages?.map(({ id, goal }) => ({ id, ...defined({ goal }) })),
      setup: setup === undefined ? undefined : setupsOf(setup),
      services: services === undefined ? undefined : mapped(services, serviceOf),
      checks: checks?.map(scrutinyOf),
      branch,
    }),
  };
}

/** The same mission as the law has it; `contentOf` names what is in each file. */
export function specOf<File extends Omit<DraftFile, "content">>(
  draft: DraftWith<File>,
  contentOf: (file: File) => BlobRef,
): MissionSpec {
  const contract = draft.contract.map(({ files, ...assertion }) => {
    if (files === undefined) return assertion;
    const named = files.map((file) => {
      const { path, executable } = file;
      return { path, content: contentOf(file), ...defined({ executable }) };
    });
    return { ...assertion, files: named };
  });
  return { ...draft, contract, branch: draft.branch ?? "houston/draft" };
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

function taskOf(task: MissionFile["tasks"][number]): TaskSpec {
  const { id, goal, needs, fulfills, access, maxAttempts, onFailure, agent, fallback, input, stage } = task;
  return {
    id,
    goal,
    needs,
    fulfills,
    access,
    maxAttempts,
    onFailure,
    agentId: agent,
    timeoutMs: task.timeout ?? defaultTaskTimeoutMs,
    ...defined({
      input,
      deadlineMs: task.deadline,
      fallback: fallback === undefined ? undefined : fallbackOf(fallback),
      stageId: stage,
    }),
  };
}

function fallbackOf(fallback: NonNullable<MissionFile["tasks"][number]["fallback"]>): Fallback {
  if (typeof fallback === "string") return { agentId: fallback };
  return { agentId: fallback.agent, ...defined({ goal: fallback.goal }) };
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

const mapped = <From, To>(
  record: Readonly<Record<string, From>>,
  each: (value: From) => To,
): Record<string, To> => Object.fromEntries(Object.entries(record).map(([id, value]) => [id, each(value)]));
