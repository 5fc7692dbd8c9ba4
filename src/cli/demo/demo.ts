/**
 * `houston demo`: a real mission on a real library, whose runner is killed with SIGKILL in the middle.
 * A second runner recovers it, a verifier judges the result in a fresh workspace, and the branch is
 * delivered. Exits 0 only if all of that happened.
 */
import { rmSync } from "node:fs";
import type { MissionRecord } from "../../app/following.ts";
import { openHouston, type Houston } from "../../app/houston.ts";
import { loadMissionFile } from "../../app/missionFiles.ts";
import type { MissionReport } from "../../app/missionReport.ts";
import { probeSandbox } from "../../app/probe.ts";
import { changesOf, reportText } from "../commands/report.ts";
import { escapeText } from "../escape.ts";
import { shortCommit } from "../eventText.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { listenForInterruption } from "../interruption.ts";
import { print, styled, tell } from "../output.ts";
import { createProgress, type Progress } from "../progress.ts";
import { git, layOutDemo, type Demo } from "./layout.ts";
import { DemoRunner, endWhatIsLeftIn } from "./processes.ts";

export interface DemoOptions {
  keep?: boolean;
}

/** If the agent has changed nothing by then, the kill comes all the same. */
const killAfterMs = 20_000;
const giveUpAfterMs = 10 * 60_000;

