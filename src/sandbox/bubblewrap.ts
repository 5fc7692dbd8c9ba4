/**
 * The box: one bubblewrap jail per command, in namespaces of its own (user, pid, net, ipc, uts, cgroup), without
 * capabilities, network (unless asked for), environment or descriptors, under an account that is never uid 0 and a
 * filter of system calls. The profile was found by experiment on Debian 12; design/security.md lists what it must
 * refuse and bubblewrap.test.ts proves it.
 *
 * A jail is held at its door until the runner says "go", and it says so only once every process of the jail is
 * tied to the runner's life (`--die-with-parent`). So there is no moment at which killing the runner leaves a
 * program behind, and a jail that cannot be built is an error of `spawn`, not of the program.
 *
 * (`--info-fd` would break that: writing to a dead runner kills bubblewrap between two steps of its start, and its
 * child then waits for ever.)
 *
 * Jails die with the thread that started them: spawn from the main thread.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { text } from "node:stream/consumers";
import type { JailExit, JailProcess, JailRequest, Sandbox } from "../ports/sandbox.ts";
import { SandboxError } from "../ports/sandbox.ts";
import { adoptForAccount } from "./account.ts";
import { planBinds, type Bind } from "./binds.ts";
import { byteChunks, maskInherited, pipeOf } from "./descriptors.ts";
import { missingMounts, planMounts, type MountPlan } from "./mounts.ts";
import { startOnPipes, type PipedProgram } from "./pipes.ts";
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
import { systemCallFilter } from "./seccomp.ts";
import { planLaunch, type LaunchTools } from "./staging.ts";
import { childOf, identify, isAlive, sendSignal, waitUntilGone, type ProcessIdentity } from "./tree.ts";

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
    const mounts = await planMounts(request);
    if (request.signal.aborted) throw new SandboxError("refused", "aborted before the jail was started");
    const program = await launch(tools, request, binds, mounts, limits);
    return await admit(program, request, mounts, graceMs);
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

async function launch(
  tools: LaunchTools,
  request: JailRequest,
  binds: Bind[],
  mounts: MountPlan,
  limits: JailLimits,
): Promise<PipedProgram> {
  const own = ["--args", String(descriptors.arguments)];
  const all = [...binds, ...mounts.binds];
  const plan = planLaunch(tools, [...own, "--", ...doorArgv(limits, request.argv)], all);
  const files = jailFiles(request.network === true);
  const piped = ["door", "arguments", ...files, "filter"].map(() => "pipe" as const);
  const masked = maskInherited(3 + piped.length);
  const options = { ...plan.identity, cwd: "/", env: {}, stdio: [...piped, ...masked.stdio] };
  const program = await startOnPipes(plan.file, plan.argv, request.stdin, options).finally(masked.close);
  const jail = jailArguments(request, plan.binds, mounts.caches, limits);
  pipeOf(program.child, descriptors.arguments).end(jail.map((argument) => `${argument}\0`).join(""));
  for (const [index, file] of files.entries()) {
    pipeOf(program.child, descriptors.firstFile + index).end(file.content);
  }
  pipeOf(program.child, descriptors.filter).end(systemCallFilter() ?? "");
  return program;
}

/** Waits until the jail stands, opens its door and watches over its end. */
async function admit(
  program: PipedProgram,
  request: JailRequest,
  mounts: MountPlan,
  graceMs: number,
): Promise<JailProcess> {
  const { child, stdout, stderr } = program;
  const { pid } = child;
  if (pid === undefined) throw new SandboxError("refused", "the system refused to start another process");
  const door = pipeOf(child, descriptors.door);
  const left = once(child, "exit");
  // Shutting the door ends a jail at every stage of its making; a kill is only for one that hangs.
  const giveUp = (): void => {
    door.destroy();
    setTimeout(() => {
      if (child.exitCode === null && child.signalCode === null) sendSignal(pid, "SIGKILL");
    }, graceMs).unref();
  };
  request.signal.addEventListener("abort", giveUp, { once: true });
  const stands = await isReady(door);
  request.signal.removeEventListener("abort", giveUp);
  // The jail's first process, by its pid on the host: when it dies, the kernel kills all others.
  const init = identify(childOf(pid));
  if (!stands || init === undefined || request.signal.aborted) {
    giveUp();
    const [complaint] = await Promise.all([text(stderr), left]);
    throw refusal(request.signal.aborted ? "aborted before the program was started" : complaint);
  }
  const missing = missingMounts(init.pid, mounts.binds);
  if (missing.length > 0) {
    giveUp();
    await left;
    throw new SandboxError("refused", `what is sealed does not stand at ${missing.join(", ")}`);
  }
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

async function watch(
  left: Promise<unknown[]>,
  init: ProcessIdentity,
  signal: AbortSignal,
  graceMs: number,
): Promise<JailExit> {
  let sent: "SIGTERM" | "SIGKILL" | undefined;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    // The jail is a process group of its own; its init, from outside, only hears SIGKILL.
    sent = "SIGTERM";
    if (isAlive(init)) sendSignal(-init.pid, sent);
    timer = setTimeout(() => {
      sent = "SIGKILL";
      if (isAlive(init)) sendSignal(init.pid, sent);
    }, graceMs);
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const [code, ownSignal] = await left;
  signal.removeEventListener("abort", end);
  clearTimeout(timer);
  // The program has ended; what it left in the background must not outlive it.
  if (isAlive(init)) sendSignal(init.pid, "SIGKILL");
  await waitUntilGone(() => !isAlive(init));
  if (typeof code === "number") return exitOf(code, sent);
  return { code: null, signal: typeof ownSignal === "string" ? ownSignal : "SIGKILL" };
}

/** bubblewrap reports a signal as 128 + its number, as shells do; it is called a signal where we know that it was. */
function exitOf(code: number, sent: "SIGTERM" | "SIGKILL" | undefined): JailExit {
  const signal = (["SIGTERM", "SIGKILL"] as const).find((name) => code === 128 + constants.signals[name]);
  return sent !== undefined && signal !== undefined ? { code: null, signal } : { code, signal: null };
}

function refusal(complaint: string): SandboxError {
  const message = complaint.trim();
  return /namespace|uid map|loopback/i.test(message)
    ? new SandboxError("missing", `${message} (${namespaceHint()})`)
    : new SandboxError("refused", message === "" ? "the jail ended before it stood" : message);
}
