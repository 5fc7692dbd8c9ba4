/**
 * What is proven: an assertion is, on a tree, by a fresh passing verdict of somebody else on exactly
 * that tree with the contract's files laid over it (law 4). Everything that may advance asks here.
 */
import type { Check } from "../protocol/contract.ts";
import type { AssertionId, StageId } from "../protocol/ids.ts";
import type { Scrutiny } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Verdict } from "../protocol/verdict.ts";
import { currentTaskId, type Mission } from "./state.ts";

/** Beside the checks themselves: making workspaces, reading the change. */
const overheadMs = 60_000;
/** A check that did not agree with itself on the base must pass this often in a row. */
export const flakyRuns = 3;

/** The verdict on an assertion or check, unless tree or contract have moved on since. */
export function freshVerdict(mission: Mission, id: AssertionId, snapshot: Snapshot): Verdict | undefined {
  const { verdicts, judged } = mission.work;
  const verdict = verdicts.get(id);
  if (verdict === undefined || verdict.tree !== snapshot.tree) return undefined;
  if (verdict.contractVersion !== mission.ledger.contractVersion) return undefined;
  // Whatever was laid over the tree, it must be the same for every verdict: one tree is delivered.
  const isSame = judged?.tree !== snapshot.tree || judged.snapshot.tree === verdict.judged.tree;
  return isSame ? verdict : undefined;
}

export function isProven(mission: Mission, id: AssertionId, snapshot: Snapshot): boolean {
  return freshVerdict(mission, id, snapshot)?.value === "passed";
}

/** Assertions and checks without fresh passing evidence for a tree: what stands between a mission and "verified". */
export function unproven(mission: Mission, snapshot: Snapshot): AssertionId[] {
  return [...mission.spec.contract, ...requiredChecks(mission)]
    .map(({ id }) => id)
    .filter((id) => !isProven(mission, id, snapshot));
}

/** What a stage's seal rests on: the assertions of its tasks and of those before, and the checks of the whole tree. */
export function unprovenOfStage(mission: Mission, stageId: StageId, snapshot: Snapshot): AssertionId[] {
  const last = stageIndex(mission, stageId);
  return unproven(mission, snapshot).filter((id) => {
    const claimant = mission.work.claims.get(id);
    return claimant === undefined || stageIndex(mission, stageOfTask(mission, claimant)) <= last;
  });
}

/** Position of a stage in the plan; the first one for tasks that name none. */
export function stageIndex(mission: Mission, stageId: StageId | undefined): number {
  return Math.max(
    0,
    (mission.spec.stages ?? []).findIndex(({ id }) => id === stageId),
  );
}

function stageOfTask(mission: Mission, taskId: string): StageId | undefined {
  const id = currentTaskId(mission, taskId);
  return (mission.work.tasks.get(id)?.spec ?? mission.work.closed.get(id)?.spec)?.stageId;
}

/** Checks must pass in the end, but for those that the base clearly failed already. */
function requiredChecks(mission: Mission): Scrutiny[] {
  const { baseline } = mission.work;
  return (mission.spec.checks ?? []).filter(
    ({ id }) => baseline?.get(id)?.value !== "failed" || baseline.get(id)?.flaky === true,
  );
}

/** The tree that is delivered: what was judged, contract's files included. */
export function deliverable(mission: Mission, snapshot: Snapshot): Snapshot {
  const { judged } = mission.work;
  return judged?.tree === snapshot.tree ? judged.snapshot : snapshot;
}

/** Every assertion and check by id. */
export function checksOf(mission: Mission): Map<AssertionId, Check> {
  const { contract, checks = [] } = mission.spec;
  return new Map([...contract, ...checks].map(({ id, check }) => [id, check]));
}

/** How long a verification of these may take: every run of every check, services, a new environment. */
export function verificationTimeoutMs(mission: Mission, ids: readonly AssertionId[]): number {
  const { baseline } = mission.work;
  const runs = 1 + mission.spec.policy.mutationSamples;
  const checks = checksOf(mission);
  const sum = ids.reduce((total, id) => {
    const check = checks.get(id);
    const times = runs * (baseline?.get(id)?.flaky === true ? flakyRuns : 1);
    return check === undefined ? total : total + times * checkTimeoutMs(mission, check);
  }, 0);
  return sum + setupTimeoutMs(mission) + overheadMs;
}

/** Everything on the base, as often as the policy says. */
export function preflightTimeoutMs(mission: Mission): number {
  const runs = mission.spec.policy.preflightRuns;
  const sum = [...checksOf(mission).values()].reduce(
    (total, check) => total + checkTimeoutMs(mission, check),
    0,
  );
  return runs * sum + setupTimeoutMs(mission) + overheadMs;
}

function checkTimeoutMs(mission: Mission, check: Check): number {
  const services = check.kind === "http" ? [check.service] : check.kind === "file" ? [] : check.services;
  return (services ?? []).reduce(
    (sum, id) => sum + (mission.spec.services?.[id]?.timeoutMs ?? 0),
    check.timeoutMs,
  );
}

export const setupTimeoutMs = (mission: Mission): number =>
  (mission.spec.setup ?? []).reduce((sum, { timeoutMs }) => sum + timeoutMs, 0);
