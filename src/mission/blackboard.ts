/**
 * The blackboard (PR10): written only through here, each record with who says so. Records that
 * contradict each other form a conflict set and stay; agreement adds no confidence.
 */
import type { MissionEvent } from "../protocol/events.ts";
import type { Fact, FactDraft } from "../protocol/fact.ts";
import type { Timestamp } from "../protocol/ids.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import { factIdOf, type Mission } from "./state.ts";

/** Live records of a mission; more are refused, because nobody could read them. */
const maxFacts = 1_000;
/** Records of a conflict that its event names, the newest. */
const maxConflictNamed = 10;
const maxSubjectLength = 200;
const maxContentLength = 4_000;

/** Records what an author says, and every conflict that it opens or joins. */
export function factEvents(
  mission: Mission,
  drafts: readonly FactDraft[],
  about: Pick<Fact, "source" | "taskId" | "attemptId">,
  at: Timestamp,
): MissionEvent[] {
  const events: MissionEvent[] = [];
  const live = [...mission.work.facts.values()];
  for (const draft of drafts) {
    if (live.length >= maxFacts) break;
    // The same author saying the same again adds nothing.
    if (live.some((known) => isSame(known, draft) && known.source === about.source)) continue;
    const id = factIdOf(mission.ledger.factCount + live.length - mission.work.facts.size + 1);
    const fact: Fact = { id, ...draft, ...about, recordedAt: at };
    live.push(fact);
    events.push({ type: "fact.recorded", fact });
    const sameSubject = live.filter(({ subject }) => subject === draft.subject);
    if (sameSubject.some(({ content }) => content !== draft.content))
      events.push({
        type: "fact.conflicted",
        subject: draft.subject,
        factIds: sameSubject.slice(-maxConflictNamed).map((one) => one.id),
      });
  }
  return events;
}

const isSame = (known: Fact, draft: FactDraft): boolean =>
  known.subject === draft.subject && known.content === draft.content && known.type === draft.type;

export function recordFact(mission: Mission, command: CommandOf<"fact.record">): MissionDecision {
  const { fact } = command.body;
  if (!command.by.startsWith("human:"))
    return refuse("notAllowed", `agents write facts with their handoff, not ${command.by} by command`);
  const problem = problemOf(fact);
  if (problem !== undefined) return refuse("invalid", problem);
  const events = factEvents(mission, [fact], { source: command.by }, command.at);
  if (events.length > 0) return accept(...events);
  return mission.work.facts.size >= maxFacts
    ? refuse("notNow", `the blackboard holds ${maxFacts} records: wait until some expire`)
    : refuse("alreadyDone", `${command.by} has said that about "${fact.subject}"`);
}

function problemOf({ subject, content, confidence, ttlMs }: FactDraft): string | undefined {
  if (subject.length === 0 || subject.length > maxSubjectLength)
    return `a fact's subject has 1 to ${maxSubjectLength} characters, not ${subject.length}`;
  if (content.length > maxContentLength)
    return `a fact's content has at most ${maxContentLength} characters, not ${content.length}`;
  if (confidence !== undefined && !(confidence >= 0 && confidence <= 1))
    return `confidence is between 0 and 1, not ${confidence}`;
  if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs >= 1))
    return `a time to live is a whole number of milliseconds of at least 1, not ${ttlMs}`;
  return undefined;
}

/** When a record is told to nobody any more; Infinity without a time to live. */
export const expiresAt = ({ recordedAt, ttlMs }: Fact): Timestamp => recordedAt + (ttlMs ?? Infinity);

export function expireFact(mission: Mission, command: CommandOf<"fact.expire">): MissionDecision {
  const fact = mission.work.facts.get(command.body.factId);
  if (fact === undefined) return refuse("alreadyDone", `there is no live fact "${command.body.factId}"`);
  if (command.at < expiresAt(fact)) return refuse("notNow", `fact ${fact.id} lives until ${expiresAt(fact)}`);
  return accept({ type: "fact.expired", factId: fact.id });
}
