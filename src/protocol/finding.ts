/** Issues somebody found (FM11): a blocking one holds its task until it is tracked by a fix task or dismissed with a reason. */
import type { severities } from "./handoff.ts";
import type { AttemptId, CallId, FindingId, TaskId } from "./ids.ts";

export type Severity = (typeof severities)[number];

export const findingKinds = [
  /** Said by an agent in its handoff. */
  "issue",
  "deviation",
  /** About tests of the base: gone, skipped, weaker, empty, or no longer reported. */
  "testDeleted",
  "testSkipped",
  "testWeakened",
  "testEmptied",
  "testVanished",
  /** The contract's own file was edited; the verifier laid it over again. */
  "contractFileChanged",
  /** What decides how tests run was changed. */
  "runnerChanged",
  /** Code that ends or bends the test process from inside. */
  "earlyExit",
  "patchedGlobal",
  "forgedReport",
  "stub",
  /** Changed, and too large to be read, or no file any more. */
  "unreviewed",
  "entryPoint",
  "mutationSurvived",
  "flaky",
  "lockfileChanged",
] as const;
export type FindingKind = (typeof findingKinds)[number];

/** A finding as whoever found it says it. */
export interface FindingDraft {
  kind: FindingKind;
  severity: Severity;
  text: string;
  /** In the tree, with a line where one is known: `src/a.js:12`. */
  place?: string;
}

export interface Finding extends FindingDraft {
  id: FindingId;
  /** `agent:<id>`, `verifier` or `preflight`. */
  by: string;
  taskId?: TaskId;
  attemptId?: AttemptId;
  callId?: CallId;
}
