/** `houston run`: a mission from a file, performed here while it is shown, or by a runner that outlives the terminal. */
import { existsSync } from "node:fs";
import type { Houston } from "../../app/houston.ts";
import { loadMissionFile } from "../../app/missionFiles.ts";
import type { MissionView } from "../../app/missionView.ts";
import type { BoxKind } from "../../app/sandboxes.ts";
import type { MissionDraft } from "../../plan/missionDraft.ts";
import { escapeLine, escapeText } from "../../app/escape.ts";
import { CliError, exitCodes, outcomeExit, refusalError, type ExitCode } from "../exit.ts";
import { listenForInterruption, type Interruption } from "../interruption.ts";
import { limitsFrom } from "../limits.ts";
import { shortId, stateDirectoryOf, withHouston, type GlobalOptions } from "../opening.ts";
import { canAsk, print, printJson, tell } from "../output.ts";
import { createProgress, type Progress } from "../progress.ts";
import { startRunner } from "../startRunner.ts";
import { Notes, waitsForHuman } from "../waiting.ts";
import { problemLines } from "./plan.ts";

export interface RunOptions extends GlobalOptions {
  detach?: boolean;
  sandbox?: BoxKind;
  yes?: boolean;
  budget?: string;
  wait?: boolean;
  json?: boolean;
  allowSetupNetwork?: boolean;
  /** Somebody else says how it ended. */
  quiet?: boolean;
}

export async function run(file: string, options: RunOptions): Promise<ExitCode> {
  const draft = withOverrides(await draftFrom(file, options), options);
  return await withHouston(options, "change", async (houston) => {
    await checkBox(houston, draft);
    await houston.checkRepository(draft);
    const isApproved = await approvedBefore(draft, options);
    const created = await houston.createMission(draft);
    if (!created.ok) throw refusalError(created.refusal);
    const { missionId } = created;
    tell(`mission ${missionId}`);
    if (isApproved) await approveWhenAsked(houston, missionId);
    if (options.detach === true) return await detached(houston, missionId, options);
    return await inForeground(houston, missionId, options);
  });
}

export async function draftFrom(file: string, options: RunOptions): Promise<MissionDraft> {
  if (!existsSync(file)) throw new CliError(exitCodes.notFound, `there is no file ${file}`);
  const loaded = await loadMissionFile(file, stateDirectoryOf(options));
  if (!loaded.ok) throw new CliError(exitCodes.usage, problemLines(file, loaded.problems));
  return loaded.draft;
}

/** What only a person can say, on the command line. */
export function withOverrides(draft: MissionDraft, options: RunOptions): MissionDraft {
  if (draft.policy.sandbox === "none" && options.sandbox !== "none")
    throw new CliError(
      exitCodes.usage,
      "the mission asks to run without a box: say --sandbox none if you want that",
    );
  const policy = { ...draft.policy, setupNetwork: options.allowSetupNetwork === true };
  if (options.sandbox === "none") policy.sandbox = "none";
  if (policy.setupNetwork) tellWhatMayUseNetwork(draft);
  const budget =
    options.budget === undefined
      ? draft.budget
      : { ...draft.budget, ...limitsFrom(options.budget, "--budget") };
  return { ...draft, policy, budget };
}

function tellWhatMayUseNetwork({ setup = [] }: MissionDraft): void {
  const commands = setup.filter(({ network }) => network).map(({ command }) => command.join(" "));
  tell(
    commands.length === 0
      ? "--allow-setup-network changes nothing: no setup asks for the network"
      : `setup may use the network: ${escapeLine(commands.join("; "))}`,
  );
}

/** Fails closed: without a box that holds, nothing runs unless a person said so. */
export async function checkBox(houston: Houston, draft: MissionDraft): Promise<void> {
  if (draft.policy.sandbox === "none") {
    tell("WARNING: --sandbox none: agents run with all the rights of this account");
    return;
  }
  const report = await houston.probe("bubblewrap");
  if (!report.ok)
    throw new CliError(
      exitCodes.error,
      `no sandbox: ${escapeText(report.detail)}\n(or say --sandbox none to run without one)`,
    );
}

/** Whether the plan's approval has been given on the command line or at the terminal. */
async function approvedBefore(draft: MissionDraft, options: RunOptions): Promise<boolean> {
  if (!draft.policy.approvePlan) return false;
  if (options.yes === true) return true;
  if (!canAsk() || options.detach === true) return false;
  const { confirm, isCancel } = await import("@clack/prompts");
  tell(planText(draft));
  const answer = await confirm({ message: "Approve this plan?", output: process.stderr });
  if (isCancel(answer)) throw new CliError(exitCodes.interrupted, "nothing was started");
  if (!answer) throw new CliError(exitCodes.notAllowed, "the plan was not approved; nothing was started");
  return true;
}

