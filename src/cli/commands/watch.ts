/** `houston watch`, `events` and `logs`: following a mission that somebody else performs. */
import type { Houston } from "../../app/houston.ts";
import { traceOf } from "../../app/trace.ts";
import { escapeText } from "../../app/escape.ts";
import { eventText } from "../eventText.ts";
import { CliError, exitCodes, outcomeExit, type ExitCode } from "../exit.ts";
import { listenForInterruption } from "../interruption.ts";
import { findMission, shortId, withHouston, type GlobalOptions } from "../opening.ts";
import { print, printJsonLine, tell } from "../output.ts";
import { createProgress } from "../progress.ts";
import { Notes } from "../waiting.ts";

export interface WatchOptions extends GlobalOptions {
  json?: boolean;
}

export async function watch(id: string, options: WatchOptions): Promise<ExitCode> {
  return await withHouston(options, "look", async (houston) => {
    const missionId = await findMission(houston, id);
    const interruption = listenForInterruption();
    const exit =
      options.json === true
        ? await watchAsJson(houston, missionId, interruption.signal)
        : await watchAsText(houston, missionId, interruption.signal);
    interruption.stopListening();
    return exit ?? exitCodes.interrupted;
  });
}

async function watchAsJson(
  houston: Houston,
  missionId: string,
  signal: AbortSignal,
): Promise<ExitCode | undefined> {
  for await (const record of houston.events(missionId, 0, signal)) {
    printJsonLine(record);
    if (record.event.type === "mission.closed") return outcomeExit(record.event.outcome, record.event.reason);
  }
  return undefined;
}

async function watchAsText(
  houston: Houston,
  missionId: string,
  signal: AbortSignal,
): Promise<ExitCode | undefined> {
  const progress = createProgress(process.stdout);
  const notes = new Notes();
  let lastState = "";
  for await (const watched of houston.watch(missionId, { signal, tickMs: 500 })) {
    const { view } = watched;
    progress.show(watched);
    for (const note of notes.of(view)) progress.note(note);
    // A dead runner appends nothing: only its silence shows.
    if (view.status.state === "Stale" && lastState !== "Stale")
      progress.note(`${view.status.reason}\nto take over: houston runner --mission ${shortId(missionId)}`);
    lastState = view.status.state;
    if (view.outcome === undefined) continue;
    progress.end();
    return outcomeExit(view.outcome, view.status.reason.replace(/^[a-z]+: /, ""));
  }
  progress.end();
  return undefined;
}

export interface EventsOptions extends GlobalOptions {
  follow?: boolean;
  from: string;
  json?: boolean;
  trace?: boolean;
}

export async function events(id: string, options: EventsOptions): Promise<ExitCode> {
  if (!/^\d+$/.test(options.from))
    throw new CliError(exitCodes.usage, `--from ${options.from}: write a sequence number such as 12`);
  const from = Number(options.from);
  return await withHouston(options, "look", async (houston) => {
    const missionId = await findMission(houston, id);
    const interruption = listenForInterruption();
    const follow = options.follow === true ? interruption.signal : undefined;
    // A trace needs what came before to name runs and tasks.
    const start = options.trace === true ? 0 : Math.max(0, from - 1);
    const records = untilClosed(houston, missionId, start, follow);
    if (options.trace === true) {
      for await (const { seq, event } of traceOf(records)) if (seq >= from) printJsonLine(event);
    } else {
      for await (const record of records) {
        if (options.json === true) printJsonLine(record);
        else
          print(
            `${String(record.seq).padStart(5)}  ${new Date(record.at).toISOString()}  ${record.event.type.padEnd(18)}  ${eventText(record.event)}`,
          );
      }
    }
    interruption.stopListening();
    return interruption.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  });
}

/** A run may still be ending after the mission is closed; nothing more is worth waiting for. */
async function* untilClosed(
  houston: Houston,
  missionId: string,
  after: number,
  follow: AbortSignal | undefined,
): ReturnType<Houston["events"]> {
  for await (const record of houston.events(missionId, after, follow)) {
    yield record;
    if (follow !== undefined && record.event.type === "mission.closed") return;
  }
}

export interface LogsOptions extends GlobalOptions {
  follow?: boolean;
  call?: string;
}

export async function logs(id: string, options: LogsOptions): Promise<ExitCode> {
  return await withHouston(options, "look", async (houston) => {
    const missionId = await findMission(houston, id);
    const known = await callsOf(houston, missionId);
    const callId = options.call ?? known.latestAttempt;
    if (options.call !== undefined && !known.all.has(options.call))
      throw new CliError(
        exitCodes.notFound,
        `mission ${shortId(missionId)} has no call ${options.call}: houston events shows its calls`,
      );
    if (options.follow === true) return await followLogs(houston, missionId, options.call, callId);
    if (callId === undefined) tell("no attempt has begun yet");
    else await printLog(houston, missionId, callId);
    return exitCodes.ok;
  });
}

async function callsOf(
  houston: Houston,
  missionId: string,
): Promise<{ all: Set<string>; latestAttempt?: string }> {
  const found: { all: Set<string>; latestAttempt?: string } = { all: new Set() };
  for await (const { event } of houston.events(missionId, 0)) {
    if (event.type !== "call.wanted") continue;
    found.all.add(event.call.id);
    if (event.call.work.kind === "attempt") found.latestAttempt = event.call.id;
  }
  return found;
}

async function printLog(
  houston: Houston,
  missionId: string,
  callId: string,
  follow?: AbortSignal,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of houston.logs(missionId, callId, follow))
    process.stdout.write(escapeText(decoder.decode(chunk, { stream: true })));
  process.stdout.write(escapeText(decoder.decode()));
}

/** One call after another, from the one that is under way, until the mission is closed. */
async function followLogs(
  houston: Houston,
  missionId: string,
  only: string | undefined,
  first: string | undefined,
): Promise<ExitCode> {
  const interruption = listenForInterruption();
  let isReached = first === undefined;
  let printing: { callId: string; end: AbortController; done: Promise<void> } | undefined;
  for await (const { event } of houston.events(missionId, 0, interruption.signal)) {
    if (event.type === "call.wanted") {
      isReached ||= event.call.id === first;
      const isWanted =
        isReached && (only === undefined ? event.call.work.kind === "attempt" : event.call.id === only);
      if (isWanted) {
        const end = new AbortController();
        const signal = AbortSignal.any([end.signal, interruption.signal]);
        printing = { callId: event.call.id, end, done: printLog(houston, missionId, event.call.id, signal) };
      }
    } else if (event.type === "call.settled" && event.callId === printing?.callId) {
      // The log of a runner that died is never closed.
      printing.end.abort();
      await printing.done;
      if (only !== undefined) break;
    } else if (event.type === "mission.closed") break;
  }
  printing?.end.abort();
  await printing?.done;
  interruption.stopListening();
  return interruption.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
}
