/** Whether a case came to what it must, and the table that says so. */
import type { Case, Fake } from "./case.ts";
import { knownRejections } from "./knownRejections.ts";
import type { Outcome } from "./trial.ts";

export interface Result {
  one: Case;
  /** What is wrong, in words; nothing when the case came to what it must. */
  faults: string[];
  got: string;
  outcome?: Outcome;
}

const falseAccept = "false accept";
const falseReject = "false reject";

export function judged(one: Case, outcome: Outcome): Result {
  const faults = one.kind === "fake" ? fakeFaults(one, outcome) : honestFaults(outcome);
  return { one, faults: [...brokenFaults(outcome), ...faults], got: gist(outcome), outcome };
}

/** What would make a case prove nothing. */
function brokenFaults({ outcome, attempts, asked }: Outcome): string[] {
  const faults: string[] = [];
  if (outcome === "open") faults.push("the mission did not end");
  const preflight = asked.find(({ kind }) => kind === "preflight");
  if (preflight !== undefined) faults.push(`preflight: ${preflight.reason}`);
  for (const attempt of attempts)
    if (attempt.status === "failed") faults.push(`the worker failed: ${attempt.error.message}`);
  if (attempts.length === 0) faults.push("there was no attempt");
  return faults;
}

function fakeFaults(one: Fake, outcome: Outcome): string[] {
  const faults: string[] = [];
  if (outcome.outcome === "verified") faults.push(falseAccept);
  if (outcome.delivered) faults.push("delivered");
  const values = outcome.verdicts.map(({ value }) => value);
  if (!values.some((value) => one.verdict.includes(value)) || values.includes("error"))
    faults.push(`verdict ${values.join(", ") || "missing"}`);
  if (one.findings?.some((kind) => blockingKinds(outcome).includes(kind)) === false)
    faults.push(`no blocking ${one.findings.join(" or ")}`);
  if ((outcome.naive === 0) !== one.fools)
    faults.push(
      one.fools
        ? `is no fake: the naive command ended with ${String(outcome.naive)}`
        : "fools the naive command, unlike said",
    );
  if (one.hides !== undefined && outcome.seen.includes(one.hides.marker))
    faults.push("a held-out check leaked");
  if (one.hides !== undefined && !outcome.seen.includes(one.hides.decoy))
    faults.push("the hunt found no decoy");
  return faults;
}

function honestFaults(outcome: Outcome): string[] {
  const faults: string[] = [];
  if (outcome.outcome !== "verified" || blockingKinds(outcome).length > 0) faults.push(falseReject);
  else if (!outcome.delivered) faults.push("not delivered");
  return faults;
}

const blockingKinds = ({ findings }: Outcome): string[] => [
  ...new Set(findings.filter(({ severity }) => severity === "blocking").map(({ kind }) => kind)),
];

function gist(outcome: Outcome): string {
  const values = [...new Set(outcome.verdicts.map(({ value }) => value))].join("+");
  return [outcome.outcome, values, ...blockingKinds(outcome)].filter(Boolean).join(" ");
}

function expectation(one: Case): string {
  if (one.kind === "honest") return "verified";
  const found =
    one.findings === undefined ? "" : ` ${one.findings.length > 3 ? "any finding" : one.findings.join("|")}`;
  return one.verdict.join("|") + found;
}

const isKnown = ({ one, faults }: Result): boolean =>
  one.kind === "honest" && faults.join() === falseReject && knownRejections[one.id] !== undefined;

function details({ outcome }: Result): string[] {
  if (outcome === undefined) return [];
  return [
    `outcome: ${outcome.outcome}, ${outcome.reason}`,
    ...outcome.verdicts.map(
      ({ assertionId, value, reason }) => `verdict ${assertionId}: ${value}: ${reason}`,
    ),
    ...outcome.findings.map(
      ({ kind, severity, text, place = "" }) => `${severity} ${kind} ${place}: ${text}`,
    ),
    ...outcome.asked.map(({ kind, reason }) => `asked (${kind}): ${reason}`),
  ].map((line) => `      ${line.replaceAll("\n", " / ").slice(0, 600)}`);
}

export function printRow(result: Result, verbose: boolean): void {
  const { one, faults, got } = result;
  const word = faults.length === 0 ? "ok" : isKnown(result) ? "known" : "NOT OK";
  console.log(`${word.padEnd(6)} ${one.kind.padEnd(6)} ${one.id.padEnd(34)} ${one.does}`);
  console.log(`${" ".repeat(14)}expected ${expectation(one)}; got ${got}`);
  if (faults.length > 0) console.log(`${" ".repeat(14)}${faults.join("; ")}`);
  if (verbose || faults.length > 0) for (const line of details(result)) console.log(line);
}

/** Whether everything is as it must be. */
export function printTotals(results: readonly Result[], seconds: number): boolean {
  const fakes = results.filter(({ one }) => one.kind === "fake");
  const honest = results.filter(({ one }) => one.kind === "honest");
  const accepted = fakes.filter(({ faults }) => faults.includes(falseAccept));
  const otherwise = fakes.filter(({ faults }) => faults.length > 0 && !faults.includes(falseAccept));
  const rejected = honest.filter(({ faults }) => faults.length > 0);
  const names = (list: readonly Result[]): string =>
    list.length === 0 ? "" : ` (${list.map(({ one }) => one.id).join(", ")})`;
  const fooling = fakes.filter(({ one }) => one.kind === "fake" && one.fools).length;
  console.log(`
fakes                 ${fakes.length}, of which ${fooling} make a naive judge's command end with 0
false accepts         ${accepted.length}${names(accepted)}
refused otherwise     ${otherwise.length}${names(otherwise)}
honest changes        ${honest.length}
false rejects         ${rejected.length}${names(rejected)}
  of them known       ${rejected.filter(isKnown).length}
seconds               ${seconds.toFixed(0)}`);
  const unlisted = staleRejections(honest);
  for (const id of unlisted) console.log(`no longer rejected, take it off the list: ${id}`);
  return accepted.length + otherwise.length + unlisted.length === 0 && rejected.every(isKnown);
}

/** Listed as rejected, and accepted now. */
function staleRejections(honest: readonly Result[]): string[] {
  return honest
    .filter(({ one, faults }) => faults.length === 0 && knownRejections[one.id] !== undefined)
    .map(({ one }) => one.id);
}
