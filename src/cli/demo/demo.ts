/**
 * `houston demo`: three real missions on real libraries, whose runner is killed with SIGKILL in the middle. A second
 * runner recovers them; a verifier judges what comes of it in fresh workspaces, with checks the agent never sees,
 * refuses what only fits the visible tests, and a fix task does it again; the branches are delivered. Exits 0 only
 * if all of that happened.
 */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { escapeLine, escapeText } from "../../app/escape.ts";
import { openHouston, type Houston } from "../../app/houston.ts";
import { probeSandbox } from "../../app/probe.ts";
import type { MissionReport } from "../../app/reportEntries.ts";
import { reportHtml } from "../../app/reportHtml.ts";
import { changesOf, reportText } from "../commands/report.ts";
import { draftFrom, withOverrides } from "../commands/run.ts";
import { shortCommit } from "../eventText.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { listenForInterruption } from "../interruption.ts";
import { print, styled, tell } from "../output.ts";
import { lostEvents, missingFrom, overfitsOf, type Performed } from "./conclusions.ts";
import { Following, type FollowedMission } from "./following.ts";
import { git, layOutDemo, type Demo, type Library } from "./layout.ts";
import { DemoRunner, endWhatIsLeftIn } from "./processes.ts";

export interface DemoOptions {
  keep?: boolean;
}

/** If the agent has changed nothing by then, the kill comes all the same. */
const killAfterMs = 60_000;
const giveUpAfterMs = 10 * 60_000;

export async function demo(options: DemoOptions): Promise<ExitCode> {
  const sandbox = await chooseSandbox();
  const laidOut = layOutDemo();
  const interruption = listenForInterruption(() => tell("interrupted: cleaning up"));
  const signal = AbortSignal.any([interruption.signal, AbortSignal.timeout(giveUpAfterMs)]);
  const runners: DemoRunner[] = [];
  try {
    const houston = await openHouston({ stateDirectory: laidOut.stateDirectory });
    try {
      return await perform({ demo: laidOut, houston, sandbox, signal, runners });
    } finally {
      await houston.close();
    }
  } catch (error) {
    for (const runner of runners)
      if (runner.log() !== "") tell(`--- ${runner.name} said:\n${escapeText(runner.log())}`);
    if (interruption.signal.aborted) return exitCodes.interrupted;
    throw error;
  } finally {
    for (const runner of runners) await runner.kill();
    endWhatIsLeftIn(laidOut.root);
    interruption.stopListening();
    cleanUp(laidOut, options.keep === true);
  }
}

