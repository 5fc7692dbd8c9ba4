/** Calls of agents that work step by step. */
import { idempotencyKey } from "../mission/recovery.ts";
import type { StepReport, StepRequest } from "../ports/stepExecutor.ts";
import { failed, settled, stale, type Performance, type Performed, type Settlement } from "./performance.ts";

function toSettlement({ outcome, usage, blobs, next }: StepReport): Settlement {
  return next === undefined ? { outcome, usage, blobs } : { outcome, usage, blobs, steps: next };
}

function toRequest({ missionId, epoch, call, mode, signal }: Performance): StepRequest {
  const key = idempotencyKey(missionId, call.id);
  return { missionId, epoch, call, mode: mode === "lookUp" ? "perform" : mode, idempotencyKey: key, signal };
}

export async function performStep(performance: Performance): Promise<Settlement> {
  const { steps } = performance.ports;
  if (steps === undefined)
    return failed({ code: "infrastructure", message: "this runner has no executor for steps" });
  if (!performance.held()) return stale();
  return toSettlement(await steps.perform(toRequest(performance)));
}

export async function lookUpStep(performance: Performance): Promise<Performed> {
  const { steps, faults } = performance.ports;
  if (steps === undefined)
    return settled({ status: "unknown", reason: "this runner has no executor for steps to look it up with" });
  const answer = await steps.lookUp(toRequest(performance));
  faults.reach("recovery.lookedUp");
  switch (answer.found) {
    case "done":
      return toSettlement(answer.report);
    case "absent":
      return "absent";
    case "unknown":
      return { outcome: { status: "unknown", reason: answer.reason }, usage: {}, blobs: [] };
  }
}
