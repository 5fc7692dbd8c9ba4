/** What agents may know of held-out assertions: that they exist and did not pass, never how they are checked (law 8). */
import type { Assertion } from "../protocol/contract.ts";
import type { AssertionId } from "../protocol/ids.ts";
import type { VerdictDraft } from "../protocol/verdict.ts";

interface Contract {
  spec: { contract: readonly Assertion[] };
}

/**
 * Whether what a check printed must not be told to agents: it is held out itself, or it ran on a tree that
 * holds the files of one that is, and may name what stands in them.
 */
export function isPrivate({ spec }: Contract, id: AssertionId): boolean {
  return spec.contract.some((one) => one.heldOut === true && (one.id === id || (one.files ?? []).length > 0));
}

/** A verdict as an agent is told it. */
export function tellable(mission: Contract, { assertionId, reason, value }: VerdictDraft): string {
  if (!isPrivate(mission, assertionId)) return `${assertionId}: ${reason}`;
  const assertion = mission.spec.contract.find(({ id }) => id === assertionId);
  if (assertion?.heldOut === true)
    return `${assertionId}: its held-out check is ${value}: ${assertion.behaviour}`;
  const expected = assertion?.check.kind === "tests" ? assertion.check.expect : [];
  const named = expected.filter((name) => reason.includes(name));
  return `${assertionId}: its check is ${value}${named.length === 0 ? "" : ` (${named.join(", ")})`}`;
}
