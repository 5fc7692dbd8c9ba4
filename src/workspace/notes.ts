/**
 * Says in plain words what is unusual about a repository before a mission starts in it, and what Houston does
 * about each: for people, who would otherwise find out from a result they did not expect.
 */
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { readSmall } from "./contents.ts";
import { git, line, tryGit } from "./git.ts";
import { pathText } from "./names.ts";
import { type Listing, listTree } from "./objects.ts";
import { countMissing, findUserRepository, resolveBase, type UserRepository } from "./userRepository.ts";

export interface RepositoryNote {
  kind:
    | "submodules"
    | "nestedRepositories"
    | "lfs"
    | "filters"
    | "shallow"
    | "partialClone"
    | "sparseCheckout";
  /** What is there, as a sentence. */
  found: string;
  /** What Houston does about it, as a sentence. */
  houston: string;
  /** How many there are, where they can be counted; 1 otherwise. */
  count: number;
  /** Some of the paths it is about. */
  examples: string[];
}

export interface RepositoryNotes {
  /** The commit that the base names now. */
  commit: string;
  notes: RepositoryNote[];
}

const maxExamples = 10;
/** A pointer file of Git LFS is smaller than this: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const maxPointerBytes = 1024;
const pointerStart = "version https://git-lfs.github.com/spec/v1\n";
const maxAttributesBytes = 1024 * 1024;

/** Looks at a repository and the commit a mission would start from; changes and fetches nothing. Throws WorkspaceError as `prepare` does. */
export async function inspectRepository(repositoryPath: string, base: string): Promise<RepositoryNotes> {
  const user = await findUserRepository(repositoryPath);
  const commit = await resolveBase(user, base);
  const missing = await countMissing(user, commit);
  const notes = [...(await historyNotes(user)), ...(await partialNotes(user, missing))];
  // What is not here cannot be looked into, and git would fetch it if we tried.
  if (missing > 0) return { commit, notes };
  const tree = line(await git({ ...user, args: ["rev-parse", "--verify", `${commit}^{tree}`] }));
  const listing = await listTree(user, tree);
  if (typeof listing === "string") {
    throw new WorkspaceError("baseMissing", `${user.path} does not hold all of commit ${commit}: ${listing}`);
  }
  notes.push(
    ...(await linkNotes(user, commit, listing)),
    ...(await contentNotes(user, { commit, tree }, listing)),
  );
  return { commit, notes };
}

function note(
  kind: RepositoryNote["kind"],
  found: string,
  houston: string,
  paths: readonly string[] = [],
): RepositoryNote {
  const examples = paths.slice(0, maxExamples).map(pathText);
  return { kind, found, houston, count: Math.max(1, paths.length), examples };
}

async function historyNotes(user: UserRepository): Promise<RepositoryNote[]> {
  const notes: RepositoryNote[] = [];
  const shallow = line(await git({ ...user, args: ["rev-parse", "--is-shallow-repository"] }));
  if (shallow === "true") {
    notes.push(
      note(
        "shallow",
        "This is a shallow clone: its history ends early.",
        "The mission works on the base as it is, and its branch is delivered on top of the history that is here.",
      ),
    );
  }
  const args = ["config", "--type=bool", "--get", "core.sparseCheckout"];
  const sparse = await tryGit({ ...user, args });
  if (sparse.code === 0 && line(sparse.stdout) === "true") {
    notes.push(
      note(
        "sparseCheckout",
        "Only a part of the files is checked out here (sparse checkout).",
        "The mission works on all files of the base commit, not only on those checked out.",
      ),
    );
  }
  return notes;
}

async function partialNotes(user: UserRepository, missing: number): Promise<RepositoryNote[]> {
  if (!user.partial) return [];
  const args = ["config", "--get-regexp", String.raw`^remote\..*\.partialclonefilter$`];
  const filters = (await tryGit({ ...user, args })).stdout.toString("utf8").split("\n").filter(Boolean);
  const named = filters.length > 0 ? ` (${filters.map((text) => text.split(" ")[1]).join(", ")})` : "";
  const what = `This is a partial clone${named}, which leaves files out until they are needed`;
  if (missing === 0) {
    const houston = "All of the base is here, so the mission has every file; nothing is fetched.";
    return [note("partialClone", `${what}.`, houston)];
  }
  return [
    {
      ...note(
        "partialClone",
        `${what}; ${missing} objects of the base are not here.`,
        'The mission cannot start, because Houston never fetches by itself: run "git fetch --refetch --no-filter", or check the base out, first.',
      ),
      count: missing,
    },
  ];
}

