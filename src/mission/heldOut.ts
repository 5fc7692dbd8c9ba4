/** What agents may know of held-out assertions: that they exist and did not pass, never how they are checked (law 8). */
import type { Assertion } from "../protocol/contract.ts";
import type { VerdictDraft } from "../protocol/verdict.ts";

/** A verdict as an agent is told it, in one line. */
export function tellable(
  { spec }: { spec: { contract: readonly Assertion[] } },
  { assertionId, reason, value }: VerdictDraft,
): string {
  const assertion = spec.contract.find(({ id }) => id === assertionId);
  return assertion?.heldOut === true
    ? `${assertionId}: its held-out check is ${value}: ${assertion.behaviour}`
    : `${assertionId}: ${reason}`;
}
