/**
 * Sealed folders inside a jail's workspace: which binds they are, where tools get a cache to write in, and whether
 * they stand where they should once the jail does.
 */
import { readFileSync } from "node:fs";
import { lstat, readdir, realpath } from "node:fs/promises";
import { isAbsolute, join, normalize } from "node:path";
import type { JailRequest, Mount } from "../ports/sandbox.ts";
import { SandboxError } from "../ports/sandbox.ts";
import { reachOf } from "./account.ts";
import { isWithin, type Bind } from "./binds.ts";
import { prepareMountPoint } from "./mountPoint.ts";

export interface MountPlan {
  /** In the order in which to make them, after all others. */
  binds: Bind[];
  /** Paths in the jail that get an empty, private file system of their own, after the binds. */
  caches: string[];
}

/** What a request asks to be mounted, checked: paths normalised and inside the workspace, outermost first. Throws SandboxError. */
export function mountsOf(request: JailRequest): { workspace: string; list: Mount[] } {
  if (request.mounts === undefined) return { workspace: "", list: [] };
  const workspace = normalize(request.mounts.workspace);
  if (!request.writable.some((folder) => normalize(folder) === workspace)) {
    throw new SandboxError("invalid", `mounts need a writable folder, and ${workspace} is none`);
  }
  const list = request.mounts.list.map(({ source, path }) => {
    const clean = normalize(path).replace(/\/$/, "");
    const first = clean.split("/")[0] ?? "";
    if (
      isAbsolute(path) ||
      path.includes("\0") ||
      ["", ".", ".."].includes(first) ||
      /^\.git$/i.test(first)
    ) {
      throw new SandboxError("invalid", `nothing can be mounted at ${JSON.stringify(path)} in a workspace`);
    }
    if (!isAbsolute(source)) throw new SandboxError("invalid", `${source} is not an absolute path`);
    return { source, path: clean };
  });
  return { workspace, list: list.toSorted((a, b) => a.path.length - b.path.length) };
}

/** Prepares the workspace for its mounts and says how to make them. Throws SandboxError. */
export async function planMounts(request: JailRequest): Promise<MountPlan> {
  const plan: MountPlan = { binds: [], caches: [] };
  const { workspace, list } = mountsOf(request);
  for (const mount of list) {
    const source = await sealedFolder(mount.source, request.writable);
    const target = join(workspace, mount.path);
    const reach = await reachOf(source, "read");
    await prepareMountPoint(workspace, mount.path);
    plan.binds.push({ source, target, access: "read", reach, isDirectory: true });
    plan.caches.push(...(await cachesIn(source)).map((name) => join(target, name)));
  }
  return plan;
}

/** Where a mount comes from, without symbolic links; never from where a jailed program may write. */
async function sealedFolder(path: string, writable: readonly string[]): Promise<string> {
  const source = await realpath(path).catch(() => undefined);
  if (source === undefined || !(await lstat(source)).isDirectory()) {
    throw new SandboxError("invalid", `${path} cannot be mounted: there is no such folder`);
  }
  if (writable.some((folder) => isWithin(source, normalize(folder)))) {
    throw new SandboxError("refused", `${path} cannot be mounted: the program may write in it`);
  }
  return source;
}

/** Empty hidden folders at the top, which were made for tools to write in; one with content is shown as it is. */
async function cachesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const hidden = entries.filter((entry) => entry.isDirectory() && entry.name.startsWith("."));
  const sizes = await Promise.all(hidden.map(async ({ name }) => (await readdir(join(folder, name))).length));
  return hidden.filter((_, index) => sizes[index] === 0).map((entry) => entry.name);
}

/**
 * Mounts that a jail does not have, or has writable. Between the preparing of a workspace and its jail somebody may
 * have put a link at a mount's place; then the mount stands wherever that led.
 */
export function missingMounts(pid: number, binds: readonly Bind[]): string[] {
  if (binds.length === 0) return [];
  const options = new Map<string, string[]>();
  for (const line of mountTable(pid).split("\n")) {
    // See proc(5): id, parent, device, root, mount point, options.
    const [, , , , point = "", flags = ""] = line.split(" ");
    const path = point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    options.set(path, flags.split(","));
  }
  // The table is bytes, which were read as latin1.
  const isReadOnly = (path: string): boolean =>
    options.get(Buffer.from(path).toString("latin1"))?.includes("ro") === true;
  return binds.map((bind) => bind.target).filter((path) => !isReadOnly(path));
}

function mountTable(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/mountinfo`, "latin1");
  } catch {
    return "";
  }
}
