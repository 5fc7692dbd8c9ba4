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
    ...stageProblems(spec),
    ...checkProblems(spec),
    ...limitProblems(spec),
  ];
}

function idProblems(spec: MissionSpec): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const { tasks, contract, stages = [], checks = [] } = spec;
  const lists = { tasks, contract, stages, checks };
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
  const inContract = new Set(contract.map(({ id }) => id));
  checks.forEach(({ id }, index) => {
    if (inContract.has(id))
      problems.push({
        path: ["checks", index, "id"],
        message: `"${id}" is an assertion already: ids are unique`,
      });
  });
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
    check(task.fallback?.agentId, ["tasks", index, "fallback"]);
    if (task.onFailure === "fallback" && task.fallback === undefined)
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
  // Without tasks the mission only proves: nobody need claim anything.
  if (spec.tasks.length === 0) return problems;
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

/** A task may need only what its own stage or an earlier one makes. */
function stageProblems({ tasks, stages = [] }: MissionSpec): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const position = (task: TaskSpec): number =>
    Math.max(
      0,
      stages.findIndex(({ id }) => id === task.stageId),
    );
  const byId = new Map(tasks.map((task) => [task.id, task]));
  tasks.forEach((task, index) => {
    if (task.stageId !== undefined && !stages.some(({ id }) => id === task.stageId))
      problems.push({
        path: ["tasks", index, "stageId"],
        message: `there is no stage "${task.stageId}": declare it under stages, or use one of ${stages.map(({ id }) => id).join(", ") || "(none)"}`,
      });
    for (const need of task.needs) {
      const needed = byId.get(need);
      if (needed !== undefined && position(needed) > position(task))
        problems.push({
          path: ["tasks", index, "needs"],
          message: `"${need}" is of a later stage: a task needs only what its own stage or an earlier one makes`,
        });
    }
  });
  stages.forEach(({ id }, index) => {
    if (!tasks.some((task) => position(task) === index))
      problems.push({ path: ["stages", index, "id"], message: `stage "${id}" has no task` });
  });
  return problems;
}

/** Services exist, and files lie in the tree. */
function checkProblems(spec: MissionSpec): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const services = Object.keys(spec.services ?? {});
  const lists = { contract: spec.contract, checks: spec.checks ?? [] };
  for (const [list, items] of Object.entries(lists))
    items.forEach(({ check }, index) => {
      const named =
        check.kind === "http" ? [check.service] : check.kind === "file" ? [] : (check.services ?? []);
      for (const id of named)
        if (!services.includes(id))
          problems.push({
            path: [list, index, "check"],
            message: `there is no service "${id}": declare it under services, or use one of ${services.join(", ") || "(none)"}`,
          });
    });
  const brought = new Map<string, string>();
  spec.contract.forEach(({ id, files = [] }, index) =>
    files.forEach(({ path, content }) => {
      if (!isTreePath(path))
        problems.push({
          path: ["contract", index, "files", path],
          message: `"${path}" is no path in the tree: write it relative, with /, without .. and not under .git`,
        });
      const around = [...brought.keys()].find(
        (one) => path.startsWith(`${one}/`) || one.startsWith(`${path}/`),
      );
      if (around !== undefined)
        problems.push({
          path: ["contract", index, "files", path],
          message: `"${path}" and "${around}" cannot both be files: one is a folder of the other`,
        });
      const other = brought.get(path);
      if (other !== undefined && other !== content.sha256)
        problems.push({
          path: ["contract", index, "files", path],
          message: `"${path}" of "${id}" is brought by another assertion with other content`,
        });
      brought.set(path, content.sha256);
    }),
  );
  return problems;
}

function isTreePath(path: string): boolean {
  const parts = path.split("/");
  return parts.every((part) => part !== "" && part !== "." && part !== ".." && part.toLowerCase() !== ".git");
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
    problems.push(...atLeast(1, task.deadlineMs ?? 1, ["tasks", index, "deadlineMs"]));
  });
  spec.contract.forEach(({ check }, index) =>
    problems.push(...atLeast(1, check.timeoutMs, ["contract", index, "check", "timeoutMs"])),
  );
  (spec.checks ?? []).forEach(({ check }, index) =>
    problems.push(...atLeast(1, check.timeoutMs, ["checks", index, "check", "timeoutMs"])),
  );
  (spec.setup ?? []).forEach(({ timeoutMs }, index) =>
    problems.push(...atLeast(1, timeoutMs, ["setup", index, "timeoutMs"])),
  );
  for (const [id, { timeoutMs }] of Object.entries(spec.services ?? {}))
    problems.push(...atLeast(1, timeoutMs, ["services", id, "timeoutMs"]));
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
  const { approvePlan: _a, sandbox: _s, setupNetwork: _n, mayChangeTests: _t, ...figures } = policy;
  const zeroIsFine: readonly string[] = [
    "approvalTimeoutMs",
    "maxRounds",
    "backoffMs",
    "maxInfrastructureRetries",
    "preflightRuns",
    "mutationSamples",
  ] satisfies (keyof Policy)[];
  return Object.entries(figures).flatMap(([name, figure]) =>
    atLeast(zeroIsFine.includes(name) ? 0 : 1, figure, ["policy", name]),
  );
}
