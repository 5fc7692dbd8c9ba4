/**
 * The box: one bubblewrap jail per command, in namespaces of its own (user, pid, net, ipc, uts, cgroup), without
 * capabilities, network, environment or descriptors, under an account that is never uid 0. The profile was found
 * by experiment on Debian 12; design/security.md lists what it must refuse and bubblewrap.test.ts proves it.
 *
 * A jail is held at its door until the runner says "go", and it says so only once every process of the jail is
 * tied to the runner's life (`--die-with-parent`). So there is no moment at which killing the runner leaves a
 * program behind, and a jail that cannot be built is an error of `spawn`, not of the program.
 *
 * Jails die with the thread that started them: spawn from the main thread.
 */
import { spawn as spawnProcess, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { text } from "node:stream/consumers";
import type { JailExit, JailProcess, JailRequest, Sandbox } from "../ports/sandbox.ts";
import { SandboxError } from "../ports/sandbox.ts";
import { adoptForAccount } from "./account.ts";
import { planBinds, type Bind } from "./binds.ts";
import { byteChunks, maskInherited, pipeOf } from "./descriptors.ts";
import { probeSandbox } from "./probe.ts";
import {
  defaultLimits,
  descriptors,
  doorArgv,
  jailArguments,
  jailFiles,
  nodeFolder,
  type JailLimits,
} from "./profile.ts";
import { findTool, installHint, namespaceHint } from "./requirements.ts";
import { planLaunch, type LaunchTools } from "./staging.ts";
import { isAlive, sendSignal, waitUntilGone } from "./tree.ts";

export interface BubblewrapOptions {
  limits?: Partial<JailLimits>;
  /** Between SIGTERM and SIGKILL when the signal aborts. */
  graceMs?: number;
  /** Where to look for bubblewrap, unshare and setpriv. */
  toolFolders?: string[];
}

/** Never starts anything outside the box; throws SandboxError instead. */
export function createBubblewrap(options: BubblewrapOptions = {}): Sandbox {
  const limits = { ...defaultLimits, ...options.limits };
  const graceMs = options.graceMs ?? 1_000;
  async function spawn(request: JailRequest): Promise<JailProcess> {
    checkProgram(request);
    const tools = findTools(options.toolFolders);
    const binds = await planBinds({ ...request, readOnly: [...request.readOnly, nodeFolder()] });
    if (request.signal.aborted) throw new SandboxError("refused", "aborted before the jail was started");
    const child = launch(tools, request, binds, limits);
    return await admit(child, request, graceMs);
  }
  return {
    kind: "bubblewrap",
    probe: async () => await probeSandbox(spawn, adoptForAccount),
    spawn,
    adopt: adoptForAccount,
  };
}

function checkProgram(request: JailRequest): void {
  const program = request.argv[0];
  const strings = [...request.argv, ...Object.entries(request.env).flat()];
  if (program === undefined || program === "" || program.startsWith("-")) {
    throw new SandboxError("invalid", "there is no program to run");
  }
  if (
    strings.some((part) => part.includes("\0")) ||
    Object.keys(request.env).some((name) => /^$|=/.test(name))
  ) {
    throw new SandboxError("invalid", "a NUL in the command, or a variable without a proper name");
  }
}

function findTools(folders: string[] | undefined): LaunchTools {
  const find = (name: string, packageName: string): string => {
    const path = findTool(name, folders);
    if (path === undefined)
      throw new SandboxError("missing", `${name} is not installed: ${installHint(packageName)}`);
    return path;
  };
  return {
    bubblewrap: find("bwrap", "bubblewrap"),
    unshare: find("unshare", "util-linux"),
    setpriv: find("setpriv", "util-linux"),
  };
}

function launch(tools: LaunchTools, request: JailRequest, binds: Bind[], limits: JailLimits): ChildProcess {
  const own = ["--args", String(descriptors.arguments), "--info-fd", String(descriptors.info)];
  const plan = planLaunch(tools, [...own, "--", ...doorArgv(limits, request.argv)], binds);
  const pipes = descriptors.firstFile + jailFiles.length;
  const masked = maskInherited(pipes);
  const child = spawnProcess(plan.file, plan.argv, {
    ...plan.identity,
    cwd: "/",
    env: {},
    stdio: [...Array.from({ length: pipes }, () => "pipe" as const), ...masked.stdio],
  });
  masked.close();
  child.on("error", () => undefined);
  pipeOf(child, descriptors.arguments).end(
    jailArguments(request, plan.binds, limits)
      .map((argument) => `${argument}\0`)
      .join(""),
  );
  for (const [index, file] of jailFiles.entries())
    pipeOf(child, descriptors.firstFile + index).end(file.content);
  return child;
}

/** Waits until the jail stands, opens its door and watches over its end. */
async function admit(child: ChildProcess, request: JailRequest, graceMs: number): Promise<JailProcess> {
  const [stdin, stdout, stderr, door] = [0, 1, 2, descriptors.door].map((fd) => pipeOf(child, fd));
  if (!stdin || !stdout || !stderr || !door || child.pid === undefined) throw spawnRefused();
  const pid = child.pid;
  const left = once(child, "exit");
  const giveUp = (): void => {
    sendSignal(pid, "SIGKILL");
  };
  request.signal.addEventListener("abort", giveUp, { once: true });
  const [stands, info] = await Promise.all([isReady(door), text(pipeOf(child, descriptors.info))]);
  request.signal.removeEventListener("abort", giveUp);
  const init = initOf(info);
  if (!stands || init === undefined || request.signal.aborted) {
    giveUp();
    const [complaint] = await Promise.all([text(stderr), left]);
    throw refusal(request.signal.aborted ? "aborted before the program was started" : complaint);
  }
  stdin.end(request.stdin);
  const exit = watch(left, init, request.signal, graceMs);
  door.end("go\n");
  return { pid, stdout: byteChunks(stdout), stderr: byteChunks(stderr), exit };
}

/** False when the jail ended without ever standing. */
async function isReady(door: Socket): Promise<boolean> {
  return await new Promise((resolve) => {
    door.once("data", () => {
      resolve(true);
    });
    door.once("close", () => {
      resolve(false);
    });
  });
}

/** The host's pid of the jail's first process; when it dies the kernel kills all others. */
function initOf(info: string): number | undefined {
  const pid = /"child-pid":\s*(\d+)/.exec(info)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

async function watch(
  left: Promise<unknown[]>,
  init: number,
  signal: AbortSignal,
  graceMs: number,
): Promise<JailExit> {
  let sent: "SIGTERM" | "SIGKILL" | undefined;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    // The jail is a process group of its own; its init, from outside, only hears SIGKILL.
    sent = "SIGTERM";
    sendSignal(-init, sent);
    timer = setTimeout(() => {
      sent = "SIGKILL";
      sendSignal(init, sent);
    }, graceMs);
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const [code] = await left;
  signal.removeEventListener("abort", end);
  clearTimeout(timer);
  // The program has ended; what it left in the background must not outlive it.
  sendSignal(init, "SIGKILL");
  await waitUntilGone(() => !isAlive(init));
  return exitOf(typeof code === "number" ? code : null, sent);
}

/** bubblewrap reports a signal as 128 + its number, as shells do; it is called a signal where we know that it was. */
function exitOf(code: number | null, sent: "SIGTERM" | "SIGKILL" | undefined): JailExit {
  if (code === null) return { code, signal: "SIGKILL" };
  const signal = (["SIGTERM", "SIGKILL"] as const).find((name) => code === 128 + constants.signals[name]);
  return sent !== undefined && signal !== undefined ? { code: null, signal } : { code, signal: null };
}

function refusal(complaint: string): SandboxError {
  const message = complaint.trim();
  return /namespace|uid map|loopback/i.test(message)
    ? new SandboxError("missing", `${message} (${namespaceHint()})`)
    : new SandboxError("refused", message === "" ? "the jail ended before it stood" : message);
}

const spawnRefused = (): SandboxError =>
  new SandboxError("refused", "the system refused to start another process");