export async function demo(options: DemoOptions): Promise<ExitCode> {
  const sandbox = await chooseSandbox();
  const laidOut = layOutDemo(sandbox);
  const interruption = listenForInterruption(() => tell("interrupted: cleaning up"));
  const signal = AbortSignal.any([interruption.signal, AbortSignal.timeout(giveUpAfterMs)]);
  const runners: DemoRunner[] = [];
  try {
    const houston = await openHouston({ stateDirectory: laidOut.stateDirectory });
    try {
      return await perform({ demo: laidOut, houston, signal, runners });
    } finally {
      await houston.close();
    }
  } catch (error) {
    for (const runner of runners) tell(`--- ${runner.name} said:\n${escapeText(runner.log())}`);
    if (interruption.signal.aborted) return exitCodes.interrupted;
    throw error;
  } finally {
    for (const runner of runners) await runner.kill();
    endWhatIsLeftIn(laidOut.root);
    interruption.stopListening();
    if (options.keep === true) tell(`kept: ${laidOut.root}`);
    else rmSync(laidOut.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function chooseSandbox(): Promise<"bubblewrap" | "none"> {
  const report = await probeSandbox("bubblewrap");
  if (report.ok) {
    tell(`sandbox: ${report.detail}`);
    return "bubblewrap";
  }
  tell(styled("yellow", `WARNING: no sandbox: ${escapeText(report.detail)}`, process.stderr));
  tell(
    styled(
      "yellow",
      "WARNING: the demo runs its own bundled agent with --sandbox none; houston run would refuse",
      process.stderr,
    ),
  );
  return "none";
}

interface Stage {
  demo: Demo;
  houston: Houston;
  signal: AbortSignal;
  runners: DemoRunner[];
}

async function perform(stage: Stage): Promise<ExitCode> {
  const { demo: laidOut, houston } = stage;
  const base = git(laidOut.repository, "rev-parse", "HEAD");
  tell(
    `library: ${laidOut.repository} at ${shortCommit(base)}, with failing tests; the agent is a program, without a model or a key`,
  );
  const missionId = await create(stage);
  const progress = createProgress(process.stderr);
  const watching = watchAll(stage, missionId, progress);
  const first = startRunner(stage, missionId, "runner-1");
  progress.note(`runner 1 is process ${first.pid}`);
  const before = await untilKillTime(stage, missionId, first);
  await first.kill();
  progress.note(
    styled("bold", `runner 1 was killed with SIGKILL after ${before.length} events`, process.stderr),
  );
  const killedAt = Date.now();
  const second = startRunner(stage, missionId, "runner-2");
  progress.note(`runner 2 is process ${second.pid}; it takes the mission over`);
  await untilClosed(stage, missionId, second);
  await second.ended();
  await watching.end();
  const report = await houston.report(missionId);
  if (report === undefined) throw new CliError(exitCodes.error, "the mission is gone");
  const lost = await lostEvents(houston, missionId, before);
  tell(`\n${recovered(report, before.length, lost, killedAt)}`);
  print(`\n${reportText(report, await changesOf(houston, report))}`);
  return judge(laidOut, report, base, lost);
}

async function create({ demo: laidOut, houston }: Stage): Promise<string> {
  const loaded = await loadMissionFile(laidOut.missionFile);
  if (!loaded.ok)
    throw new CliError(exitCodes.error, loaded.problems.map(({ message }) => message).join("\n"));
  const created = await houston.createMission(loaded.draft);
  if (!created.ok) throw new CliError(exitCodes.error, created.refusal.message);
  return created.missionId;
}

function startRunner({ demo: laidOut, runners }: Stage, missionId: string, name: string): DemoRunner {
  const runner = new DemoRunner(laidOut, missionId, name);
  runners.push(runner);
  return runner;
}

function watchAll(
  { houston, signal }: Stage,
  missionId: string,
  progress: Progress,
): { end(): Promise<void> } {
  const ending = new AbortController();
  const watching = (async () => {
    for await (const watched of houston.watch(missionId, {
      signal: AbortSignal.any([signal, ending.signal]),
      tickMs: 500,
    })) {
      progress.show(watched);
      if (watched.view.outcome !== undefined) return;
    }
  })();
  return {
    async end() {
      ending.abort();
      await watching;
      progress.end();
    },
  };
}

/** Until the attempt's first snapshot, or long enough into it: then there is something to lose. */
async function untilKillTime(
  { houston, signal }: Stage,
  missionId: string,
  runner: DemoRunner,
): Promise<MissionRecord[]> {
  const records: MissionRecord[] = [];
  const patience = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  for await (const record of houston.events(missionId, 0, AbortSignal.any([signal, patience.signal]))) {
    records.push(record);
    if (record.event.type === "attempt.started") timer = setTimeout(() => patience.abort(), killAfterMs);
    if (record.event.type === "snapshot.taken" || record.event.type === "mission.closed") break;
  }
  clearTimeout(timer);
  if (signal.aborted || runner.hasEnded)
    throw new CliError(exitCodes.error, "runner 1 ended before it could be killed");
  return records;
}

async function untilClosed({ houston, signal }: Stage, missionId: string, runner: DemoRunner): Promise<void> {
  for await (const { event } of houston.events(missionId, 0, signal)) {
    if (event.type === "mission.closed") return;
    if (event.type === "approval.requested")
      throw new CliError(exitCodes.needsHuman, `the mission asks for a person: ${event.approval.reason}`);
  }
  throw new CliError(exitCodes.error, `${runner.name} did not bring the mission to its end`);
}

/** Acknowledged events that are not there any more, or not the same: must be none. */
async function lostEvents(houston: Houston, missionId: string, before: MissionRecord[]): Promise<number> {
  const now = new Map<number, string>();
  for await (const record of houston.events(missionId, 0)) now.set(record.seq, JSON.stringify(record));
  return before.filter((record) => now.get(record.seq) !== JSON.stringify(record)).length;
}

function recovered(report: MissionReport, before: number, lost: number, killedAt: number): string {
  const run = report.runs.at(-1);
  const lines = [
    styled("bold", "recovered", process.stderr),
    `  epoch       ${run?.epoch ?? "?"}, ${(((run?.startedAt ?? killedAt) - killedAt) / 1_000).toFixed(1)}s after the kill`,
    `  log         ${before - lost} of ${before} acknowledged events are still there, ${report.events - before} came after`,
  ];
  for (const { callId, attemptId, action, from } of report.recoveries) {
    const what = attemptId === undefined ? `call ${callId}` : `attempt ${attemptId}`;
    lines.push(
      `  recovered   ${what}: ${action}${from === undefined ? "" : `; its snapshot ${shortCommit(from.commit)} was where the next attempt began`}`,
    );
  }
  return lines.join("\n");
}

function judge(laidOut: Demo, report: MissionReport, base: string, lost: number): ExitCode {
  const problems: string[] = [];
  if (report.outcome?.outcome !== "verified")
    problems.push(`the outcome is ${report.outcome?.outcome ?? "open"}`);
  for (const { id, verdict } of report.assertions)
    if (verdict?.value !== "passed" || !verdict.onDelivered)
      problems.push(`${id} is not proven on the delivered tree`);
  if (lost > 0) problems.push(`${lost} acknowledged events were lost`);
  if (report.runs.length < 2) problems.push("nothing had to be recovered");
  const branch = `refs/heads/${report.branch}`;
  const shown = git(laidOut.repository, "for-each-ref", "--format=%(objectname)", branch);
  if (shown === "" || shown !== report.delivered?.commit)
    problems.push(`git shows ${shown || "nothing"} at ${branch}`);
  if (
    git(laidOut.repository, "rev-parse", "HEAD") !== base ||
    git(laidOut.repository, "status", "--porcelain") !== ""
  )
    problems.push("the user's own work tree was touched");
  print(
    `\n$ git log --oneline ${report.branch}\n${shown === "" ? "" : git(laidOut.repository, "log", "--oneline", branch)}`,
  );
  for (const problem of problems) tell(`demo: ${escapeText(problem)}`);
  if (problems.length === 0) tell("\nall of it was verified");
  return problems.length === 0 ? exitCodes.ok : exitCodes.verificationFailed;
}
