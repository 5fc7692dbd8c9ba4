/** Pieces that the judging of every kind of check shares. */
import type { Clock } from "../../ports/clock.ts";
import type { Sandbox } from "../../ports/sandbox.ts";
import type { Judgement, Observation } from "../../ports/verifier.ts";
import type { VerdictValue } from "../../protocol/verdict.ts";
import type { Run } from "../run.ts";

export interface VerifierOptions {
  sandbox: Sandbox;
  /** Folders and files that checks need beside the tree. */
  readOnly: string[];
  clock: Clock;
}

/** A judgement of something that was never run. */
export const without = (value: VerdictValue, reason: string): Judgement => ({
  value,
  reason,
  observations: [],
});

export function observationOf(command: string[], run: Run): Observation {
  const exitCode = run.end.kind === "exited" ? run.end.exitCode : null;
  return { command, exitCode, durationMs: run.durationMs, output: run.output };
}
