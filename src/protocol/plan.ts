/** What a mission is asked to do: goal, contract, tasks, agents, policy. Fixed in `mission.created`. */
import type { Limits } from "./budget.ts";
import type { Assertion, Check } from "./contract.ts";
import type { ServiceSpec, SetupSpec } from "./environment.ts";
import type { AgentId, AssertionId, ServiceId, StageId, TaskId } from "./ids.ts";

/**
 * What a task's failure leads to (SW8): the mission's end, more attempts, more attempts with everything
 * downstream done again when it is reopened, or another branch of the plan.
 */
export type FailurePolicy = "failFast" | "retry" | "retryDownstream" | "fallback";

/** What is done instead of a task that used up its attempts. */
export interface Fallback {
  agentId: AgentId;
  /** Another way to the same assertions; the task's own goal when left out. */
  goal?: string;
}

/** A milestone: its tasks begin when the stage before is sealed by verdicts (FM12). */
export interface Stage {
  id: StageId;
  goal?: string;
}

/** A check of the whole tree that no task claims, such as lint or types: what it passed on the base it must pass in the end. */
export type Scrutiny = {
  id: AssertionId;
  behaviour: string;
  check: Extract<Check, { kind: "command" | "tests" }>;
};

export interface TaskSpec {
  id: TaskId;
  goal: string;
  needs: TaskId[];
  fulfills: AssertionId[];
  agentId: AgentId;
  /** `write` takes the mission's single write lock; readers work on a clone. */
  access: "write" | "read";
  input?: unknown;
  /** Of one attempt. */
  timeoutMs: number;
  /** Of the task as a whole, from its first attempt on; no attempt runs past it. */
  deadlineMs?: number;
  maxAttempts: number;
  onFailure: FailurePolicy;
  /** With `onFailure: "fallback"`. */
  fallback?: Fallback;
  /** The first stage when left out. */
  stageId?: StageId;
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
  /** How often preflight runs each check on the base; more than once shows flakiness, 0 leaves preflight out. */
  preflightRuns: number;
  /** Whether setup may use the network; a person says so on the command line. */
  setupNetwork: boolean;
  /** Changed lines that are broken on purpose to see whether a check notices; 0 for none. */
  mutationSamples: number;
  /** Tests of the base that tasks may change, as paths and globs; changes to others are findings. */
  mayChangeTests: string[];
}

export interface MissionSpec {
  schemaVersion: 1;
  goal: string;
  repository: { path: string; base: string };
  contract: Assertion[];
  /** None: the mission proves its contract on the base and changes nothing. */
  tasks: TaskSpec[];
  /** In order; one unnamed stage when left out. */
  stages?: Stage[];
  setup?: SetupSpec[];
  services?: Record<ServiceId, ServiceSpec>;
  checks?: Scrutiny[];
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
  preflightRuns: 2,
  setupNetwork: false,
  mutationSamples: 0,
  mayChangeTests: [],
};
