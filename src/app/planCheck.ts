/** Whether a mission could start here: its file, and whether what it names is there. Starts nothing. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { PlanProblem } from "../mission/plan.ts";
import type { MissionDraft, WrittenMission } from "../plan/missionDraft.ts";
import type { FileProblem } from "../plan/missionFile.ts";
import { isBesideFile, loadMissionFile } from "./missionFiles.ts";
import { probeSandbox } from "./probe.ts";

export interface PlanCheck {
  /** `file`: it is not a plan. `outside`: what it names is not there. */
  verdict: "ok" | "file" | "outside";
  problems: FileProblem[];
  /** What will work otherwise than one may think. */
  warnings: string[];
  /** Absent while the file is not a plan. */
  plan?: {
    goal: string;
    repository: string;
    base: string;
    tasks: number;
    assertions: number;
    heldOut: number;
  };
}

/** Throws what reading the file throws. */
export async function checkPlan(path: string, stateDirectory: string): Promise<PlanCheck> {
  const loaded = await loadMissionFile(path, stateDirectory);
  if (!loaded.ok) return { verdict: "file", problems: loaded.problems, warnings: [] };
  const { draft } = loaded;
  const seen = await lookAtRepository(draft);
  const found = [...seen.problems, ...programProblems(draft, loaded.written)];
  const { goal, repository, tasks, contract } = draft;
  return {
    verdict: found.length === 0 ? "ok" : "outside",
    problems: found.map((problem) => loaded.placed(problem)),
    warnings: [...seen.notes, ...setupWarnings(draft), ...(await boxWarnings(draft))],
    plan: {
      goal,
      repository: repository.path,
      base: repository.base,
      tasks: tasks.length,
      assertions: contract.length,
      heldOut: contract.filter(({ heldOut }) => heldOut === true).length,
    },
  };
}

/** Whether repository and base are there, and what is unusual about them, in plain words. */
async function lookAtRepository({
  repository,
}: MissionDraft): Promise<{ problems: PlanProblem[]; notes: string[] }> {
  const { inspectRepository } = await import("../workspace/notes.ts");
  try {
    const { notes } = await inspectRepository(repository.path, repository.base);
    return { problems: [], notes: notes.map(({ found, houston }) => `${found} ${houston}`) };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "WorkspaceError") throw error;
    const isBase = "code" in error && error.code === "baseMissing";
    return {
      problems: [{ path: ["repository", isBase ? "base" : "path"], message: error.message }],
      notes: [],
    };
  }
}

function programProblems({ agents }: MissionDraft, written: WrittenMission): PlanProblem[] {
  return Object.entries(agents).flatMap(([id, agent]) => {
    const asWritten = written.agents[id];
    if (agent.kind !== "program" || asWritten?.kind !== "program") return [];
    const problems: PlanProblem[] = [];
    const [program = ""] = agent.command;
    const fault = programFault(program);
    if (fault !== undefined) problems.push({ path: ["agents", id, "program", 0], message: fault });
    agent.command.forEach((part, index) => {
      if (index > 0 && isBesideFile(asWritten.command[index] ?? "") && !existsSync(part))
        problems.push({ path: ["agents", id, "program", index], message: `there is no file ${part}` });
    });
    agent.readOnly.forEach((folder, index) => {
      if (!existsSync(folder))
        problems.push({
          path: ["agents", id, "readOnly", index],
          message: `there is no file or folder ${folder}`,
        });
    });
    return problems;
  });
}

function programFault(program: string): string | undefined {
  if (!isAbsolute(program)) {
    const folders = (process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
    if (folders.some((folder) => isExecutable(join(folder, program)))) return undefined;
    return `there is no program ${program} on this machine: install it, or name it by its path`;
  }
  if (!existsSync(program)) return `there is no file ${program}`;
  return isExecutable(program) ? undefined : `${program} is not executable: chmod +x would make it so`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function setupWarnings({ setup = [] }: MissionDraft): string[] {
  return setup
    .filter(({ network }) => network)
    .map(
      ({ command }) =>
        `setup uses the network (${command.join(" ")}): houston run needs --allow-setup-network unless it is sealed already`,
    );
}

async function boxWarnings({ policy }: MissionDraft): Promise<string[]> {
  if (policy.sandbox === "none") return ["it asks to run without a box: houston run needs --sandbox none"];
  const report = await probeSandbox("bubblewrap");
  return report.ok ? [] : [`no sandbox here: ${report.detail}`];
}
