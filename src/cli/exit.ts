/** How the command line ends: exit codes that scripts can rely on, and errors that carry one. */
import type { MissionOutcome } from "../protocol/events.ts";
import type { Refusal, RefusalCode } from "../protocol/refusals.ts";

export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  needsHuman: 5,
  verificationFailed: 6,
  budgetExhausted: 7,
  runnerUnreachable: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command with a message on stderr, without a stack. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}

const ofRefusal: Readonly<Record<RefusalCode, ExitCode>> = {
  alreadyDone: exitCodes.ok,
  notFound: exitCodes.notFound,
  notNow: exitCodes.notAllowed,
  closed: exitCodes.notAllowed,
  invalid: exitCodes.usage,
  notAllowed: exitCodes.notAllowed,
  overBudget: exitCodes.budgetExhausted,
  stale: exitCodes.runnerUnreachable,
  readOnly: exitCodes.notAllowed,
};

export function refusalError({ code, message }: Refusal): CliError {
  return new CliError(ofRefusal[code], message);
}

/** What a closed mission means for whoever waited for it. */
export function outcomeExit(outcome: MissionOutcome, reason: string): ExitCode {
  switch (outcome) {
    case "verified":
      return exitCodes.ok;
    case "cancelled":
      return exitCodes.error;
    case "rejected":
      return exitCodes.notAllowed;
    case "failed":
    case "unverified":
      // The law names the question that was denied: see `givenUp`.
      return reason.startsWith("budget ") ? exitCodes.budgetExhausted : exitCodes.verificationFailed;
  }
}
