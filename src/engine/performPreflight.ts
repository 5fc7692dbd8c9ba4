/** Preflight: setup, services and every check on the base, more than once, before anything is spent. */
import { EnvironmentError } from "../ports/environment.ts";
import type { InlineBlob } from "../ports/log.ts";
import type { Judgement } from "../ports/verifier.ts";
import type { Baseline } from "../protocol/call.ts";
import { courtOf, everythingOf, judgeOnce, keepEvidence, type Court, type Judged } from "./judging.ts";
import { failed, settled, type Performance, type Settlement } from "./performance.ts";

/** Of a setup that failed, enough to see why. */
const maxOutputCharacters = 4_000;

export async function performPreflight(performance: Performance): Promise<Settlement> {
  const { call, signal } = performance;
  if (call.work.kind !== "preflight") return failed({ code: "infrastructure", message: "not a preflight" });
  const { snapshot, runs } = call.work;
  const court = await courtOf(performance, snapshot);
  const trouble = troubleOf(court);
  if (trouble !== undefined) return failed({ code: "blocked", message: trouble });
  const blobs: InlineBlob[] = [];
  const baseline: Baseline[] = [];
  for (const one of everythingOf(performance)) {
    const judgements: Judgement[] = [];
    for (let run = 1; run <= runs && !signal.aborted; run += 1)
      judgements.push(await judgeOnce(performance, court, one, { label: `${one.id}-run${run}` }));
    if (signal.aborted) return settled({ status: "interrupted", reason: "the runner ended it" });
    baseline.push(await baselineOf(performance, one, judgements, blobs));
  }
  return settled({ status: "succeeded", result: { kind: "preflight", baseline } }, blobs);
}

/** Why the dependencies of the base cannot be had; undefined when they are sealed. */
function troubleOf({ mounts }: Court): string | undefined {
  if (!(mounts instanceof EnvironmentError)) return undefined;
  if (mounts.code === "broken") throw mounts;
  const said = new TextDecoder().decode(mounts.output).slice(-maxOutputCharacters).trim();
  return `the base's dependencies cannot be set up: ${mounts.message}${said === "" ? "" : `\n${said}`}`;
}

async function baselineOf(
  performance: Performance,
  { id }: Judged,
  judgements: readonly Judgement[],
  blobs: InlineBlob[],
): Promise<Baseline> {
  const [first] = judgements;
  const values = new Set(judgements.map(({ value }) => value));
  const named = judgements.map(({ passed = [] }) => JSON.stringify(passed.toSorted()));
  const flaky = values.size > 1 || new Set(named).size > 1;
  const always = (first?.passed ?? []).filter((name) =>
    judgements.every(({ passed = [] }) => passed.includes(name)),
  );
  const reasons = [...new Set(judgements.map(({ value, reason }) => `${value}: ${reason}`))].join(" | ");
  const entry: Baseline = {
    assertionId: id,
    value: values.size > 1 ? "inconclusive" : (first?.value ?? "error"),
    reason: flaky ? reasons : (first?.reason ?? "the check was not run"),
    evidence: await keepEvidence(
      performance,
      judgements.flatMap((one) => one.observations),
      blobs,
    ),
    flaky,
  };
  if (always.length === 0) return entry;
  const staged = await performance.ports.blobs.stage(new TextEncoder().encode(JSON.stringify(always)));
  if (staged.inline !== undefined) blobs.push(staged.inline);
  return { ...entry, tests: staged.ref };
}
