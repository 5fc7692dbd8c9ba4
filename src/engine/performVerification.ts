/**
 * Judging a tree: the contract's files are laid over it, the change is read for ways to deceive, and every
 * check really runs, each in a fresh workspace of exactly that tree.
 */
import { isPrivate } from "../mission/heldOut.ts";
import { flakyRuns } from "../mission/proof.ts";
import type { InlineBlob } from "../ports/log.ts";
import type { ChangedFile, Judgement } from "../ports/verifier.ts";
import type { BlobRef } from "../protocol/blob.ts";
import type { FindingDraft } from "../protocol/finding.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { VerdictDraft } from "../protocol/verdict.ts";
import {
  courtOf,
  everythingOf,
  filesOf,
  judgeOnce,
  keepEvidence,
  type Court,
  type Judged,
} from "./judging.ts";
import { failed, settled, type Performance, type Settlement } from "./performance.ts";

/** Larger files are no source that a person would read either. */
const maxReviewedBytes = 1_048_576;

export async function performVerification(performance: Performance): Promise<Settlement> {
  const { call, signal } = performance;
  if (call.work.kind !== "verify") return failed({ code: "infrastructure", message: "not a verification" });
  const { assertionIds, snapshot } = call.work;
  const court = await courtOf(performance, snapshot);
  const changed = await changedFiles(performance, snapshot);
  const findings = await review(performance, changed);
  const blobs: InlineBlob[] = [];
  const verdicts: VerdictDraft[] = [];
  const wanted = everythingOf(performance).filter(({ id }) => assertionIds.includes(id));
  for (const one of wanted) {
    const judgement = await judge(performance, court, one, changed.changes);
    if (signal.aborted) return settled({ status: "interrupted", reason: "the runner ended it" });
    findings.push(...(await tellableFindings(performance, one, judgement.findings ?? [])));
    verdicts.push({
      assertionId: one.id,
      value: judgement.value,
      reason: judgement.reason,
      evidence: await keepEvidence(performance, judgement.observations, blobs),
    });
  }
  if (verdicts.every(({ value }) => value === "passed"))
    findings.push(...(await survivors(performance, court, wanted, changed.changes)));
  if (signal.aborted) return settled({ status: "interrupted", reason: "the runner ended it" });
  performance.ports.faults.reach("verify.judged");
  const { judged } = court;
  return settled({ status: "succeeded", result: { kind: "verify", verdicts, judged, findings } }, blobs);
}

/** What the work changed since the mission's start: as source, and what cannot be read as such. */
async function changedFiles(
  { ports, mission, missionId }: Performance,
  to: Snapshot,
): Promise<{ changes: ChangedFile[]; unread: string[] }> {
  const { start } = mission.work;
  const unread: string[] = [];
  if (start === undefined || start.tree === to.tree) return { changes: [], unread };
  const { workspaces } = ports;
  const differing = await workspaces.changes(missionId, start, to);
  const paths = differing.map(({ path }) => path);
  const before = await workspaces.readFiles(missionId, start, paths, maxReviewedBytes);
  const after = await workspaces.readFiles(missionId, to, paths, maxReviewedBytes);
  const changes = differing.flatMap(({ path, change }): ChangedFile[] => {
    const [old, now] = [before.get(path), after.get(path)];
    if (change !== "deleted" && now === undefined) {
      unread.push(path);
      return [];
    }
    return [
      { path, ...(old === undefined ? {} : { before: old }), ...(now === undefined ? {} : { after: now }) },
    ];
  });
  return { changes, unread };
}

const isSource = (path: string): boolean =>
  /\.(?:[cm]?[jt]sx?|py|rb|sh)$/.test(path) || path.endsWith("package.json");

async function review(
  { ports, mission }: Performance,
  { changes, unread }: { changes: ChangedFile[]; unread: string[] },
): Promise<FindingDraft[]> {
  const unreviewed = unread.map((path): FindingDraft => ({
    kind: "unreviewed",
    severity: isSource(path) ? "blocking" : "nonBlocking",
    text: `larger than ${maxReviewedBytes} bytes or no regular file: nobody has read it`,
    place: path,
  }));
  if (changes.length === 0) return unreviewed;
  const contractPaths = mission.spec.contract.flatMap(filesOf).map(({ path }) => path);
  const { mayChangeTests } = mission.spec.policy;
  return [...unreviewed, ...(await ports.verifier.review({ changes, contractPaths, mayChangeTests }))];
}

