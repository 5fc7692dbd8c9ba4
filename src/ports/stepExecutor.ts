/** Executes one step of an agent that works step by step. Executors never touch shared state (AL3). */
import type { Usage } from "../protocol/budget.ts";
import type { Call, CallOutcome } from "../protocol/call.ts";
import type { NextSteps } from "../protocol/commands.ts";
import type { Epoch, MissionId } from "../protocol/ids.ts";
import type { InlineBlob } from "./log.ts";

export interface StepRequest {
  missionId: MissionId;
  epoch: Epoch;
  call: Call;
  /** `restore`: put the workspace back to the snapshot before the call, then do it again. */
  mode: "perform" | "restore" | "resume";
  /** Under what name the outside knows this call. */
  idempotencyKey: string;
  signal: AbortSignal;
}

export interface StepReport {
  outcome: CallOutcome;
  usage: Usage;
  blobs: InlineBlob[];
  next?: NextSteps;
}

/** What the outside says about an external call whose runner died. */
export type LookUp =
  | { found: "done"; report: StepReport }
  | { found: "absent" }
  | { found: "unknown"; reason: string };

export interface StepExecutor {
  /** Must not throw; ends soon after the signal aborts. */
  perform(request: StepRequest): Promise<StepReport>;
  /** Asks the outside by idempotency key; must not change anything, must not throw. */
  lookUp(request: StepRequest): Promise<LookUp>;
}
