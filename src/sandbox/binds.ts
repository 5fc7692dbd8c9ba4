/** What of the host a jail may see: paths checked, links resolved, ordered so that the more specific bind wins. */
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, normalize } from "node:path";
import type { JailRequest } from "../ports/sandbox.ts";
import { SandboxError } from "../ports/sandbox.ts";
import { agentId, reachOf, type Reach } from "./account.ts";

export interface Bind {
  /** On the host, without symbolic links. */
  source: string;
  /** In the jail: the path as it was asked for. */
  target: string;
  access: "read" | "write";
  reach: Reach;
  isDirectory: boolean;
}

/** Always there and always read-only, so binds below it are dropped. */
const system = "/usr";
/** Made by the jail itself: a bind over one of them, or above it, would undo the box. */
const reserved = [
  "/",
  "/proc",
  "/sys",
  "/dev",
  "/etc",
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib64",
  "/tmp",
  "/run",
  "/home",
];
const closedTrees = ["/proc", "/sys", "/dev", "/usr", "/etc"];

/** Whether `path` is `folder` or below it, by segment. Both absolute and normalised. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** Throws SandboxError `invalid` or `refused`; returns binds in the order in which to make them. */
export async function planBinds(request: JailRequest): Promise<Bind[]> {
  const writable = await Promise.all(request.writable.map((path) => planWritable(path)));
  const readOnly = await Promise.all(
    request.readOnly.map((path) =>
      planReadOnly(
        path,
        writable.map((bind) => bind.target),
      ),
    ),
  );
  const cwd = absolute(request.cwd);
  if (!writable.some((bind) => isWithin(cwd, bind.target))) {
    throw new SandboxError("invalid", `the working directory ${cwd} is not in a writable folder`);
  }
  // Of two binds at one path the later counts, and that is the read-only one.
  const binds = [...writable, ...readOnly.filter((bind) => bind !== undefined)];
  return binds.toSorted((a, b) => depth(a.target) - depth(b.target));
}

async function planWritable(path: string): Promise<Bind> {
  const target = absolute(path);
  if (reserved.includes(target) || closedTrees.some((tree) => isWithin(target, tree))) {
    throw new SandboxError("refused", `${target} cannot be made writable`);
  }
  const source = await resolved(target);
  if (source !== target) {
    throw new SandboxError(
      "refused",
      `${target} leads through a symbolic link to ${source}: ask for that path`,
    );
  }
  const reach = await reachOf(source, "write");
  if (reach === "closed") {
    throw new SandboxError(
      "invalid",
      `${target} is not writable for the account ${String(agentId)} that jailed programs run under: adopt it first`,
    );
  }
  const found = await stat(source);
  if (!found.isDirectory()) throw new SandboxError("invalid", `${target} is not a folder`);
  return { source, target, access: "write", reach, isDirectory: true };
}

async function planReadOnly(path: string, writable: string[]): Promise<Bind | undefined> {
  const target = absolute(path);
  if (reserved.includes(target) && target !== system && !(await resolved(target)).startsWith(system)) {
    throw new SandboxError("refused", `${target} is the jail's own and cannot be bound`);
  }
  const source = await resolved(target);
  if (isWithin(source, system)) return undefined;
  if (["/proc", "/sys", "/dev"].some((tree) => isWithin(source, tree))) {
    throw new SandboxError("refused", `${source} is the jail's own and cannot be bound`);
  }
  if (source !== target && writable.some((folder) => isWithin(target, folder))) {
    throw new SandboxError("refused", `${target} is a symbolic link that a jailed program may have made`);
  }
  const isDirectory = (await stat(source)).isDirectory();
  const reach = await reachOf(source, "read");
  if (reach === "closed" && !isDirectory) {
    throw new SandboxError(
      "invalid",
      `${source} is not readable for the account ${String(agentId)} that jailed programs run under: chmod o+r it`,
    );
  }
  return { source, target, access: "read", reach, isDirectory };
}

function absolute(path: string): string {
  if (!isAbsolute(path) || path.includes("\0")) {
    throw new SandboxError("invalid", `${JSON.stringify(path)} is not an absolute path`);
  }
  const clean = normalize(path);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}

async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw new SandboxError("invalid", `${path} cannot be bound: it does not exist`, { cause });
  }
}

const depth = (path: string): number => path.split("/").length;
