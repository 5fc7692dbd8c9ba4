/** What a worker does to its workspace, as data: written in a case, carried in the task's input, applied in the box by the agent. */
import type { Handoff } from "../../src/protocol/handoff.ts";

export type Edit =
  | { kind: "write"; path: string; content: string; executable?: boolean }
  /** Every occurrence; one that is not there is a mistake of the case. */
  | { kind: "replace"; path: string; from: string; to: string }
  | { kind: "remove"; path: string }
  | { kind: "move"; path: string; to: string }
  | { kind: "link"; path: string; to: string }
  | { kind: "shell"; script: string }
  /** Looks everywhere it can for a pattern and writes what it found. */
  | { kind: "hunt"; pattern: string; into: string };

/** One attempt: what is done and what is said about it. */
export interface Round {
  edits: Edit[];
  says?: Partial<Handoff>;
}

/** The task's input; the last round is repeated. */
export interface WorkerInput {
  rounds: Round[];
}

export const write = (path: string, content: string): Edit => ({ kind: "write", path, content });
export const script = (path: string, content: string): Edit => ({
  kind: "write",
  path,
  content,
  executable: true,
});
export const replace = (path: string, from: string, to: string): Edit => ({
  kind: "replace",
  path,
  from,
  to,
});
export const remove = (path: string): Edit => ({ kind: "remove", path });
export const move = (path: string, to: string): Edit => ({ kind: "move", path, to });
export const link = (path: string, to: string): Edit => ({ kind: "link", path, to });
export const shell = (text: string): Edit => ({ kind: "shell", script: text });
export const hunt = (pattern: string, into: string): Edit => ({ kind: "hunt", pattern, into });
