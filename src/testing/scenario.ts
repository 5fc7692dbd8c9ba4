/** Seeded missions: graphs of tasks, agents of every kind, budgets that may not suffice, policies that bite. */
import { createHash } from "node:crypto";
import type { Limits } from "../protocol/budget.ts";
import type { Assertion } from "../protocol/contract.ts";
import {
  defaultPolicy,
  type AgentSpec,
  type MissionSpec,
  type Scrutiny,
  type TaskSpec,
} from "../protocol/plan.ts";
import type { Random } from "./random.ts";
import { readAssertion, taskAssertion } from "./scriptedAgents.ts";

const agents: Record<string, AgentSpec> = {
  program: {
    kind: "program",
    command: ["program"],
    readOnly: [],
    inactivityMs: 60_000,
    reserve: { tokens: 1_000, costMicroUsd: 5_000 },
  },
  resumable: {
    kind: "program",
    command: ["program"],
    readOnly: [],
    inactivityMs: 60_000,
    reserve: { tokens: 500 },
    resumable: true,
  },
  stepwise: { kind: "stepwise", program: "plan", reserve: { tokens: 300, costMicroUsd: 900 } },
  person: { kind: "human", name: "somebody" },
};

/** A mission of 1 to `maxTasks` tasks. */
export function scenario(random: Random, maxTasks: number): MissionSpec {
  const count = random.int(1, maxTasks);
  const tasks = Array.from({ length: count }, (_, index) => task(random, index));
  const contract = tasks.map(({ id, fulfills }): Assertion => assertion(fulfills[0] ?? taskAssertion(id)));
  const [first] = contract;
  if (first !== undefined && random.chance(0.5)) bring(random, first);
  const stages = count > 1 && random.chance(0.3) ? [{ id: "early" }, { id: "late" }] : [];
  if (stages.length > 0)
    for (const [index, one] of tasks.entries()) one.stageId = index < count / 2 ? "early" : "late";
  return {
    schemaVersion: 1,
    goal: "simulate",
    repository: { path: "/repository", base: "main" },
    contract,
    tasks,
    ...(stages.length === 0 ? {} : { stages }),
    ...(random.chance(0.3) ? { checks: [lint] } : {}),
    agents,
    budget: budget(random, count),
    policy: {
      ...defaultPolicy,
      approvePlan: random.chance(0.2),
      approvalTimeoutMs: random.int(60_000, 1_800_000),
      maxConcurrency: random.int(1, 4),
      maxRounds: random.int(1, 3),
      maxStepsPerAttempt: random.int(20, 120),
      stallAfterMs: random.int(25_000, 120_000),
      snapshotEveryMs: 5_000,
      preflightRuns: random.int(0, 2),
    },
    branch: "houston/simulated",
    timeoutMs: random.chance(0.05) ? random.int(60_000, 600_000) : 7 * 86_400_000,
  };
}

/** A check that no task claims: nothing in the tree is broken. */
const lint: Scrutiny = {
  id: "lint",
  behaviour: "nothing is broken",
  check: { kind: "command", command: ["lint"], exitCode: 0, timeoutMs: 20_000 },
};

/** What contracts of simulated missions lay over trees. */
export const contractFile = { path: "contract.test", bytes: new TextEncoder().encode("it holds") };

/** The contract brings a file; half of the time no agent may see it. */
function bring(random: Random, one: Assertion): void {
  const { path, bytes } = contractFile;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  one.files = [{ path, content: { sha256, sizeBytes: bytes.length } }];
  if (random.chance(0.5)) one.heldOut = true;
}

function assertion(id: string): Assertion {
  return {
    id,
    behaviour: id,
    check: { kind: "command", command: ["check", id], exitCode: 0, timeoutMs: 20_000 },
    onBase: "any",
  };
}

function task(random: Random, index: number): TaskSpec {
  const id = `t${index}`;
  const agentId = random.weighted({ program: 3, resumable: 2, stepwise: 4, person: 0.5 });
  const needs = Array.from({ length: index }, (_, before) => `t${before}`).filter(() =>
    random.chance(1.5 / (index + 1)),
  );
  const onFailure = random.weighted({ retry: 6, retryDownstream: 2, failFast: 0.5, fallback: 2 });
  const access = agentId === "program" && random.chance(0.2) ? "read" : "write";
  const spec: TaskSpec = {
    id,
    goal: `do ${id}`,
    needs,
    fulfills: [access === "read" ? readAssertion(id) : taskAssertion(id)],
    agentId,
    access,
    timeoutMs: agentId === "person" ? random.int(60_000, 3_600_000) : random.int(30_000, 300_000),
    maxAttempts: random.int(1, 4),
    onFailure,
  };
  if (onFailure !== "fallback") return spec;
  const goal = random.chance(0.5) ? { goal: `do ${id} another way` } : {};
  return { ...spec, fallback: { agentId: "program", ...goal } };
}

function budget(random: Random, tasks: number): Limits {
  const kind = random.weighted({ none: 3, ample: 6, scarce: 0.7 });
  if (kind === "none") return {};
  const scale = (kind === "ample" ? 400 : 25) * tasks;
  return { calls: scale, tokens: scale * 200, timeMs: scale * 60_000, costMicroUsd: scale * 1_000 };
}
