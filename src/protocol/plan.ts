/** What a mission is asked to do: goal, contract, tasks, agents, policy. Fixed in `mission.created`. */
import type { Limits } from "./budget.ts";
import type { AgentId, AssertionId, TaskId } from "./ids.ts";

/** How an assertion is checked. */
export type Check =
  | { kind: "command"; command: string[]; cwd?: string; exitCode: number; timeoutMs: number }
  | {
      kind: "tests";
      command: string[];
      cwd?: string;
      /** Where the machine-readable report comes from. */
      report: { format: "tap" | "junit"; from: "stdout" | { file: string } };
      /** Names of tests that must be reported as passed; an exit code alone never suffices. */
      expect: string[];
      timeoutMs: number;
    };

/** One promise of the contract (FM10). */
export interface Assertion {
  id: AssertionId;
  behaviour: string;
  check: Check;
  /** What the check is expected to say on the base. Recorded; nothing runs it there before preflight exists. */
  onBase: "fails" | "passes" | "any";
}

export type FailurePolicy = "failFast" | "retry" | "fallback";

export interface TaskSpec {
  id: TaskId;
  goal: string;
  needs: TaskId[];
  fulfills: AssertionId[];
  agentId: AgentId;
  /** `write` takes the mission's single write lock; readers work on a clone. */
  access: "write" | "read";
  input?: unknown;
  timeoutMs: number;
  maxAttempts: number;
  onFailure: FailurePolicy;
  /** With `fallback`: the agent that gets the task when this one has used up its attempts. */
  fallbackAgentId?: AgentId;
}

/** Who does a task. */
export type AgentSpec =
  | {
      kind: "program";
      command: string[];
      /** Folders and files the program needs beside its workspace, read-only. */
      readOnly: string[];
      /** Not a byte of output for this long means that it hangs. */
      inactivityMs: number;
      reserve: Limits;
      /** Whether it can go on with an attempt whose runner died, from the latest snapshot and the brief's `recovery`. */
      resumable?: boolean;
    }
  | { kind: "human"; name: string }
  | { kind: "stepwise"; program: string; reserve: Limits };

export interface Policy {
  /** Whether a human approves the plan before anything is spent. */
  approvePlan: boolean;
  /** An approval without an answer is denied after this long. */
  approvalTimeoutMs: number;
  maxConcurrency: number;
  /** Fix tasks in a row for one goal. */
  maxRounds: number;
  maxStepsPerAttempt: number;
  /** Identical steps with identical results in a row. */
  maxRepetitions: number;
  /** Nothing settled and nothing snapshotted in an attempt for this long. */
  stallAfterMs: number;
  /** Wait before an attempt after an infrastructure failure; doubles each time. */
  backoffMs: number;
  maxInfrastructureRetries: number;
  /** At most this long between snapshots inside a long attempt (OP5). */
  snapshotEveryMs: number;
  sandbox: "bubblewrap" | "none";
}

export interface MissionSpec {
  schemaVersion: 1;
  goal: string;
  repository: { path: string; base: string };
  contract: Assertion[];
  tasks: TaskSpec[];
  agents: Record<AgentId, AgentSpec>;
  budget: Limits;
  policy: Policy;
  /** The branch delivered into the user's repository. */
  branch: string;
  /** The whole mission ends after this long. */
  timeoutMs: number;
}

export const defaultPolicy: Readonly<Policy> = {
  approvePlan: false,
  approvalTimeoutMs: 24 * 3_600_000,
  maxConcurrency: 4,
  maxRounds: 3,
  maxStepsPerAttempt: 200,
  maxRepetitions: 3,
  stallAfterMs: 30 * 60_000,
  backoffMs: 2_000,
  maxInfrastructureRetries: 3,
  snapshotEveryMs: 5_000,
  sandbox: "bubblewrap",
};
