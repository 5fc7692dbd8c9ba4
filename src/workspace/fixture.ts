/** A user's repository and Houston's directory in a temporary place, for the tests of this folder. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { OverlayFile, Workspaces } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { AppliesChanges } from "./apply.ts";
import { createWorkspaces } from "./workspaces.ts";

export const missionId = "01890000-0000-7000-8000-000000000001";

/** The user's git: no configuration of the machine, but everything the repository says. */
export function gitIn(directory: string, ...args: string[]): string {
  const settings = [
    "-c",
    "user.name=u",
    "-c",
    "user.email=u@x",
    "-c",
    "init.defaultBranch=main",
    "-c",
    "safe.directory=*",
  ];
  return execFileSync("git", [...settings, ...args], {
    cwd: directory,
    env: {
      PATH: process.env["PATH"] ?? "",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      LC_ALL: "C",
    },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "latin1",
  }).trim();
}

export function put(directory: string, path: string, content: string | Uint8Array, mode?: number): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), content);
  if (mode !== undefined) chmodSync(join(directory, path), mode);
}

export function link(directory: string, path: string, target: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  symlinkSync(target, join(directory, path));
}

/** Every entry but the top git directory, names as bytes (latin1): content, executable bit, link target. */
export function contents(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  const at = (path: string): Buffer =>
    Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, "latin1")]);
  const visit = (prefix: string): void => {
    const names = readdirSync(at(prefix), { encoding: "buffer" }).map((name) => name.toString("latin1"));
    for (const name of names.sort()) {
      const path = prefix === "" ? name : `${prefix}/${name}`;
      if (path === ".git") continue;
      const stat = lstatSync(at(path));
      if (stat.isDirectory()) visit(path);
      else if (stat.isSymbolicLink()) found[path] = `-> ${readlinkSync(at(path))}`;
      else
        found[path] = `${(stat.mode & 0o100) === 0 ? "" : "x "}${readFileSync(at(path)).toString("latin1")}`;
    }
  };
  visit("");
  return found;
}

/**
 * Runs some work and gives the paths it synced, in order; `look` is called before each sync. What git syncs itself
 * is not among them.
 */
export async function syncsOf(
  work: () => Promise<unknown>,
  look: (path: string) => void = () => {},
): Promise<string[]> {
  const some = await open("/");
  const handles = Object.getPrototypeOf(some) as FileHandle;
  await some.close();
  const sync = Reflect.get(handles, "sync");
  const paths: string[] = [];
  handles.sync = async function (this: FileHandle) {
    const path = readlinkSync(`/proc/self/fd/${this.fd}`);
    look(path);
    await sync.call(this);
    paths.push(path);
  };
  try {
    await work();
    return paths;
  } finally {
    handles.sync = sync;
  }
}

/**
 * Makes everything in a folder belong to somebody else while the work runs: really as root, and otherwise by having
 * git believe so, which is what it would refuse.
 */
export async function ownedByAnother<T>(directory: string, work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() === 0) {
    execFileSync("chown", ["-hR", "65534:65534", directory]);
    return await work();
  }
  const path = process.env["PATH"] ?? "";
  const bin = mkdtempSync(join(tmpdir(), "houston-git-"));
  const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  const script = `#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec '${real}' "$@"\n`;
  writeFileSync(join(bin, "git"), script, { mode: 0o755 });
  process.env["PATH"] = `${bin}:${path}`;
  try {
    return await work();
  } finally {
    process.env["PATH"] = path;
    rmSync(bin, { recursive: true });
  }
}

export class Fixture {
  readonly root = mkdtempSync(join(tmpdir(), "houston-workspace-"));
  readonly user = join(this.root, "user");
  readonly directory = join(this.root, "houston");
  readonly workspaces: Workspaces & AppliesChanges;

  constructor(adopt?: (directory: string) => Promise<void>) {
    mkdirSync(this.user);
    gitIn(this.user, "init", "-q");
    this.workspaces = createWorkspaces({
      directory: this.directory,
      ...(adopt === undefined ? {} : { adopt }),
    });
  }

  commit(message = "work"): string {
    gitIn(this.user, "add", "-A", "-f");
    gitIn(this.user, "commit", "-q", "-m", message);
    return gitIn(this.user, "rev-parse", "HEAD");
  }

  async prepare(base = "HEAD"): Promise<Snapshot> {
    return await this.workspaces.prepare({ missionId, repositoryPath: this.user, base });
  }

  async folder(snapshot: Snapshot, name = "work"): Promise<string> {
    return (await this.workspaces.materialise({ missionId, name, snapshot })).directory;
  }

  async capture(directory: string, parent: Snapshot): Promise<Snapshot> {
    return await this.workspaces.capture({ missionId, directory, parent, message: "captured" });
  }

  async overlay(snapshot: Snapshot, ...files: OverlayFile[]): Promise<Snapshot> {
    return await this.workspaces.overlay({ missionId, snapshot, files, message: "laid over" });
  }

  /** Git in the mission's own repository. */
  bare(...args: string[]): string {
    return gitIn(join(this.directory, missionId, "repo.git"), ...args);
  }

  async deliver(branch: string, snapshot: Snapshot, repositoryPath = this.user): Promise<void> {
    await this.workspaces.deliver({ missionId, repositoryPath, branch, snapshot });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
