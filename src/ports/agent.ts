/** Agents are replaceable: one port for every kind that works on a whole attempt. */
import type { Brief } from "../protocol/brief.ts";
import type { Usage } from "../protocol/budget.ts";
import type { CallError } from "../protocol/call.ts";
import type { Handoff } from "../protocol/handoff.ts";
import type { AgentSpec } from "../protocol/plan.ts";
import type { Mount } from "./sandbox.ts";
import type { SpoolWriter } from "./spool.ts";

export interface AttemptRequest<K extends AgentSpec["kind"] = AgentSpec["kind"]> {
  agent: Extract<AgentSpec, { kind: K }>;
  brief: Brief;
  /** Sealed dependencies, shown read-only in the folder. */
  mounts?: Mount[];
  /** The folder to work in; also the working directory. */
  directory: string;
  /** Aborts at the deadline, on pause, on cancel and when the lease is lost. */
  signal: AbortSignal;
  /** Everything the agent prints, for people who watch. */
  spool: SpoolWriter;
}

export type AttemptReport =
  | { status: "handedOff"; handoff: Handoff; usage: Usage; output?: Uint8Array }
  | { status: "failed"; error: CallError; usage: Usage; output?: Uint8Array }
  /** The signal aborted and the whole process tree has ended. */
  | { status: "interrupted"; usage: Usage };

export interface Agent<K extends AgentSpec["kind"] = AgentSpec["kind"]> {
  kind: K;
  /** Must not throw, must not leave a process behind, must end soon after the signal aborts. Its words are claims; only the workspace counts. */
  perform(request: AttemptRequest<K>): Promise<AttemptReport>;
}
