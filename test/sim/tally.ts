/** What simulated missions add up to: which laws held, and how much of the law was exercised. */
import { checkLaws } from "../../src/testing/laws.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { runWorld, type WorldOptions } from "../../src/testing/world.ts";

export interface Tally {
  events: Record<string, number>;
  recoveries: Record<string, number>;
  outcomes: Record<string, number>;
  lengths: number[];
  kills: number;
  freezes: number;
  jumps: number;
  repeated: number;
  failures: { seed: string; violations: string[] }[];
}

export function newTally(): Tally {
  return {
    events: {},
    recoveries: {},
    outcomes: {},
    lengths: [],
    kills: 0,
    freezes: 0,
    jumps: 0,
    repeated: 0,
    failures: [],
  };
}

/** What a seed stands for: from calm worlds to very rough ones. */
export function optionsOf(seed: string): WorldOptions {
  const random = seededRandom(`${seed}/options`);
  const mood = random.weighted({ calm: 1, usual: 6, rough: 2 });
  const trouble = { calm: 0, usual: 0.35, rough: 0.8 }[mood];
  const crashes = { calm: random.chance(0.5) ? 0 : 0.01, usual: 0.012, rough: 0.04 }[mood];
  return { seed, trouble, crashes, maxTasks: 8, maxSteps: 30 };
}

/** Runs one seed and checks the laws on it. */
export async function simulate(seed: string, say?: (line: string) => void): Promise<Tally> {
  const tally = newTally();
  try {
    const end = await runWorld(optionsOf(seed));
    const { violations, events, state } = await checkLaws(end);
    for (const { seq, at, event } of events) {
      tally.events[event.type] = (tally.events[event.type] ?? 0) + 1;
      if (event.type === "call.recovered") count(tally.recoveries, event.action);
      // The row "attempt" is no event of its own: the call is settled as interrupted.
      if (
        event.type === "call.settled" &&
        event.outcome.status === "interrupted" &&
        event.outcome.reason === "the runner died"
      )
        count(tally.recoveries, "interrupt");
      say?.(
        `${String(seq).padStart(5)} ${String(at - 1_800_000_000_000).padStart(11)} ms  ${JSON.stringify(event)}`,
      );
    }
    count(tally.outcomes, state.work?.outcome?.outcome ?? "open");
    tally.lengths.push(events.length);
    tally.kills = end.kills;
    tally.freezes = end.freezes;
    tally.jumps = end.jumps;
    tally.repeated = end.repeated;
    if (violations.length > 0) tally.failures.push({ seed, violations });
  } catch (error) {
    tally.failures.push({
      seed,
      violations: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    });
  }
  return tally;
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

export function merge(one: Tally, other: Tally): Tally {
  const sum = newTally();
  for (const tally of [one, other]) {
    for (const key of ["events", "recoveries", "outcomes"] as const)
      for (const [name, number] of Object.entries(tally[key]))
        sum[key][name] = (sum[key][name] ?? 0) + number;
    for (const key of ["kills", "freezes", "jumps", "repeated"] as const) sum[key] += tally[key];
    for (const length of tally.lengths) sum.lengths.push(length);
    sum.failures.push(...tally.failures);
  }
  return sum;
}
