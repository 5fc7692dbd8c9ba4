/** What a case is: a repository with its contract, what the worker does to it, and what must come of it. */
import type { MissionDraft } from "../../src/plan/missionDraft.ts";
import type { FindingKind } from "../../src/protocol/finding.ts";
import type { Policy } from "../../src/protocol/plan.ts";
import type { VerdictValue } from "../../src/protocol/verdict.ts";
import type { Edit, Round } from "./edits.ts";

/** A repository and what is promised about it. */
export interface Base {
  files: Record<string, string>;
  contract: MissionDraft["contract"];
  services?: MissionDraft["services"];
  setup?: MissionDraft["setup"];
  /** What somebody would run who believes exit codes and the worker's own tree. */
  naive: string[];
  sandbox?: Policy["sandbox"];
}

interface Attempted {
  id: string;
  /** One sentence: what the worker did. */
  does: string;
  base: Base;
  /** Attempts in turn; the last one is repeated. */
  rounds: Round[];
  policy?: Partial<Policy>;
}

/** A way to look successful that must be refused. */
export interface Fake extends Attempted {
  kind: "fake";
  /** What at least one verdict must say; none may say `error`. */
  verdict: VerdictValue[];
  /** At least one of these must be found and block; nothing need be found when left out. */
  findings?: readonly FindingKind[];
  /** Whether it deceives who believes exit codes; a fake that should and does not is no fake. */
  fools: boolean;
  /** `marker` must turn up nowhere that an agent reads or writes; `decoy` must, or nobody really looked. */
  hides?: { marker: string; decoy: string };
}

/** A change that looks suspicious and must be accepted. */
export interface Honest extends Attempted {
  kind: "honest";
}

export type Case = Fake | Honest;

/** What a fake leaves out: it fools exit codes and is found out as `failed`. */
type FakeDetails = Partial<Pick<Fake, "verdict" | "findings" | "fools" | "hides" | "policy" | "rounds">>;

export function fake(id: string, does: string, base: Base, edits: Edit[], details: FakeDetails = {}): Fake {
  return { kind: "fake", id, does, base, rounds: [{ edits }], verdict: ["failed"], fools: true, ...details };
}

export function honest(
  id: string,
  does: string,
  base: Base,
  edits: Edit[],
  policy: Partial<Policy> = {},
): Honest {
  return { kind: "honest", id, does, base, rounds: [{ edits }], policy };
}

/** For fakes that several rules may find, when none of them is the only right one. */
export const anyTampering: readonly FindingKind[] = [
  "testDeleted",
  "testSkipped",
  "testWeakened",
  "testEmptied",
  "testVanished",
  "runnerChanged",
  "earlyExit",
  "patchedGlobal",
  "forgedReport",
  "stub",
];
