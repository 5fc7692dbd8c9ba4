/**
 * Names that come from outside (missions, folders, branches, entries of a tree) and what is allowed
 * in them. Entries are byte strings (latin1): file names need not be UTF-8.
 */
import { isUtf8 } from "node:buffer";
import { WorkspaceError } from "../ports/workspace.ts";

/** A single harmless path segment, or an error. */
export function segment(what: string, name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) {
    throw new WorkspaceError(
      "git",
      `not a usable ${what}: ${JSON.stringify(name)} (letters, digits, ".", "_", "-")`,
    );
  }
  return name;
}

/** A full object id, as found in events. */
export function objectId(what: string, id: string): string {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) {
    throw new WorkspaceError("missingSnapshot", `not a ${what}: ${JSON.stringify(id)}`);
  }
  return id;
}

/**
 * Plain ASCII without anything a shell, an option parser or git's revision syntax would read. The
 * rest (`..`, `.lock`, `//`, …) is left to `git check-ref-format`.
 */
export function plainBranchName(branch: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._/+=-]{0,199}$/.test(branch) || branch === "HEAD") {
    throw new WorkspaceError(
      "git",
      `not a usable branch name: ${JSON.stringify(branch)} (letters, digits and "._/+=-", starting with a letter or digit)`,
    );
  }
  return branch;
}

/** Characters that some file systems ignore in names. */
const ignorable = /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/**
 * Whether a name is `.git` to git on any platform: letter case, trailing dots and spaces, streams,
 * short names and invisible characters included. Git refuses such names in a tree.
 */
export function isGitDirectoryName(name: string): boolean {
  if (!/g/i.test(name) || name.length > 64) return false;
  const plain = Buffer.from(name, "latin1").toString("utf8").replace(ignorable, "").toLowerCase();
  return /^(?:\.git|git~\d+)(?:[ .]*(?:$|:)|\\)/.test(plain);
}

/** What git and the kernel can open again. */
export const maxPathBytes = 4000;

/** Refuses a tree entry that would leave the folder or land in a git directory. */
export function assertSafePath(path: string): void {
  for (const part of path.split("/")) {
    if (part === "" || part === "." || part === ".." || isGitDirectoryName(part)) {
      throw new WorkspaceError("git", `a path that git refuses in a tree: ${JSON.stringify(pathText(path))}`);
    }
  }
}

/**
 * A tree's path (a byte string) as text. One that is not UTF-8 has each of its bytes above 127 as a lone
 * surrogate, U+DC80 to U+DCFF, so that `pathBytes` finds it again and JSON carries it.
 */
export function pathText(path: string): string {
  const bytes = Buffer.from(path, "latin1");
  if (isUtf8(bytes)) return bytes.toString("utf8");
  return path.replace(/[\u0080-\u00ff]/g, (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0)));
}

/** The byte string of a path from outside; see `pathText`. */
export function pathBytes(text: string): string {
  if (text.isWellFormed()) return Buffer.from(text, "utf8").toString("latin1");
  // Its characters' lower halves are the bytes again.
  return Buffer.from(text, "latin1").toString("latin1");
}

/** The byte string of a path to be written; refuses what is absolute, leaves the folder or lands in a git directory. */
export function pathToWrite(text: string): string {
  const path = pathBytes(text);
  if (path.includes("\0") || path.length > maxPathBytes) {
    throw new WorkspaceError("git", `not a usable path: ${JSON.stringify(text.slice(0, 200))}`);
  }
  assertSafePath(path);
  return path;
}
