/** Whether the box holds on this machine: starts one and looks from inside. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { JailProcess, JailRequest, SandboxReport } from "../ports/sandbox.ts";
import { SandboxError } from "../ports/sandbox.ts";
import { systemCallFilter } from "./seccomp.ts";

/** Prints what does not hold. core_pattern is opened for appending and nothing written: harmless if it works. */
const questions = `
[ "$(id -u)" != 0 ] || echo "jailed programs run as uid 0"
! (: >>/proc/sys/kernel/core_pattern) 2>/dev/null || echo "/proc/sys is writable"
[ "$(grep -c : /proc/net/dev)" = 1 ] && grep -q lo: /proc/net/dev || echo "there is a network"
! tr '\\0' '\\n' </proc/1/environ 2>/dev/null | grep -q = || echo "the runner's environment shows"
! unshare --user true 2>/dev/null || echo "namespaces can be made inside"
${systemCallFilter() === undefined ? "true" : "grep -q '^Seccomp:[[:space:]]*2' /proc/self/status"} || echo "system calls are not filtered"
! (: >/houston-probe) 2>/dev/null || echo "the root folder is writable"
: >./here || echo "the workspace is not writable"
`;

export async function probeSandbox(
  spawn: (request: JailRequest) => Promise<JailProcess>,
  adopt: (directory: string) => Promise<void>,
): Promise<SandboxReport> {
  let directory: string | undefined;
  try {
    directory = await mkdtemp(join(tmpdir(), "houston-probe-"));
    await adopt(directory);
    const jail = await spawn({
      argv: ["sh", "-c", questions],
      cwd: directory,
      writable: [directory],
      readOnly: [],
      env: {},
      stdin: new Uint8Array(),
      signal: AbortSignal.timeout(10_000),
    });
    const [holes, noise, exit] = await Promise.all([text(jail.stdout), text(jail.stderr), jail.exit]);
    if (holes !== "") return { ok: false, detail: `the box leaks: ${holes.trim().replaceAll("\n", "; ")}` };
    if (exit.code !== 0) return { ok: false, detail: `the box does not work: ${noise.trim()}` };
    return { ok: true, detail: "bubblewrap: own account, no network, no environment, read-only system" };
  } catch (error) {
    if (error instanceof SandboxError) return { ok: false, detail: error.message };
    return { ok: false, detail: `the box could not be tried: ${String(error)}` };
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}
