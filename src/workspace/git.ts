/**
 * Runs git: argv only, an environment of our own, explicit directories, and nothing that a
 * repository's configuration could make it execute.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { devNull } from "node:os";
import type { Readable, Writable } from "node:stream";
import { WorkspaceError } from "../ports/workspace.ts";

/** Which repository a command is about. Always said, never discovered. */
export interface GitPlace {
  gitDir: string;
  /** Differs from `gitDir` in a linked worktree. */
  commonDir?: string;
  workTree?: string;
  indexFile?: string;
}

export interface GitCommand {
  args: string[];
  /** Where it runs; harmless by itself because `place` is explicit. */
  cwd: string;
  /** Absent only while the user's repository is being found. */
  place?: GitPlace;
  /** Further `name=value` configuration. */
  config?: string[];
  env?: Record<string, string>;
  stdin?: string | Uint8Array;
  /** Standard output beyond this is dropped, and `cut` is true. */
  maxOutputBytes?: number;
}

export interface GitResult {
  code: number;
  stdout: Buffer;
  stderr: string;
  cut: boolean;
}

export type GitProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** Git streams larger files instead of holding them in memory. */
export const bigFileThreshold = "16m";

/**
 * What every command runs with. `core.alternateRefsCommand` and hooks would be run by fetch and
 * update-ref, the file system monitor by whatever reads an index.
 */
const configuration = [
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "core.alternateRefsCommand=:",
  "core.fsync=all",
  "core.fsyncMethod=fsync",
  "core.quotePath=true",
  `core.bigFileThreshold=${bigFileThreshold}`,
  "gc.auto=0",
  "maintenance.auto=false",
  "protocol.version=2",
  "submodule.recurse=false",
  "advice.detachedHead=false",
];

const maxErrorBytes = 16 * 1024;

function environment(command: GitCommand): Record<string, string> {
  const env: Record<string, string> = {
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: devNull,
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
    // Overrides any protocol.*.allow: a partial clone must not fetch what it lacks behind our back, for
    // which git before 2.45 knows no other way.
    GIT_ALLOW_PROTOCOL: "none",
    GIT_OPTIONAL_LOCKS: "0",
  };
  const { place } = command;
  if (place !== undefined) {
    env["GIT_DIR"] = place.gitDir;
    env["GIT_COMMON_DIR"] = place.commonDir ?? place.gitDir;
    env["GIT_INDEX_FILE"] = place.indexFile ?? `${command.cwd}/no-index`;
    if (place.workTree !== undefined) env["GIT_WORK_TREE"] = place.workTree;
  }
  return { ...env, ...command.env };
}

/** Starts git with pipes; the caller drains both outputs. */
export function startGit(command: GitCommand): GitProcess {
  const settings = [...configuration, ...(command.config ?? [])].flatMap((entry) => ["-c", entry]);
  return spawn("git", [...settings, ...command.args], {
    cwd: command.cwd,
    env: environment(command),
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** For a fetch from a folder: no ext::, no ssh, no http, whatever a repository rewrites. */
export const fetchFromFolder = { GIT_ALLOW_PROTOCOL: "file" };

/** Resolves with the exit code (128 for a signal); rejects only when git could not be started. */
export async function gitExit(child: GitProcess): Promise<number> {
  return await new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const missing = "code" in cause && cause.code === "ENOENT";
      const message = missing
        ? "git is not installed: apt-get install git"
        : `git did not start: ${cause.message}`;
      reject(new WorkspaceError("git", message, { cause }));
    });
    child.once("close", (code) => {
      resolve(code ?? 128);
    });
  });
}

/** Keeps the first bytes of a stream and drains the rest. */
export function collect(stream: Readable, maxBytes: number): { bytes: () => Buffer; cut: () => boolean } {
  const chunks: Buffer[] = [];
  let size = 0;
  let cut = false;
  stream.on("data", (chunk: Buffer) => {
    const room = maxBytes - size;
    if (chunk.length > room) cut = true;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    size += Math.min(chunk.length, Math.max(room, 0));
  });
  return { bytes: () => Buffer.concat(chunks), cut: () => cut };
}

/** Runs git to its end. A nonzero exit is in the result. */
export async function tryGit(command: GitCommand): Promise<GitResult> {
  const child = startGit(command);
  const out = collect(child.stdout, command.maxOutputBytes ?? 1024 * 1024 * 1024);
  const err = collect(child.stderr, maxErrorBytes);
  // Git may end before it has read its input; its exit says why.
  child.stdin.on("error", () => undefined);
  child.stdin.end(command.stdin ?? "");
  const code = await gitExit(child);
  return { code, stdout: out.bytes(), stderr: readable(err.bytes()), cut: out.cut() };
}

/** Runs git to its end and gives its output; a nonzero exit is a WorkspaceError. */
export async function git(command: GitCommand): Promise<Buffer> {
  const result = await tryGit(command);
  if (result.code !== 0) throw gitFailed(command.args[0] ?? "", result);
  return result.stdout;
}

export function gitFailed(what: string, result: { code: number; stderr: string }): WorkspaceError {
  const message = `git ${what} ended with ${result.code}: ${result.stderr || "no message"}`;
  return new WorkspaceError(saysDiskFull(result.stderr) ? "diskFull" : "git", message);
}

export function saysDiskFull(stderr: string): boolean {
  return /No space left on device|quota exceeded/i.test(stderr);
}

/** Git's words without control characters, which could come from names an agent chose. */
export function readable(bytes: Uint8Array): string {
  return (
    Buffer.from(bytes)
      .toString("utf8")
      // oxlint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "?")
      .trim()
  );
}

/** One line of output without its newline. */
export const line = (bytes: Buffer): string => bytes.toString("utf8").replace(/\n$/, "");
