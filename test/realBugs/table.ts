/** What the missions came to, one row each, and what the rows add up to. */

export interface Row {
  task: string;
  agent: string;
  /** Of the mission; `error` when it could not be tried. */
  outcome: string;
  verified: boolean;
  /** All of upstream's tests of the fix pass on what was delivered, or else on what was handed off last; and no file is gone. */
  correct: boolean;
  delivered: boolean;
  /** Of a false completion: whether the contract's checks pass on the delivered branch outside the mission too. */
  contractHolds?: boolean;
  attempts: number;
  seconds: number;
  /** What the agent left behind, where that was prepared. */
  change?: string;
  /** Why the mission ended as it did, and what was found. */
  reasons: string[];
}

export interface Totals {
  agent: string;
  missions: number;
  verified: number;
  correct: number;
  falseCompletions: number;
  /** Those of them where even the contract's own checks fail outside the mission: not the contract is too weak, the verifier is wrong. */
  contractBroken: number;
  /** Correct, and yet not verified. */
  falseRejections: number;
  errors: number;
  attempts: number;
  seconds: number;
}

/** Said to be done, and wrong by the oracle. */
export const isFalseCompletion = ({ verified, correct }: Row): boolean => verified && !correct;

export function totalsOf(rows: readonly Row[]): Totals[] {
  const agents = [...new Set(rows.map(({ agent }) => agent))];
  return agents.map((agent) => {
    const own = rows.filter((row) => row.agent === agent);
    const count = (is: (row: Row) => boolean): number => own.filter((row) => is(row)).length;
    return {
      agent,
      missions: own.length,
      verified: count(({ verified }) => verified),
      correct: count(({ correct }) => correct),
      falseCompletions: count((row) => isFalseCompletion(row)),
      contractBroken: count((row) => isFalseCompletion(row) && row.contractHolds !== true),
      falseRejections: count(({ correct, verified }) => correct && !verified),
      errors: count(({ outcome }) => outcome === "error"),
      attempts: own.reduce((sum, { attempts }) => sum + attempts, 0),
      seconds: Math.round(own.reduce((sum, { seconds }) => sum + seconds, 0)),
    };
  });
}

export function rowText(row: Row): string {
  const verdict = isFalseCompletion(row)
    ? `FALSE COMPLETION, contract ${row.contractHolds === true ? "holds" : "broken"}`
    : `${row.verified ? "verified" : "not verified"}, ${row.correct ? "correct" : "not correct"}`;
  const why = row.verified
    ? ""
    : `  ${(row.reasons[1] ?? row.reasons[0] ?? "").split("\n")[0]?.slice(0, 160)}`;
  const cells = [row.task.padEnd(21), row.agent.padEnd(14), row.outcome.padEnd(11), verdict.padEnd(25)];
  return `${cells.join(" ")} ${row.attempts} attempts ${row.seconds.toFixed(1).padStart(6)} s${why}`;
}

export function totalsText(rows: readonly Row[]): string {
  const heads =
    "agent,missions,verified,correct by the oracle,false completions,of them with a broken contract,correct but not verified,errors,attempts,seconds".split(
      ",",
    );
  const lines = totalsOf(rows).map((totals) => Object.values(totals).map(String));
  const table = [heads, heads.map(() => "---"), ...lines];
  return table.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