/** Reports are what a reader may want to look at afterwards; they stay. */
function cleanUp({ root, reports }: Demo, keep: boolean): void {
  if (keep) return tell(`kept: ${root}`);
  const hasReports = readdirSync(reports).length > 0;
  const paths = hasReports
    ? readdirSync(root)
        .map((name) => join(root, name))
        .filter((path) => path !== reports)
    : [root];
  for (const path of paths) rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

async function chooseSandbox(): Promise<"bubblewrap" | "none"> {
  const report = await probeSandbox("bubblewrap");
  if (report.ok) {
    tell(`sandbox: ${report.detail}`);
    return "bubblewrap";
  }
  const warn = (text: string): void => tell(styled("yellow", `WARNING: ${text}`, process.stderr));
  warn(`no sandbox: ${escapeText(report.detail)}`);
  warn("the demo runs its own bundled agent with --sandbox none; houston run would refuse");
  return "none";
}

interface Stage {
  demo: Demo;
  houston: Houston;
  sandbox: "bubblewrap" | "none";
  signal: AbortSignal;
  runners: DemoRunner[];
}

interface Created extends FollowedMission {
  library: Library;
}

async function perform(stage: Stage): Promise<ExitCode> {
  const { houston, signal } = stage;
  const missions = await create(stage);
  const [killed] = missions;
  const following = new Following(houston, missions, signal);
  // Its one task has two defects: when the first is repaired, there is something to lose and something left to do.
  const first = startRunner(stage, "runner 1", killed);
  await Promise.race([first.ended(), following.until(() => following.has("attempt.started"))]);
  await Promise.race([first.ended(), following.until(() => following.has("snapshot.taken"), killAfterMs)]);
  if (first.hasEnded) throw new CliError(exitCodes.error, "runner 1 ended before it could be killed");
  const before = new Map(missions.map(({ missionId }) => [missionId, following.seen(missionId)]));
  await first.kill();
  const killedAt = Date.now();
  const count = [...before.values()].reduce((sum, records) => sum + records.length, 0);
  tell(styled("bold", `runner 1 was killed with SIGKILL after ${count} events`, process.stderr));
  const second = startRunner(stage, "runner 2");
  const isClosed = ({ missionId }: Created): boolean =>
    following.seen(missionId).some(({ event }) => event.type === "mission.closed");
  await Promise.race([following.until(() => missions.every(isClosed)), second.ended()]);
  await second.ended();
  await following.end();
  const performed: Performed[] = [];
  for (const { library, missionId } of missions) {
    const report = await houston.report(missionId);
    if (report === undefined) throw new CliError(exitCodes.error, `${library.name}: the mission is gone`);
    const seen = before.get(missionId) ?? [];
    const now = await Array.fromAsync(houston.events(missionId, 0));
    performed.push({ library, report, before: seen.length, lost: lostEvents(seen, now) });
  }
  return await conclude(stage, performed, killedAt);
}

async function create({ demo: { libraries, stateDirectory }, houston, sandbox }: Stage): Promise<Created[]> {
  tell("the agent is a program, without a model or a key; each library has failing tests:");
  const created: Created[] = [];
  for (const library of libraries) {
    const { name, repository, base, missionFile } = library;
    tell(`  ${name.padEnd(8)}  ${repository} at ${shortCommit(base)}`);
    const asked = await draftFrom(missionFile, { stateDir: stateDirectory });
    const draft = withOverrides(asked, { sandbox, allowSetupNetwork: asked.setup !== undefined });
    const mission = await houston.createMission(draft);
    if (!mission.ok) throw new CliError(exitCodes.error, `${name}: ${mission.refusal.message}`);
    const needs = asked.setup === undefined ? {} : { needs: "npm's registry (does `npm ping` answer?)" };
    created.push({ library, name, missionId: mission.missionId, ...needs });
  }
  return created;
}

/** With the mission that it performs; with all there are, if none is named. */
function startRunner({ demo: laidOut, runners }: Stage, name: string, only?: Created): DemoRunner {
  const runner = new DemoRunner(laidOut, name, only?.missionId);
  runners.push(runner);
  tell(`${name} is process ${runner.pid} and performs ${only?.name ?? "all of them"}`);
  return runner;
}

async function conclude(stage: Stage, performed: readonly Performed[], killedAt: number): Promise<ExitCode> {
  const { demo: laidOut, houston } = stage;
  for (const { library, report } of performed) {
    const changes = await changesOf(houston, report);
    writeFileSync(join(laidOut.reports, `${library.name}.html`), reportHtml(report, changes));
    print(`\n${styled("bold", `── ${library.name}`)}\n${reportText(report, changes)}`);
    const branch = `refs/heads/${report.branch}`;
    if (report.delivered !== undefined)
      print(`\n$ git log --oneline ${report.branch}\n${git(library.repository, "log", "--oneline", branch)}`);
  }
  tell(`\n${[...recovered(performed, killedAt), "", ...refused(performed)].join("\n")}`);
  tell(`\nreports to open in a browser: ${laidOut.reports}`);
  const missing = missingFrom(performed);
  for (const text of missing) tell(styled("red", `demo: ${escapeLine(text)}`, process.stderr));
  if (missing.length === 0) tell("all of it was verified");
  return missing.length === 0 ? exitCodes.ok : exitCodes.error;
}

function recovered(performed: readonly Performed[], killedAt: number): string[] {
  return [
    styled("bold", "recovered", process.stderr),
    ...performed.flatMap(({ library, report, before, lost }) => {
      if (report.runs.length < 2) return [];
      const run = report.runs.at(-1);
      const seconds = (((run?.startedAt ?? killedAt) - killedAt) / 1_000).toFixed(1);
      return [
        `  ${library.name}: taken over ${seconds} s after the kill; ${before - lost} of ${before} acknowledged events are still there, ${report.events - before} came after`,
        ...report.recoveries.map((recovery) => `    ${recoveryText(recovery)}`),
      ];
    }),
  ];
}

function recoveryText({ callId, attemptId, action, from }: MissionReport["recoveries"][number]): string {
  const what = attemptId === undefined ? `call ${callId}` : `attempt ${attemptId}`;
  const where =
    from === undefined ? "" : `; its snapshot ${shortCommit(from.commit)} was where the next attempt began`;
  return `${what}: ${action}${where}`;
}

function refused(performed: readonly Performed[]): string[] {
  return [
    styled("bold", "refused: repairs that only fitted the tests they could see", process.stderr),
    ...performed.flatMap(({ library, report }) =>
      overfitsOf(report).flatMap(({ taskId, passed, refused: heldOut, fix }) => [
        `  ${library.name}: ${taskId} passed ${passed.join(", ")}`,
        ...heldOut.map(
          ({ id, behaviour, reason }) =>
            `    ✗ ${id} (held out): ${escapeLine(behaviour)}: ${escapeLine(reason, 200)}`,
        ),
        `    fix task ${fix.id}: ${fix.status}`,
      ]),
    ),
  ];
}
