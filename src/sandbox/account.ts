/**
 * Who jailed programs run as. A runner that is root drops them to an account of their own, because uid 0
 * inside a user namespace keeps the powers of uid 0 over the host's /proc/sys; any other runner is the account.
 */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { promisify } from "node:util";
import { SandboxError } from "../ports/sandbox.ts";

/** Belongs to nobody on any distribution we know; inside the box it is called `agent`. */
export const agentId = 61_234;

/** Null when the runner is not root: then jailed programs share the runner's own account. */
export function droppedAccount(): { uid: number; gid: number } | null {
  return process.getuid?.() === 0 ? { uid: agentId, gid: agentId } : null;
}

/** How the account can use a path: as it is, not through its parents, or not the thing itself. */
export type Reach = "open" | "hiddenByParent" | "closed";

const read = 4;
const write = 2;
const enter = 1;

/**
 * Looks at permission bits only; access lists are left to the kernel, whose refusal is reported as it is.
 * `path` has no symbolic links.
 */
export async function reachOf(path: string, access: "read" | "write"): Promise<Reach> {
  const account = droppedAccount();
  if (account === null) return "open";
  const target = await stat(path);
  const wanted = read | (access === "write" ? write : 0) | (target.isDirectory() ? enter : 0);
  if (!allows(target, wanted, account)) return "closed";
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    if (!allows(await stat(parent), enter, account)) return "hiddenByParent";
    if (parent === dirname(parent)) return "open";
  }
}

function allows(
  node: { mode: number; uid: number; gid: number },
  wanted: number,
  account: { uid: number; gid: number },
): boolean {
  const shift = node.uid === account.uid ? 6 : node.gid === account.gid ? 3 : 0;
  return ((node.mode >> shift) & wanted) === wanted;
}

/**
 * Gives a folder and what is in it to the account. `chown -R` walks on descriptors, so a link swapped in
 * meanwhile is not followed; nothing happens when the runner is not root.
 */
export async function adoptForAccount(directory: string): Promise<void> {
  const account = droppedAccount();
  if (account === null) return;
  if (!isAbsolute(directory)) throw new SandboxError("invalid", `${directory} is not an absolute path`);
  const owner = `${String(account.uid)}:${String(account.gid)}`;
  try {
    await promisify(execFile)("chown", ["--recursive", "-P", "--no-dereference", "--", owner, directory]);
  } catch (cause) {
    throw new SandboxError("refused", `${directory} could not be given to the account ${owner}`, { cause });
  }
}
