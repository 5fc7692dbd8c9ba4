/**
 * No box: programs run as the runner's own account, with its network and files. Only for people who chose it.
 * What still holds: the environment is empty but for what was asked, and a run's processes end with it: its
 * process group, and whatever left the group, found by a variable that every child inherits. A program that
 * empties its environment and leaves its group escapes; so do children of a runner that is killed with SIGKILL.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { constants } from "node:fs";
import { chmod, cp, lstat, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { JailExit, JailProcess, JailRequest, Sandbox } from "../ports/sandbox.ts";
import { SandboxError } from "../ports/sandbox.ts";
import { byteChunksUntil } from "./descriptors.ts";
import { prepareMountPoint } from "./mountPoint.ts";
import { mountsOf } from "./mounts.ts";
import { startOnPipes } from "./pipes.ts";
import { nodeFolder } from "./profile.ts";
import { findTree, sendSignal, waitUntilGone } from "./tree.ts";

/** Runs programs outside any box. `graceMs` lies between SIGTERM and SIGKILL when the signal aborts. */
export function createNoSandbox(options: { graceMs?: number } = {}): Sandbox {
  return {
    kind: "none",
    probe: async () =>
      await Promise.resolve({ ok: true, detail: "no box: programs run with all the rights of this account" }),
    adopt: async () => {
      // The runner's account is already the one that programs run under.
    },
    spawn: async (request) => await spawnBare(request, options.graceMs ?? 1_000),
  };
}

async function spawnBare(request: JailRequest, graceMs: number): Promise<JailProcess> {
  const [program, ...args] = request.argv;
  if (program === undefined || program === "")
    throw new SandboxError("invalid", "there is no program to run");
  if (request.signal.aborted) throw new SandboxError("refused", "aborted before the program was started");
  await copyMounts(request);
  const marker = randomUUID();
  const { child, stdout, stderr } = await startOnPipes(program, args, request.stdin, {
    cwd: request.cwd,
    env: {
      PATH: `${nodeFolder()}:${process.env["PATH"] ?? "/usr/bin:/bin"}`,
      HOME: homedir(),
      TMPDIR: tmpdir(),
      ...request.env,
      HOUSTON_JAIL: marker,
    },
    stdio: [],
    detached: true,
  });
  if (child.pid === undefined) {
    throw new SandboxError(
      "invalid",
      `${program} could not be started in ${request.cwd}: is either missing?`,
    );
  }
  const left = once(child, "exit");
  const exit = watch(left, child.pid, `HOUSTON_JAIL=${marker}`, request.signal, graceMs);
  return {
    pid: child.pid,
    stdout: byteChunksUntil(stdout, exit),
    stderr: byteChunksUntil(stderr, exit),
    exit,
  };
}

/** Without a box there is nothing to mount with: the program gets copies that are its own, new ones each time. */
async function copyMounts(request: JailRequest): Promise<void> {
  const { workspace, list } = mountsOf(request);
  for (const { source, path } of list) {
    const target = join(workspace, path);
    await prepareMountPoint(workspace, path);
    try {
      await rm(target, { recursive: true });
      await cp(source, target, {
        recursive: true,
        verbatimSymlinks: true,
        mode: constants.COPYFILE_FICLONE,
      });
      await makeWritable(target);
    } catch (cause) {
      throw new SandboxError("invalid", `${source} could not be copied to ${target}: ${String(cause)}`, {
        cause,
      });
    }
  }
}

/** Files of what is sealed are read-only, and so are their copies. */
async function makeWritable(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeWritable(path);
    else if (entry.isFile()) await chmod(path, (await lstat(path)).mode | 0o200);
  }
}

async function watch(
  left: Promise<unknown[]>,
  pid: number,
  marker: string,
  signal: AbortSignal,
  graceMs: number,
): Promise<JailExit> {
  let timer: NodeJS.Timeout | undefined;
  const sendAll = (name: NodeJS.Signals): number => {
    const members = findTree(pid, marker);
    for (const member of [-pid, ...members]) sendSignal(member, name);
    return members.length;
  };
  const end = (): void => {
    sendAll("SIGTERM");
    timer = setTimeout(() => sendAll("SIGKILL"), graceMs);
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const [code, name] = await left;
  signal.removeEventListener("abort", end);
  clearTimeout(timer);
  await waitUntilGone(() => sendAll("SIGKILL") === 0);
  return { code: typeof code === "number" ? code : null, signal: typeof name === "string" ? name : null };
}
