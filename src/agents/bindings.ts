/** Which files of the host a program agent may read: what its specification lists and what its command names. */
import { realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, normalize } from "node:path";

/** Folders that hold everything and everybody's: of a program in one of them, the file alone is shown. */
const shared = ["/", "/tmp", "/var/tmp", "/home", "/root", "/var", "/etc", "/opt", "/srv", "/mnt", "/media"];

/**
 * The folder of every file that `command` names absolutely, so that a script finds what lies beside it, and every
 * folder it names. Not a folder that holds the workspace: there lies what no agent may read.
 */
export async function readOnlyFor(command: string[], listed: string[], workspace: string): Promise<string[]> {
  const named = await Promise.all(
    command.filter((part) => isAbsolute(part)).map((part) => foldersOf(part, workspace)),
  );
  return [...new Set([...listed, ...named.flat()])];
}

async function foldersOf(path: string, workspace: string): Promise<string[]> {
  const clean = normalize(path);
  if (contains(workspace, clean)) return [];
  try {
    const target = await realpath(clean);
    const isFolder = (await stat(target)).isDirectory();
    if (isFolder) return isTooMuch(clean, workspace) ? [] : [clean];
    return [...new Set([clean, target])].map((file) =>
      isTooMuch(dirname(file), workspace) ? file : dirname(file),
    );
  } catch {
    // Not there on the host: then it names something inside the jail.
    return [];
  }
}

const isTooMuch = (folder: string, workspace: string): boolean =>
  shared.includes(folder) || contains(folder, homedir()) || contains(folder, workspace);

/** Whether `path` is `folder` or below it. */
const contains = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
