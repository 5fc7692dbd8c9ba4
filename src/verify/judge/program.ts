/** Runs the program of a check in the box, with its services beside it and the guard inside its Node processes. */
import { randomUUID } from "node:crypto";
import { lstat, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { JudgeRequest } from "../../ports/verifier.ts";
import type { Check } from "../../protocol/contract.ts";
import type { ServiceSpec } from "../../protocol/environment.ts";
import type { FindingDraft } from "../../protocol/finding.ts";
import { isFolder, segmentsOf } from "../beneath.ts";
import { type Channel, openChannel } from "../channel.ts";
import { type GuardRecord, placeGuard, readGuard } from "../guard/guard.ts";
import { type JsonObject, textIn } from "../reports/json.ts";
import { type Run, type RunRequest, runBounded } from "../run.ts";
import {
  type Errand,
  type ErrandService,
  errandTimeMs,
  launcherArgv,
  launcherFolder,
} from "../services/errand.ts";
import type { VerifierOptions } from "./judgement.ts";

/** What is wrong with the request itself, or with the tree before anything runs. */
export class CheckError extends Error {
  readonly value: "error" | "failed";
  constructor(value: CheckError["value"], message: string) {
    super(message);
    this.value = value;
  }
}

export interface ProgramRun {
  run: Run;
  guard: GuardRecord;
  /** What the launcher said, when there was one: its last word. */
  word?: JsonObject;
  /** Of services that were not ready. */
  findings: FindingDraft[];
}

/** The absolute folder of the tree that a path means; throws CheckError. */
export async function folderOf(directory: string, path: string | undefined, whose: string): Promise<string> {
  const parts = segmentsOf(path ?? "");
  if (parts === undefined)
    throw new CheckError("error", `the ${whose}'s folder leads out of the tree: ${JSON.stringify(path)}`);
  if (!(await isFolder(directory, parts)))
    throw new CheckError("failed", `the tree has no folder ${JSON.stringify(path)} to run the ${whose} in`);
  return join(directory, ...parts);
}

type ProgramCheck = Extract<Check, { kind: "command" | "tests" }>;

/** Throws CheckError, and what the box threw. */
export async function runProgram(
  options: VerifierOptions,
  request: JudgeRequest,
  check: ProgramCheck,
  reportFile: string | undefined,
): Promise<ProgramRun> {
  const cwd = await folderOf(request.directory, check.cwd, "check");
  return await inChannel(async (channel) => {
    const env = await placeGuard(channel, {
      directory: await realpath(request.directory),
      commandFiles: await filesNamed(check.command, cwd),
      ...(check.kind === "tests" ? { format: check.report.format } : {}),
      ...(reportFile === undefined ? {} : { reportFile }),
    });
    const base = baseRequest(options, request, channel, check.timeoutMs);
    if ((check.services ?? []).length === 0) return { ...base, argv: check.command, cwd, env: env };
    const errand = await errandOf(request, check.services ?? [], channel, {
      check: { program: { argv: check.command, cwd }, env },
      timeoutMs: check.timeoutMs,
    });
    return launched(base, errand);
  }, options);
}

/** Runs the request of an http check from inside the box. */
export async function runRequest(
  options: VerifierOptions,
  request: JudgeRequest,
  check: Extract<Check, { kind: "http" }>,
): Promise<ProgramRun> {
  const { service, method, path, headers = {}, body, contains = [], timeoutMs } = check;
  return await inChannel(async (channel) => {
    const errand = await errandOf(request, [service], channel, {
      check: {
        request: { service, method, path, headers, contains, ...(body === undefined ? {} : { body }) },
      },
      timeoutMs,
    });
    return launched(baseRequest(options, request, channel, timeoutMs), errand);
  }, options);
}

interface Started extends RunRequest {
  token?: string;
}

async function inChannel(
  prepare: (channel: Channel) => Promise<Started>,
  options: VerifierOptions,
): Promise<ProgramRun> {
  const channel = await openChannel();
  let run: Run;
  let token: string | undefined;
  try {
    const request = await prepare(channel);
    token = request.token;
    run = await runBounded(options.sandbox, options.clock, request);
  } catch (error) {
    await channel.finish();
    throw error;
  }
  const { messages, overflown } = await channel.finish();
  const guard = readGuard(messages);
  if (overflown) guard.silent.push("a check that says more than anybody listens to");
  const words = token === undefined ? [] : messages.filter((message) => message["token"] === token);
  const word = words.at(-1);
  return { run, guard, findings: findingsOf(words), ...(word === undefined ? {} : { word }) };
}

function findingsOf(words: readonly JsonObject[]): FindingDraft[] {
  return words
    .filter(({ kind }) => kind === "notReady")
    .map((word) => ({
      kind: "entryPoint",
      severity: "blocking",
      text: `the service ${textIn(word["service"])} does not start: ${textIn(word["reason"])}`,
    }));
}

function baseRequest(
  options: VerifierOptions,
  { directory, mounts, signal }: JudgeRequest,
  channel: Channel,
  timeoutMs: number,
): Omit<RunRequest, "argv" | "cwd"> {
  return { directory, mounts, readOnly: [...options.readOnly, channel.folder], timeoutMs, signal };
}

function launched(base: Omit<RunRequest, "argv" | "cwd">, errand: Errand): Started {
  return {
    ...base,
    argv: launcherArgv,
    cwd: base.directory,
    readOnly: [...base.readOnly, launcherFolder],
    stdin: JSON.stringify(errand),
    timeoutMs: errandTimeMs(errand),
    token: errand.token,
  };
}

async function errandOf(
  { directory, services }: JudgeRequest,
  ids: readonly string[],
  channel: Channel,
  more: Pick<Errand, "check" | "timeoutMs">,
): Promise<Errand> {
  const known = new Map<string, ServiceSpec>(Object.entries(services));
  const started: ErrandService[] = [];
  for (const id of new Set(ids)) {
    const spec = known.get(id);
    if (spec === undefined) throw new CheckError("error", `the mission has no service ${JSON.stringify(id)}`);
    const { command, portVariable, readyPath, timeoutMs } = spec;
    const cwd = await folderOf(directory, spec.cwd, `service ${id}`);
    started.push({
      id,
      argv: command,
      cwd,
      portVariable,
      timeoutMs,
      ...(readyPath === undefined ? {} : { readyPath }),
    });
  }
  return { ...more, services: started, pipe: channel.pipe, token: randomUUID() };
}

/** What the check itself runs may end its own process: it was agreed to. */
async function filesNamed(command: readonly string[], cwd: string): Promise<string[]> {
  const named: string[] = [];
  for (const word of command) {
    if (word.startsWith("-") || word.includes("\0")) continue;
    const path = resolve(cwd, word);
    if ((await lstat(path).catch(() => undefined))?.isFile() === true) named.push(await realpath(path));
  }
  return named;
}
