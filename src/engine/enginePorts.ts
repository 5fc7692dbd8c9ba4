/** Everything the engine touches of the outside. */
import type { Agent } from "../ports/agent.ts";
import type { Blobs } from "../ports/blobs.ts";
import type { Changes } from "../ports/changes.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import type { Environments } from "../ports/environment.ts";
import type { Faults } from "../ports/faults.ts";
import type { Leases } from "../ports/leases.ts";
import type { Log } from "../ports/log.ts";
import type { RunnerRegistry } from "../ports/runnerRegistry.ts";
import type { Spool } from "../ports/spool.ts";
import type { StateCaches } from "../ports/stateCache.ts";
import type { StepExecutor } from "../ports/stepExecutor.ts";
import type { Verifier } from "../ports/verifier.ts";
import type { Workspaces } from "../ports/workspace.ts";

/** What a store brings. */
export interface StorePorts {
  log: Log;
  changes: Changes;
  leases: Leases;
  blobs: Blobs;
  caches: StateCaches;
  spool: Spool;
}

export interface EnginePorts extends StorePorts {
  clock: Clock;
  ids: Ids;
  workspaces: Workspaces;
  environments: Environments;
  verifier: Verifier;
  programs: Agent<"program">;
  /** Left out: agents that work step by step cannot run here. */
  steps?: StepExecutor;
  /** Left out: a dead runner's lease is waited for. */
  runners?: RunnerRegistry;
  faults: Faults;
}