/** Folders that are other repositories: in `.gitmodules`, or added by accident. */
async function linkNotes(user: UserRepository, commit: string, listing: Listing): Promise<RepositoryNote[]> {
  const links = [...listing].filter(([, { mode }]) => mode === "160000").map(([path]) => path);
  if (links.length === 0) return [];
  const known = await submodulePaths(user, commit);
  const submodules = links.filter((path) => known.has(path));
  const nested = links.filter((path) => !known.has(path));
  const kept =
    "Each is an empty folder in the mission, and stays the commit it is in what is delivered, unless an agent removes the folder or puts files there.";
  const notes: RepositoryNote[] = [];
  if (submodules.length > 0) {
    const found = `The base has ${counted(submodules.length, "submodule")}, whose files are in other repositories.`;
    notes.push(note("submodules", found, kept, submodules));
  }
  if (nested.length > 0) {
    const found = `The base names ${counted(nested.length, "nested repository", "nested repositories")} that .gitmodules does not know, so nobody can fetch ${nested.length === 1 ? "it" : "them"}.`;
    notes.push(note("nestedRepositories", found, kept, nested));
  }
  return notes;
}

async function submodulePaths(user: UserRepository, commit: string): Promise<Set<string>> {
  const args = [
    "config",
    "--blob",
    `${commit}:.gitmodules`,
    "-z",
    "--get-regexp",
    String.raw`^submodule\..*\.path$`,
  ];
  const read = await tryGit({ ...user, args });
  const entries = read.code === 0 ? read.stdout.toString("latin1").split("\0").filter(Boolean) : [];
  return new Set(entries.map((entry) => entry.slice(entry.indexOf("\n") + 1).replace(/\/+$/, "")));
}

async function contentNotes(
  user: UserRepository,
  base: Snapshot,
  listing: Listing,
): Promise<RepositoryNote[]> {
  const pointers: string[] = [];
  const filters = new Map<string, string[]>();
  const isAttributes = (path: string): boolean => /(^|\/)\.gitattributes$/.test(path);
  const maxBytes = (path: string): number => (isAttributes(path) ? maxAttributesBytes : maxPointerBytes);
  await readSmall(user, base, listing, maxBytes, (path, content) => {
    const text = content.toString("latin1");
    if (text.startsWith(pointerStart)) pointers.push(path);
    if (!isAttributes(path)) return;
    for (const name of conversionsIn(text)) filters.set(name, [...(filters.get(name) ?? []), path]);
  });
  const notes: RepositoryNote[] = [];
  if (pointers.length > 0) {
    notes.push(
      note(
        "lfs",
        `${counted(pointers.length, "file")} of the base ${pointers.length === 1 ? "is a pointer" : "are pointers"} of Git LFS; the contents are elsewhere.`,
        "The mission sees the small pointer files and delivers them as they are. Tests that need the contents fail; a setup command can bring them.",
        pointers,
      ),
    );
  }
  const others = [...filters].filter(([name]) => name !== "filter=lfs");
  if (others.length > 0) {
    notes.push(
      note(
        "filters",
        `.gitattributes asks for conversions at checkout: ${others.map(([name]) => name).join(", ")}.`,
        "None is run: the mission sees the files as they are stored, and what it delivers is stored as it was written.",
        [...new Set(others.flatMap(([, paths]) => paths))],
      ),
    );
  }
  return notes;
}

/** What git would do to files when it checks them out, but for line ends it normalises anyway. */
function conversionsIn(attributes: string): Set<string> {
  const found = new Set<string>();
  for (const text of attributes.split("\n")) {
    if (text.trimStart().startsWith("#")) continue;
    for (const word of text.trim().split(/\s+/).slice(1))
      if (/^(filter=[\w.-]+|working-tree-encoding=[\w.-]+|ident|eol=crlf)$/.test(word)) found.add(word);
  }
  return found;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
