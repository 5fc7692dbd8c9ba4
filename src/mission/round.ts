/** Rounds of fixes: `<goal>~<round>` names a fix task; a plan's own ids have no `~`. Rounds are never given back. */
import type { TaskId } from "../protocol/ids.ts";
import type { Mission } from "./state.ts";

/** The task of the plan that a fix task stands for. */
export const goalOf = (taskId: TaskId): TaskId => taskId.replace(/~\d+$/, "");

/** In which round of fixes a task is; 0 for the plan's own. */
export const roundOf = (taskId: TaskId): number => Number(/~(\d+)$/.exec(taskId)?.[1] ?? 0);

/** How many rounds a task's goal has seen, those that were rolled back included. */
export const roundsOf = ({ ledger }: Mission, taskId: TaskId): number =>
  ledger.rounds.get(goalOf(taskId)) ?? 0;
