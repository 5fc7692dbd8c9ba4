/**
 * Whether a plan holds (FM10): every assertion claimed by exactly one task, the graph acyclic, agents
 * there and not judging their own work. Problems are values with a path, so that a file can point at
 * its line.
 */
import { dimensions } from "../protocol/budget.ts";
import { verifierAgentId } from "../protocol/ids.ts";
import type { MissionSpec, Policy, TaskSpec } from "../protocol/plan.ts";
import { isAmount } from "./budget.ts";

export interface PlanProblem {
  /** From the mission's root, for example `["tasks", 0, "needs"]`. */
  path: (string | number)[];
  message: string;
}

const idPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const idRule =
  "use 1 to 64 lower-case letters, digits, dots, dashes and underscores, starting with a letter or digit";

export function planProblems(spec: MissionSpec): PlanProblem[] {
  return [
    ...idProblems(spec),
    ...agentProblems(spec),
    ...claimProblems(spec),
    ...graphProblems(spec.tasks),
    ...limitProblems(spec),
  ];
}

function idProblems(spec: MissionSpec): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const lists = { tasks: spec.tasks, contract: spec.contract };
  for (const [list, items] of Object.entries(lists)) {
    const seen = new Set<string>();
    items.forEach(({ id }, index) => {
      if (!idPattern.test(id))
        problems.push({ path: [list, index, "id"], message: `"${id}" is not an id: ${idRule}` });
      if (seen.has(id))
        problems.push({ path: [list, index, "id"], message: `"${id}" is there twice: ids are unique` });
      seen.add(id);
    });
  }
  if (spec.tasks.length === 0)
    problems.push({ path: ["tasks"], message: "a mission needs at least one task" });
  if (spec.contract.length === 0)
    problems.push({ path: ["contract"], message: "a contract needs at least one assertion" });
  return problems;
}

function agentProblems(spec: MissionSpec): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const known = Object.keys(spec.agents);
  for (const id of known) {
    if (id === verifierAgentId)
      problems.push({
        path: ["agents", id],
        message: `"${id}" is Houston's own verifier: choose another name`,
      });
    if (!idPattern.test(id))
      problems.push({ path: ["agents", id], message: `"${id}" is not an id: ${idRule}` });
  }
  const check = (agentId: string | undefined, path: (string | number)[]): void => {
    if (agentId !== undefined && !known.includes(agentId))
      problems.push({
        path,
        message: `there is no agent "${agentId}": declare it under agents, or use one of ${known.join(", ") || "(none)"}`,
      });
  };
  spec.tasks.forEach((task, index) => {
    check(task.agentId, ["tasks", index, "agent"]);
    check(task.fallbackAgentId, ["tasks", index, "fallback"]);
    if (task.onFailure === "fallback" && task.fallbackAgentId === undefined)
      problems.push({
        path: ["tasks", index, "onFailure"],
        message: "fallback needs a fallback agent: add `fallback: <agent>`",
      });
  });
  return problems;
}

function claimProblems(spec: MissionSpec): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const claims = new Map<string, string>();
  const assertions = new Set(spec.contract.map((assertion) => assertion.id));
  spec.tasks.forEach((task, index) => {
    if (task.fulfills.length === 0)
      problems.push({
        path: ["tasks", index, "fulfills"],
        message: `task "${task.id}" fulfils no assertion: name at least one of the contract`,
      });
    for (const id of task.fulfills) {
      const claimant = claims.get(id);
      if (!assertions.has(id))
        problems.push({
          path: ["tasks", index, "fulfills"],
          message: `the contract has no assertion "${id}"`,
        });
      else if (claimant !== undefined)
        problems.push({
          path: ["tasks", index, "fulfills"],
          message: `"${id}" is claimed by "${claimant}" already: exactly one task claims an assertion`,
        });
      else claims.set(id, task.id);
    }
  });
  spec.contract.forEach((assertion, index) => {
    if (!claims.has(assertion.id))
      problems.push({
        path: ["contract", index, "id"],
        message: `no task fulfils "${assertion.id}": add it to one task's fulfills`,
      });
  });
  return problems;
}

