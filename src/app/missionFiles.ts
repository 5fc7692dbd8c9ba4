/** Mission files on disk: read, and their relative paths resolved against the folder they are in. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { MissionDraft } from "../plan/missionDraft.ts";
import { readMissionFile, type FileProblem } from "../plan/missionFile.ts";

export type LoadedMission = { ok: true; draft: MissionDraft } | { ok: false; problems: FileProblem[] };

/** Throws what reading the file throws. */
export async function loadMissionFile(path: string): Promise<LoadedMission> {
  const read = readMissionFile(await readFile(path, "utf8"));
  return read.ok ? { ok: true, draft: withAbsolutePaths(read.draft, dirname(resolve(path))) } : read;
}

export function withAbsolutePaths(draft: MissionDraft, folder: string): MissionDraft {
  const agents: MissionDraft["agents"] = {};
  for (const [id, agent] of Object.entries(draft.agents)) {
    if (agent.kind !== "program") agents[id] = agent;
    else {
      const command = agent.command.map((part) => (/^\.\.?\//.test(part) ? resolve(folder, part) : part));
      const readOnly = agent.readOnly.map((path) => resolve(folder, path));
      agents[id] = { ...agent, command, readOnly };
    }
  }
  const repository = { ...draft.repository, path: resolve(folder, draft.repository.path) };
  return { ...draft, agents, repository };
}
