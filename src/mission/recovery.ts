/** What a restart does about a call that was wanted and not settled: the strictest of its effects decides. */
import { effects, type Call, type Effect, type RecoveryAction } from "../protocol/call.ts";

/** The strictest effect of a set; an empty set touches nothing and counts as `read`. */
export function strictest(set: readonly Effect[]): Effect {
  let rank = 0;
  for (const effect of set) {
    const own = effects.indexOf(effect);
    // A name that a log of another version brought in: nobody knows what it may do.
    if (own < 0) return "external";
    rank = Math.max(rank, own);
  }
  return effects[rank] ?? "external";
}

export function recoveryAction(call: Call): RecoveryAction {
  switch (strictest(call.effects)) {
    case "read":
      return "redo";
    case "model":
      return "askAgain";
    case "workspace":
      return "restore";
    case "attempt":
      return call.work.kind === "attempt" && call.work.resumable ? "resume" : "interrupt";
    case "external":
      return "lookUp";
  }
}

/** Under what name the outside knows this call; a fork's is another because its mission is. */
export function idempotencyKey(missionId: string, callId: string): string {
  return `${missionId}:${callId}`;
}