function graphProblems(tasks: TaskSpec[]): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const ids = new Set(tasks.map((task) => task.id));
  tasks.forEach((task, index) => {
    for (const need of task.needs)
      if (!ids.has(need))
        problems.push({ path: ["tasks", index, "needs"], message: `there is no task "${need}"` });
  });
  const cycle = findCycle(tasks);
  if (cycle !== undefined) {
    const index = tasks.findIndex((task) => task.id === cycle[0]);
    problems.push({
      path: ["tasks", index, "needs"],
      message: `tasks need each other in a circle: ${cycle.join(" → ")}`,
    });
  }
  return problems;
}

/** The first circle of needs, or undefined; iterative, so that a long chain is no problem. */
function findCycle(tasks: TaskSpec[]): string[] | undefined {
  const waiting = new Map(tasks.map((task) => [task.id, new Set(task.needs)]));
  const free = [...waiting].filter(([, needs]) => needs.size === 0).map(([id]) => id);
  const dependents = new Map<string, string[]>();
  for (const task of tasks)
    for (const need of task.needs) dependents.set(need, [...(dependents.get(need) ?? []), task.id]);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    waiting.delete(id);
    for (const dependent of dependents.get(id) ?? []) {
      const needs = waiting.get(dependent);
      needs?.delete(id);
      if (needs?.size === 0) free.push(dependent);
    }
  }
  const trail: string[] = [];
  let id = [...waiting].find(([, needs]) => [...needs].some((need) => waiting.has(need)))?.[0];
  while (id !== undefined && !trail.includes(id)) {
    trail.push(id);
    id = [...(waiting.get(id) ?? [])].find((need) => waiting.has(need));
  }
  return id === undefined ? undefined : [...trail.slice(trail.indexOf(id)), id];
}

function limitProblems(spec: MissionSpec): PlanProblem[] {
  const problems: PlanProblem[] = [];
  for (const dimension of dimensions) {
    const limit = spec.budget[dimension];
    if (limit !== undefined && !isAmount(limit))
      problems.push({ path: ["budget", dimension], message: `${limit} is not a whole number of at least 0` });
  }
  spec.tasks.forEach((task, index) => {
    problems.push(...atLeast(1, task.maxAttempts, ["tasks", index, "maxAttempts"]));
    problems.push(...atLeast(1, task.timeoutMs, ["tasks", index, "timeoutMs"]));
  });
  spec.contract.forEach(({ check }, index) =>
    problems.push(...atLeast(1, check.timeoutMs, ["contract", index, "check", "timeoutMs"])),
  );
  problems.push(
    ...atLeast(1, spec.timeoutMs, ["timeoutMs"]),
    ...agentLimitProblems(spec),
    ...policyProblems(spec.policy),
  );
  return problems;
}

/** What JSON cannot keep, or arithmetic cannot, would make a log that folds differently from what was decided. */
function atLeast(least: number, figure: number, path: (string | number)[]): PlanProblem[] {
  if (isAmount(figure) && figure >= least) return [];
  return [{ path, message: `${figure} is not a whole number of at least ${least}` }];
}

function agentLimitProblems(spec: MissionSpec): PlanProblem[] {
  return Object.entries(spec.agents).flatMap(([id, agent]) => {
    if (agent.kind === "human") return [];
    const reserves = dimensions.flatMap((dimension) =>
      atLeast(0, agent.reserve[dimension] ?? 0, ["agents", id, "reserve", dimension]),
    );
    return agent.kind === "program"
      ? [...reserves, ...atLeast(1, agent.inactivityMs, ["agents", id, "inactivityMs"])]
      : reserves;
  });
}

function policyProblems(policy: Policy): PlanProblem[] {
  const { approvePlan: _approvePlan, sandbox: _sandbox, ...figures } = policy;
  const zeroIsFine: readonly string[] = [
    "approvalTimeoutMs",
    "maxRounds",
    "backoffMs",
    "maxInfrastructureRetries",
  ] satisfies (keyof Policy)[];
  return Object.entries(figures).flatMap(([name, figure]) =>
    atLeast(zeroIsFine.includes(name) ? 0 : 1, figure, ["policy", name]),
  );
}