/** Once; as often as it takes where the base has shown that once says nothing. */
async function judge(
  performance: Performance,
  court: Court,
  one: Judged,
  changes: readonly ChangedFile[],
): Promise<Judgement> {
  const entry = performance.mission.work.baseline?.get(one.id);
  const baseline = entry?.tests === undefined ? undefined : await asked(performance, entry.tests, changes);
  const times = entry?.flaky === true ? flakyRuns : 1;
  const judgements: Judgement[] = [];
  for (let run = 1; run <= times && !performance.signal.aborted; run += 1) {
    const label = `${one.id}-run${run}`;
    judgements.push(
      await judgeOnce(performance, court, one, baseline === undefined ? { label } : { label, baseline }),
    );
  }
  return agreed(judgements);
}

/** Runs that do not agree say nothing about the tree. */
function agreed(judgements: readonly Judgement[]): Judgement {
  const [first] = judgements;
  if (first === undefined) return { value: "error", reason: "the check was not run", observations: [] };
  if (judgements.length === 1) return first;
  const observations = judgements.flatMap((one) => one.observations);
  const findings = judgements.flatMap((one) => one.findings ?? []);
  const said = judgements.map(({ value }) => value).join(", ");
  if (judgements.every(({ value }) => value === first.value))
    return { ...first, reason: `${judgements.length} runs: ${first.reason}`, observations, findings };
  return { value: "inconclusive", reason: `runs do not agree: ${said}`, observations, findings };
}

/** Tests of the base that must be reported still. */
async function asked(
  performance: Performance,
  tests: BlobRef,
  changes: readonly ChangedFile[],
): Promise<string[]> {
  const { ports, mission } = performance;
  const names = await namesIn(performance, tests);
  const { mayChangeTests } = mission.spec.policy;
  if (mayChangeTests.length === 0) return names;
  const gone = new Set(await ports.verifier.mayVanish(names, changes, mayChangeTests));
  return names.filter((name) => !gone.has(name));
}

async function namesIn({ ports }: Performance, ref: BlobRef): Promise<string[]> {
  const bytes = await ports.blobs.get(ref);
  if (bytes === undefined) throw new Error(`the baseline's list of tests is lost: ${ref.sha256}`);
  return JSON.parse(new TextDecoder().decode(bytes)) as string[];
}

/** What a check found on a tree that holds what is held out is told without saying how it looked. */
async function tellableFindings(
  { ports, mission }: Performance,
  { id }: Judged,
  findings: readonly FindingDraft[],
): Promise<FindingDraft[]> {
  if (!isPrivate(mission, id)) return [...findings];
  const told: FindingDraft[] = [];
  for (const { kind, severity, text } of findings) {
    // Told apart, so that dismissing one dismisses no other.
    const { sha256 } = (await ports.blobs.stage(new TextEncoder().encode(text))).ref;
    told.push({ kind, severity, text: `${kind} in the check of "${id}" (${sha256.slice(0, 8)})` });
  }
  return told;
}

/** Lines of the change that can be broken without any of these checks noticing. */
async function survivors(
  performance: Performance,
  court: Court,
  checks: readonly Judged[],
  changes: readonly ChangedFile[],
): Promise<FindingDraft[]> {
  const { ports, mission, missionId, signal } = performance;
  const count = mission.spec.policy.mutationSamples;
  const mutants = count === 0 ? [] : await ports.verifier.mutants(changes, count);
  const findings: FindingDraft[] = [];
  for (const [index, { path, content, text }] of mutants.entries()) {
    const files = [{ path, content }];
    const message = `broken on purpose: ${text}`;
    const broken = await ports.workspaces.overlay({ missionId, snapshot: court.judged, files, message });
    let noticed = false;
    for (const one of checks) {
      if (noticed || signal.aborted) break;
      const label = `${one.id}-mutant${index + 1}`;
      const { value } = await judgeOnce(performance, { ...court, judged: broken }, one, { label });
      noticed = value !== "passed";
    }
    if (!noticed && !signal.aborted)
      findings.push({
        kind: "mutationSurvived",
        severity: "nonBlocking",
        text: `no check notices that ${text}`,
        place: path,
      });
  }
  return findings;
}
