/** Refusals are values, named for what the caller should do next. */

export const refusalCodes = [
  /** Nothing to do: it is so already. */
  "alreadyDone",
  /** Nothing of that name: look at `status`. */
  "notFound",
  /** Not now: the state named in the message must pass first. */
  "notNow",
  /** Never in this mission: it is closed. */
  "closed",
  /** The command itself is wrong; the message says what would be right. */
  "invalid",
  /** Somebody else must do it. */
  "notAllowed",
  /** The budget has no room for it. */
  "overBudget",
  /** A newer runner holds the mission: stop, and kill your own children. */
  "stale",
  /** Written by a newer Houston: upgrade before changing it. */
  "readOnly",
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

export interface Refusal {
  code: RefusalCode;
  /** What was wrong, where, and what would be right. */
  message: string;
}

/** What `decide` answers. */
export type Decision<E> = { ok: true; events: E[] } | { ok: false; refusal: Refusal };
