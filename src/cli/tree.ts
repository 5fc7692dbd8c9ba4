/** A mission as a tree of lines: what it is at, its tasks, their assertions, who holds it. */
import type { AssertionView, MissionView, TaskView } from "../app/missionView.ts";
import { spending } from "../plan/quantities.ts";
import type { ShownState } from "../protocol/status.ts";
import { escapeLine } from "../app/escape.ts";
import { verdictMark } from "./eventText.ts";
import { shortId } from "./opening.ts";
import { ago, styled, type Style } from "./output.ts";

const stateStyles: Readonly<Record<ShownState, Style>> = {
  Running: "cyan",
  Verifying: "cyan",
  Recovering: "yellow",
  Waiting: "yellow",
  Blocked: "magenta",
  Stale: "red",
  Paused: "yellow",
  Closed: "bold",
};

const taskMarks: Readonly<Record<TaskView["status"], string>> = {
  pending: "○",
  working: "●",
  handedOff: "◐",
  verifying: "◐",
  judged: "◐",
  failing: "●",
  asking: "?",
  done: "✓",
  failed: "✗",
  cancelled: "–",
  superseded: "↷",
};

export interface TreeOptions {
  stream: NodeJS.WriteStream;
  now: number;
}

export function treeOf(view: MissionView, { stream, now }: TreeOptions): string[] {
  const paint = (style: Style, text: string): string => styled(style, text, stream);
  const state = paint(stateStyles[view.status.state], view.status.state);
  const lines = [
    `${paint("bold", shortId(view.missionId))}  ${escapeLine(view.goal, 100)}`,
    `${state}: ${escapeLine(view.status.reason)}`,
  ];
  for (const task of view.taskList) {
    lines.push(`  ${taskMarks[task.status]} ${taskText(task, now)}`);
    for (const assertion of task.assertions) lines.push(`      ${assertionText(assertion, paint)}`);
  }
  lines.push(paint("dim", `  ${footer(view, now)}`));
  return lines;
}

function taskText(task: TaskView, now: number): string {
  const parts = [`${task.id}  ${task.status}`];
  if (task.attempt !== undefined)
    parts.push(`attempt ${task.attempt.id} by ${task.agentId ?? "?"}, ${ago(now - task.attempt.startedAt)}`);
  else if (task.attempts > 1) parts.push(`${task.attempts} attempts`);
  if (task.supersededBy !== undefined) parts.push(`by ${task.supersededBy}`);
  else if (task.reason !== undefined) parts.push(task.reason);
  return escapeLine(parts.join("  "), 160);
}

function assertionText(
  { id, behaviour, verdict }: AssertionView,
  paint: (style: Style, text: string) => string,
): string {
  if (verdict === undefined) return paint("dim", escapeLine(`· ${id}  ${behaviour}`, 160));
  const style = verdict.value === "passed" ? "green" : verdict.value === "failed" ? "red" : "yellow";
  const age = verdict.fresh ? "" : " (stale: the tree has moved on)";
  return escapeLine(`${id}  ${verdict.value}${age}: ${verdict.reason}`, 160).replace(
    /^/,
    `${paint(style, verdictMark(verdict.value))} `,
  );
}

function footer(view: MissionView, now: number): string {
  const parts = [`spent ${spending(view.spent, view.limits)}`, `branch ${escapeLine(view.branch, 100)}`];
  const { lease } = view;
  if (view.outcome === undefined && lease !== undefined && !lease.released)
    parts.unshift(`epoch ${lease.epoch}, heartbeat ${ago(now - lease.heartbeatAt)} ago`);
  return parts.join(" · ");
}
