/**
 * Mission files on disk: read, their relative paths resolved against the folder they are in, the contract's
 * files with them.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { planProblems, type PlanProblem } from "../mission/plan.ts";
import { specOf, type DraftFile, type MissionDraft, type WrittenMission } from "../plan/missionDraft.ts";
import { readMissionFile, type FileProblem } from "../plan/missionFile.ts";
import { nameOf } from "./contractFiles.ts";
import { exposureProblems } from "./heldOutFiles.ts";
import { defaultStateDirectory, workspacesFolder } from "./stateDirectory.ts";

export type LoadedMission =
  | {
      ok: true;
      draft: MissionDraft;
      /** As the file says it. */
      written: WrittenMission;
      placed(problem: PlanProblem): FileProblem;
    }
  | { ok: false; problems: FileProblem[] };

/** A contract's file lies in the log's blobs and in every workspace: what is larger is data of the repository. */
const maxFileBytes = 16 * 1024 * 1024;

/**
 * Reads and checks everything but whether repository, agents and box are there (see `checkPlan`). Throws what
 * reading the file throws.
 */
export async function loadMissionFile(
  path: string,
  stateDirectory: string = defaultStateDirectory(),
): Promise<LoadedMission> {
  const read = readMissionFile(await readFile(path, "utf8"));
  if (!read.ok) return read;
  const file = resolve(path);
  const written = withAbsolutePaths(read.draft, dirname(file));
  const { draft, problems } = await withContents(written);
  if (problems.length === 0) {
    problems.push(
      ...planProblems(specOf(draft, ({ content }) => nameOf(content))),
      ...(await exposureProblems(written, {
        missionFile: file,
        workspaces: workspacesFolder(stateDirectory),
      })),
    );
  }
  if (problems.length > 0) return { ok: false, problems: problems.map((problem) => read.placed(problem)) };
  return { ok: true, draft, written: read.draft, placed: (problem) => read.placed(problem) };
}

/** Other parts of a command are left alone: they may mean something inside the box. */
export const isBesideFile = (part: string): boolean => /^\.\.?\//.test(part);

function withAbsolutePaths(draft: WrittenMission, folder: string): WrittenMission {
  const agents: WrittenMission["agents"] = {};
  for (const [id, agent] of Object.entries(draft.agents)) {
    if (agent.kind !== "program") agents[id] = agent;
    else {
      const command = agent.command.map((part) => (isBesideFile(part) ? resolve(folder, part) : part));
      const readOnly = agent.readOnly.map((path) => resolve(folder, path));
      agents[id] = { ...agent, command, readOnly };
    }
  }
  const contract = draft.contract.map(({ files, ...assertion }) =>
    files === undefined
      ? assertion
      : {
          ...assertion,
          files: files.map(({ source, ...file }) => ({
            ...file,
            source: "file" in source ? { file: resolve(folder, source.file) } : source,
          })),
        },
  );
  const repository = { ...draft.repository, path: resolve(folder, draft.repository.path) };
  return { ...draft, agents, contract, repository };
}

async function withContents(
  written: WrittenMission,
): Promise<{ draft: MissionDraft; problems: PlanProblem[] }> {
  const problems: PlanProblem[] = [];
  const contract: MissionDraft["contract"] = [];
  for (const [index, { files, ...assertion }] of written.contract.entries()) {
    if (files === undefined) {
      contract.push(assertion);
      continue;
    }
    const read: DraftFile[] = [];
    for (const { path, source, ...file } of files) {
      const content = await contentOf(source);
      if (content instanceof Uint8Array) read.push({ path, content, ...file });
      else problems.push({ path: ["contract", index, "files", path], message: content.fault });
    }
    contract.push({ ...assertion, files: read });
  }
  return { draft: { ...written, contract }, problems };
}

type Source = NonNullable<WrittenMission["contract"][number]["files"]>[number]["source"];

async function contentOf(source: Source): Promise<Uint8Array | { fault: string }> {
  if ("content" in source) return new TextEncoder().encode(source.content);
  const { file } = source;
  const info = await stat(file).catch(() => undefined);
  if (info === undefined)
    return { fault: `there is no file ${file}: paths are relative to the mission file` };
  if (!info.isFile()) return { fault: `${file} is no file: name each file of the contract` };
  if (info.size > maxFileBytes)
    return { fault: `${file} has ${info.size} bytes: a contract's file has at most ${maxFileBytes}` };
  try {
    return await readFile(file);
  } catch (error) {
    return { fault: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
