/** Copies a workspace so that tests can write anywhere in the copy and nowhere in the original, dependencies included. */

import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * Without `.git`. A `node_modules` becomes a folder of links, one for each package: dependencies are
 * not copied, and what test programs put beside them (`.cache`, `.vite`) stays in the copy.
 */
export function copyWorkspace(workspace: string, target: string): void {
  const moduleFolders: string[] = [];
  cpSync(workspace, target, {
    recursive: true,
    verbatimSymlinks: true,
    filter(source) {
      const name = basename(source);
      if (source === workspace) return true;
      if (name === "node_modules") moduleFolders.push(source);
      return name !== ".git" && name !== "node_modules" && isCopyable(source);
    },
  });
  for (const folder of moduleFolders)
    shadow(folder, join(target, folder.slice(workspace.length)), workspace, target);
}

/** What one copy takes, in bytes; dependencies and the git directory count nothing. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    if (entry.name === ".git" || entry.name === "node_modules") return sum;
    if (entry.isDirectory()) return sum + sizeOf(path);
    return entry.isFile() ? sum + statSync(path).size : sum;
  }, 0);
}

function isCopyable(path: string): boolean {
  const stat = lstatSync(path);
  return stat.isFile() || stat.isDirectory() || stat.isSymbolicLink();
}

function shadow(folder: string, target: string, workspace: string, copy: string): void {
  if (!existsSync(folder)) return;
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const source = join(folder, entry.name);
    const place = join(target, entry.name);
    if (/^\.(cache|vite|vitest)/.test(entry.name)) continue;
    if (entry.isDirectory() && entry.name.startsWith("@")) shadow(source, place, workspace, copy);
    else if (entry.isSymbolicLink()) symlinkSync(linkIn(source, workspace, copy), place);
    else symlinkSync(source, place);
  }
}

/** A link to a package of the workspace itself must lead to the copy's, any other to where it led. */
function linkIn(link: string, workspace: string, copy: string): string {
  const goal = resolve(dirname(link), readlinkSync(link));
  const inWorkspace = goal.startsWith(`${workspace}/`) && !goal.includes("/node_modules/");
  return inWorkspace ? join(copy, goal.slice(workspace.length)) : goal;
}
