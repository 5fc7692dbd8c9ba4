/**
 * Preflight: before anything is spent, setup, services and checks run on the base. What does not start
 * stops the mission there; what the contract expected otherwise is asked; the rest is the baseline.
 */
import type { Baseline, Call, CallOutcome } from "../protocol/call.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { Timestamp } from "../protocol/ids.ts";
import { accept, refuse, type MissionDecision } from "./decision.ts";
import { recordFindings } from "./finding.ts";
import { preflightTimeoutMs } from "./proof.ts";
import { ask, wantCall } from "./request.ts";
import type { Mission } from "./state.ts";

/** Whether the base must still be tried. A mission that only proves has nothing to compare with. */
export function needsPreflight({ spec, work }: Mission): boolean {
  return spec.policy.preflightRuns > 0 && work.baseline === undefined && work.taskCount > 0;
}

export function preflight(mission: Mission, at: Timestamp): MissionDecision {
  const { base } = mission.work;
  if (!needsPreflight(mission)) return refuse("alreadyDone", "the base has been tried");
  if (base === undefined) return refuse("notNow", "the base is not imported");
  const wish = {
    work: { kind: "preflight", snapshot: base, runs: mission.spec.policy.preflightRuns } as const,
    effects: ["workspace" as const],
    timeoutMs: preflightTimeoutMs(mission),
    reserve: {},
  };
  return accept(...wantCall(mission, wish, at).events);
}

/** What follows from a settled preflight: findings about flaky checks, and a question where the contract expected otherwise. */
export function preflightEvents(
  mission: Mission,
  call: Call,
  outcome: CallOutcome,
  at: Timestamp,
): MissionEvent[] {
  if (outcome.status !== "succeeded" || outcome.result.kind !== "preflight") return [];
  const { baseline } = outcome.result;
  const flaky = baseline.filter((entry) => entry.flaky);
  const events = recordFindings(
    mission,
    flaky.map(({ assertionId, reason }) => ({
      kind: "flaky",
      severity: "nonBlocking",
      text: `"${assertionId}" does not agree with itself on the base: ${reason}`,
    })),
    { by: "preflight", callId: call.id },
  );
  const surprises = baseline.flatMap((entry) => surpriseOf(mission, entry) ?? []);
  if (surprises.length === 0) return events;
  const question = ask(mission, at, {
    kind: "preflight",
    action: "work on this base all the same",
    reason: surprises.join("\n"),
    scope: "the whole mission; without it nothing is started",
    risk: "medium",
    callId: call.id,
  });
  return [...events, question];
}

/** What the contract did not expect of the base. */
function surpriseOf(mission: Mission, entry: Baseline): string | undefined {
  const { assertionId, value, reason } = entry;
  const assertion = mission.spec.contract.find(({ id }) => id === assertionId);
  // What a contract leaves open may be unclear where the work is not done; a check of the whole tree may not.
  const isUnclear = value === "inconclusive" && assertion === undefined && !entry.flaky;
  if (isUnclear || value === "error" || value === "blocked" || value === "impossible")
    return `"${assertionId}" could not be checked on the base (${value}): ${reason}`;
  const expected = assertion?.onBase ?? "any";
  if (expected === "any" || entry.flaky) return undefined;
  const wanted = expected === "fails" ? "failed" : "passed";
  return value === wanted
    ? undefined
    : `"${assertionId}" was expected to be ${wanted} on the base and is ${value}: ${reason}`;
}
