/** Performing a call: the one place where the engine touches the outside. Never throws. */
import { strictest } from "../mission/recovery.ts";
import { explain, failed, settled, type Performance, type Performed } from "./performance.ts";
import { performAttempt } from "./performAttempt.ts";
import { performPreflight } from "./performPreflight.ts";
import { deliver, lookUpDelivery, prepare } from "./performRepository.ts";
import { lookUpStep, performStep } from "./performStep.ts";
import { performVerification } from "./performVerification.ts";

export async function perform(performance: Performance): Promise<Performed> {
  try {
    if (performance.mode === "lookUp") return await lookUp(performance);
    switch (performance.call.work.kind) {
      case "prepare":
        return await prepare(performance);
      case "preflight":
        return await performPreflight(performance);
      case "attempt":
        return await performAttempt(performance);
      case "verify":
        return await performVerification(performance);
      case "deliver":
        return await deliver(performance);
      case "skill":
      case "tool":
        return await performStep(performance);
      case "human":
        return failed({ code: "infrastructure", message: "a person's task has no performer" });
    }
  } catch (error) {
    const { work, effects } = performance.call;
    const isStep = work.kind === "skill" || work.kind === "tool";
    const { code, message } = explain(error);
    // Whoever is told to end may say so in any way.
    if (performance.signal.aborted && strictest(effects) !== "external")
      return settled({ status: "interrupted", reason: "the runner ended it" });
    // What was thrown on the way may have been thrown after it happened.
    if (isStep && strictest(effects) === "external") return settled({ status: "unknown", reason: message });
    return failed({ code, message });
  }
}

async function lookUp(performance: Performance): Promise<Performed> {
  const { kind } = performance.call.work;
  if (kind === "deliver") return await lookUpDelivery(performance);
  if (kind === "skill" || kind === "tool") return await lookUpStep(performance);
  return settled({ status: "unknown", reason: `nobody knows how to look up ${kind}` });
}
