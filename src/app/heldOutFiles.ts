/**
 * Whether an agent could read how a held-out assertion is checked (law 8): its files and the mission file itself
 * may lie neither in a folder that an agent's program brings into its box, nor in the base it works on.
 */
import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { readOnlyFor } from "../agents/bindings.ts";
import type { PlanProblem } from "../mission/plan.ts";
import type { WrittenMission } from "../plan/missionDraft.ts";

interface Secret {
  file: string;
  /** What it is in the mission file. */
  path: (string | number)[];
}

/** `written` with absolute paths; `workspaces` is the folder they are made in. A repository that is not there is no matter here. */
export async function exposureProblems(
  written: WrittenMission,
  places: { missionFile: string; workspaces: string },
): Promise<PlanProblem[]> {
  const secrets = secretsOf(written, places.missionFile);
  if (secrets.length === 0) return [];
  return [
    ...(await seenByAgents(written, secrets, places.workspaces)),
    ...(await seenInBase(written, secrets)),
  ];
}

function secretsOf({ contract }: WrittenMission, missionFile: string): Secret[] {
  const secrets: Secret[] = [];
  for (const [index, { heldOut, files = [] }] of contract.entries()) {
    if (heldOut !== true) continue;
    // The mission file says how every assertion is checked.
    secrets.push({ file: missionFile, path: ["contract", index, "heldOut"] });
    for (const { path, source } of files)
      if ("file" in source) secrets.push({ file: source.file, path: ["contract", index, "files", path] });
  }
  return secrets;
}

async function seenByAgents(
  { agents }: WrittenMission,
  secrets: readonly Secret[],
  workspaces: string,
): Promise<PlanProblem[]> {
  const problems: PlanProblem[] = [];
  for (const [id, agent] of Object.entries(agents)) {
    if (agent.kind !== "program") continue;
    const shown = await readOnlyFor(agent.command, agent.readOnly, workspaces);
    const folders = (await Promise.all(shown.map(namesOf))).flat();
    for (const { file, path } of secrets) {
      const folder = (await namesOf(file)).flatMap(
        (name) => folders.find((one) => contains(one, name)) ?? [],
      )[0];
      if (folder === undefined) continue;
      problems.push({
        path,
        message: `agent "${id}" could read ${file}: its program brings ${folder} into the box; keep what is held out elsewhere`,
      });
    }
  }
  return problems;
}

/** By path, and by content: a copy under another name gives it away as well. */
async function seenInBase(
  { repository }: WrittenMission,
  secrets: readonly Secret[],
): Promise<PlanProblem[]> {
  const base = await baseOf(repository);
  if (base === undefined) return [];
  const problems: PlanProblem[] = [];
  for (const { file, path } of secrets) {
    const content = await readFile(file);
    const twin = content.byteLength === 0 ? undefined : base.paths.get(objectId(content, base.idLength));
    const seenAs = twin ?? (await base.tracks(file));
    if (seenAs !== undefined)
      problems.push({
        path,
        message: `agents could read ${file}: the base has it as ${seenAs}; take it out of the base, or keep it in a file git does not track`,
      });
  }
  return problems;
}

interface Base {
  /** By object id. */
  paths: Map<string, string>;
  /** Of object ids, in characters. */
  idLength: number;
  /** The path under which the base has a file of its own work tree. */
  tracks(file: string): Promise<string | undefined>;
}

async function baseOf({ path, base }: WrittenMission["repository"]): Promise<Base | undefined> {
  const [{ findUserRepository, resolveBase }, { git, tryGit }] = await Promise.all([
    import("../workspace/userRepository.ts"),
    import("../workspace/git.ts"),
  ]);
  try {
    const user = await findUserRepository(path);
    const commit = await resolveBase(user, base);
    const listed = await git({
      ...user,
      args: ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit],
    });
    const paths = new Map<string, string>();
    const tracked = new Set<string>();
    for (const entry of listed.toString("utf8").split("\0")) {
      const found = /^\d+ blob ([0-9a-f]+)\t([\s\S]+)$/.exec(entry);
      if (found?.[1] === undefined || found[2] === undefined) continue;
      paths.set(found[1], found[2]);
      tracked.add(found[2]);
    }
    const tracks = async (file: string): Promise<string | undefined> => {
      const { stdout } = await tryGit({
        cwd: dirname(await realpath(file)),
        config: ["safe.directory=*"],
        args: ["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-prefix"],
      });
      const [commonDir, prefix = ""] = stdout.toString("utf8").split("\n");
      const name = `${prefix}${basename(await realpath(file))}`;
      return commonDir === user.place.commonDir && tracked.has(name) ? name : undefined;
    };
    return { paths, idLength: commit.length, tracks };
  } catch (error) {
    if (error instanceof Error && error.name === "WorkspaceError") return undefined;
    throw error;
  }
}

/** As git names content. */
function objectId(content: Uint8Array, idLength: number): string {
  return createHash(idLength > 40 ? "sha256" : "sha1")
    .update(`blob ${content.byteLength}\0`)
    .update(content)
    .digest("hex");
}

/** As it is written, and as it is without symlinks. */
async function namesOf(path: string): Promise<string[]> {
  const real = await realpath(path).catch(() => path);
  return [...new Set([path, real])];
}

const contains = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
