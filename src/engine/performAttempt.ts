/**
 * A whole attempt of a program: a folder of its own made from a snapshot, the agent in it, snapshots
 * while it works, one at its end. What it says is a claim; what it leaves is captured either way.
 */
import { briefOf } from "../mission/brief.ts";
import type { AttemptReport } from "../ports/agent.ts";
import type { InlineBlob } from "../ports/log.ts";
import { EnvironmentError } from "../ports/environment.ts";
import type { Mount } from "../ports/sandbox.ts";
import type { Brief } from "../protocol/brief.ts";
import type { CallOutcome } from "../protocol/call.ts";
import type { AgentSpec } from "../protocol/plan.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { environmentOf } from "./judging.ts";
import {
  discard,
  failed,
  folderPrefix,
  settled,
  stale,
  type Performance,
  type Settlement,
} from "./performance.ts";

/** Where an attempt works. */
interface Place {
  directory: string;
  /** What the folder was made from. */
  snapshot: Snapshot;
  mounts: Mount[];
  /** Paths of the environment: no part of any snapshot. */
  except: string[];
}

/** Of one artifact. */
const maxArtifactBytes = 64 * 1_048_576;

export async function performAttempt(performance: Performance): Promise<Settlement> {
  const { ports, mission, missionId, call, epoch } = performance;
  if (call.work.kind !== "attempt" || call.attemptId === undefined)
    return failed({ code: "infrastructure", message: "not an attempt" });
  const agent = mission.spec.agents[call.work.agentId];
  const brief = briefOf(mission, call.attemptId);
  if (agent?.kind !== "program" || brief === undefined)
    return failed({
      code: "infrastructure",
      message: `no program "${call.work.agentId}" for attempt ${call.attemptId}`,
    });
  // Resumed or fresh, nothing that was captured is lost.
  const snapshot = mission.work.attempts.get(call.attemptId)?.latest ?? call.work.from;
  const name = `${folderPrefix(epoch)}${call.id}`;
  const { directory } = await ports.workspaces.materialise({ missionId, name, snapshot });
  try {
    ports.faults.reach("attempt.materialised");
    if (!performance.held()) return stale();
    const mounts = await mountsOf(performance, snapshot);
    const place: Place = { directory, snapshot, mounts, except: mounts.map(({ path }) => path) };
    const { report, latest } = await work(performance, agent, brief, place);
    ports.faults.reach("attempt.handedOff");
    return await conclude(performance, place, latest, report);
  } finally {
    await discard(performance, directory);
  }
}

/** Of a tree whose own dependencies do not install: those it started from, so that somebody can mend it. */
async function mountsOf(performance: Performance, snapshot: Snapshot): Promise<Mount[]> {
  try {
    return await environmentOf(performance, snapshot);
  } catch (error) {
    const { start } = performance.mission.work;
    if (!(error instanceof EnvironmentError) || error.code !== "setup" || start === undefined) throw error;
    return await environmentOf(performance, start);
  }
}

/** The agent at work, and the newest snapshot taken of it meanwhile. */
async function work(
  performance: Performance,
  agent: Extract<AgentSpec, { kind: "program" }>,
  brief: Brief,
  place: Place,
): Promise<{ report: AttemptReport; latest: Snapshot }> {
  const { ports, missionId, call, signal } = performance;
  const spool = ports.spool.open(missionId, call.id);
  const watch = watchFolder(performance, place);
  const { directory, mounts } = place;
  try {
    const report = await ports.programs.perform({ agent, brief, mounts, directory, signal, spool });
    await watch.stop();
    return { report, latest: watch.latest() };
  } finally {
    await watch.stop();
    await spool.close();
  }
}

async function conclude(
  performance: Performance,
  { directory, except }: Place,
  parent: Snapshot,
  report: AttemptReport,
): Promise<Settlement> {
  const { ports, missionId, call } = performance;
  const message = `${call.attemptId}: ${report.status}`;
  const captured = await ports.workspaces.capture({ missionId, directory, parent, message, except });
  ports.faults.reach("attempt.captured");
  const blobs: InlineBlob[] = [];
  const output =
    "output" in report && report.output !== undefined ? await ports.blobs.stage(report.output) : undefined;
  if (output?.inline !== undefined) blobs.push(output.inline);
  const outcome = toOutcome(report, captured, output?.ref);
  await keepArtifacts(performance, outcome, blobs);
  return settled(outcome, blobs, report.usage);
}

/** Files that the handoff calls results, as they are in the captured tree. */
async function keepArtifacts(
  { ports, missionId }: Performance,
  outcome: CallOutcome,
  blobs: InlineBlob[],
): Promise<void> {
  if (outcome.status !== "succeeded" || outcome.result.kind !== "attempt") return;
  const { handoff, snapshot } = outcome.result;
  const wanted = handoff.artifacts ?? [];
  if (wanted.length === 0) return;
  const paths = wanted.map(({ path }) => path);
  const found = await ports.workspaces.readFiles(missionId, snapshot, paths, maxArtifactBytes);
  const artifacts: NonNullable<typeof outcome.result.artifacts> = [];
  for (const { name, path } of wanted) {
    const bytes = found.get(path);
    if (bytes === undefined) continue;
    const staged = await ports.blobs.stage(bytes);
    if (staged.inline !== undefined) blobs.push(staged.inline);
    artifacts.push({ name, path, content: staged.ref });
  }
  outcome.result.artifacts = artifacts;
}

function toOutcome(
  report: AttemptReport,
  snapshot: Snapshot,
  output: InlineBlob["ref"] | undefined,
): CallOutcome {
  const rest = output === undefined ? {} : { output };
  switch (report.status) {
    case "handedOff":
      return { status: "succeeded", result: { kind: "attempt", handoff: report.handoff, snapshot, ...rest } };
    case "failed":
      return { status: "failed", error: report.error, snapshot, ...rest };
    case "interrupted":
      return { status: "interrupted", reason: "the runner ended it", snapshot };
  }
}

/** Captures the folder every few seconds, so that a crash loses little (OP5). */
function watchFolder(
  { ports, mission, missionId, call, record }: Performance,
  { directory, snapshot: from, except }: Place,
): { latest(): Snapshot; stop(): Promise<void> } {
  const stopping = new AbortController();
  let latest = from;
  const watching = (async () => {
    for (;;) {
      await ports.clock.wait(ports.clock.now() + mission.spec.policy.snapshotEveryMs, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        const snapshot = await ports.workspaces.capture({
          missionId,
          directory,
          parent: latest,
          message: `${call.attemptId}: working`,
          except,
        });
        if (snapshot.commit === latest.commit) continue;
        latest = snapshot;
        ports.faults.reach("snapshot.captured");
        record(snapshot);
      } catch {
        // A folder in flux may not be capturable now; the next tick or the end will.
      }
    }
  })();
  return {
    latest: () => latest,
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}