function planText(draft: MissionDraft): string {
  const tasks = draft.tasks.map(
    ({ id, agentId, fulfills }) => `  ${id} by ${agentId}, fulfils ${fulfills.join(", ")}`,
  );
  const setup = (draft.setup ?? []).map(
    ({ command, network }) =>
      `  ${command.join(" ")}${network ? (draft.policy.setupNetwork ? ", with the network" : ", wants the network") : ""}`,
  );
  if (setup.length > 0) tasks.push("setup:", ...setup);
  return escapeText([`goal: ${draft.goal}`, ...tasks, `budget: ${JSON.stringify(draft.budget)}`].join("\n"));
}

/** The question comes with the first run; it is answered when it is there. */
async function approveWhenAsked(houston: Houston, missionId: string): Promise<void> {
  const answering = (async () => {
    for await (const { event } of houston.events(missionId, 0, AbortSignal.timeout(60_000))) {
      if (event.type !== "approval.requested" || event.approval.kind !== "plan") continue;
      await houston.submit(missionId, { type: "approval.approve", approvalId: event.approval.id });
      return;
    }
  })();
  answering.catch((error: unknown) => tell(`the plan could not be approved: ${String(error)}`));
  await Promise.resolve();
}

async function detached(houston: Houston, missionId: string, options: RunOptions): Promise<ExitCode> {
  const { pid, logFile } = await startRunner(houston, missionId);
  tell(`runner ${pid} has it; houston watch ${shortId(missionId)} shows how it goes`);
  if (options.json === true) printJson({ missionId, runnerPid: pid, logFile });
  else print(missionId);
  return exitCodes.ok;
}

export async function inForeground(
  houston: Houston,
  missionId: string,
  options: RunOptions,
): Promise<ExitCode> {
  const progress = createProgress(process.stderr);
  const interruption = listenForInterruption(() =>
    progress.note("stopping in good order; once more to leave at once"),
  );
  const leaving = new AbortController();
  const stop = AbortSignal.any([interruption.signal, leaving.signal]);
  const watching = watchRun(houston, missionId, progress, () => {
    if (options.wait === false) leaving.abort();
  });
  try {
    await houston.run({ missionId, signal: stop, report: (message) => progress.note(escapeLine(message)) });
  } finally {
    await watching.finish();
    interruption.stopListening();
  }
  const view = await houston.status(missionId);
  if (view === undefined) throw new CliError(exitCodes.notFound, `mission ${missionId} is gone`);
  return conclude(view, interruption, options);
}

/** Shows the mission until told that it is over, to its last event. */
function watchRun(
  houston: Houston,
  missionId: string,
  progress: Progress,
  onHuman: () => void,
): { finish(): Promise<void> } {
  const ending = new AbortController();
  const notes = new Notes();
  let shownSeq = 0;
  let lastSeq = Infinity;
  const watching = (async () => {
    for await (const watched of houston.watch(missionId, { signal: ending.signal, tickMs: 500 })) {
      progress.show(watched);
      shownSeq = watched.view.seq;
      for (const note of notes.of(watched.view)) progress.note(note);
      if (waitsForHuman(watched.view)) onHuman();
      if (shownSeq >= lastSeq) break;
    }
  })();
  return {
    async finish() {
      lastSeq = (await houston.status(missionId))?.seq ?? 0;
      if (shownSeq >= lastSeq) ending.abort();
      await watching;
      progress.end();
    },
  };
}

function conclude(view: MissionView, interruption: Interruption, options: RunOptions): ExitCode {
  const { missionId, outcome, status, branch } = view;
  const exit = exitOf(view, interruption.signal.aborted);
  if (options.quiet === true && outcome !== undefined) return exit;
  if (options.json === true)
    printJson({
      missionId,
      outcome: outcome ?? null,
      state: status.state,
      reason: status.reason,
      branch,
      exitCode: exit,
    });
  if (outcome === undefined) {
    tell(`mission ${shortId(missionId)} is not finished (${status.state}: ${escapeLine(status.reason)})`);
    tell(`to go on: houston runner --mission ${shortId(missionId)}`);
  } else if (options.json !== true) {
    print(`${escapeLine(status.reason)}`);
    if (outcome === "verified") print(`branch ${escapeLine(branch)} in ${escapeLine(view.repositoryPath)}`);
    tell(`houston report ${shortId(missionId)} shows the evidence`);
  }
  return exit;
}

function exitOf(view: MissionView, wasInterrupted: boolean): ExitCode {
  if (view.outcome !== undefined)
    return outcomeExit(view.outcome, view.status.reason.replace(/^[a-z]+: /, ""));
  return wasInterrupted ? exitCodes.interrupted : exitCodes.needsHuman;
}
