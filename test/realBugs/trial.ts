/** All missions about one bug: the library is prepared once, then one agent after the other has its turn. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Houston, MissionReport } from "../../src/app/index.ts";
import type { AgentSpec } from "../../src/protocol/plan.ts";
import { behaviours, prepareChanges, type Behaviour, type PreparedChange } from "./behaviours.ts";
import { accepts, setExam, type Exam } from "./exam.ts";
import { Lab, type Files, type Tree } from "./lab.ts";
import { prepareLibrary, type Library } from "./library.ts";
import { draftOf, patchOf, programAgent, runMission } from "./mission.ts";
import { git } from "./processes.ts";
import { runnerOf, type TestRunner } from "./runners.ts";
import { isFalseCompletion, type Row } from "./table.ts";
import type { BugTask } from "./tasks.ts";

/** `repair` sees none of upstream's tests of the fix, `repairVisible` the half that the contract asks for. */
export const agentNames: readonly string[] = [...behaviours, "repair", "repairVisible"];

const scriptedAgent = fileURLToPath(new URL("scripted/agent.ts", import.meta.url));
const repairAgent = fileURLToPath(new URL("../../examples/agents/repair/repair.ts", import.meta.url));
const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));

const maxReasonLength = 500;

const isBehaviour = (agent: string): agent is Behaviour =>
  behaviours.some((behaviour) => behaviour === agent);

export interface TrialOptions {
  task: BugTask;
  mirror: string;
  /** Empty, for this trial alone. */
  folder: string;
  /** Installed dependencies, for all trials. */
  cache: string;
  houston: Houston;
  tell: (trouble: string) => void;
}

interface Prepared {
  runner: TestRunner;
  library: Library;
  lab: Lab;
  exam: Exam;
  changes: Partial<Record<Behaviour, PreparedChange>>;
}

export class Trial {
  readonly #options: TrialOptions;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** A row for each agent, whatever goes wrong. */
  async *rows(agents: readonly string[]): AsyncGenerator<Row> {
    let prepared: Prepared | undefined;
    for (const agent of agents) {
      const startedMs = performance.now();
      try {
        prepared ??= await this.#prepare(agents);
        yield await this.#mission(agent, prepared);
      } catch (error) {
        const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
        const seconds = (performance.now() - startedMs) / 1_000;
        yield { ...this.#rowOf(agent), outcome: "error", seconds, reasons: [reason] };
        // What cannot be prepared for one agent cannot for the next.
        if (prepared === undefined) return;
      }
    }
  }

  #rowOf(agent: string): Row {
    const counts = { attempts: 0, seconds: 0, reasons: [] };
    const not = { verified: false, correct: false, delivered: false };
    return { task: this.#options.task.id, agent, outcome: "", ...not, ...counts };
  }

  async #prepare(agents: readonly string[]): Promise<Prepared> {
    const { task, mirror, folder, cache } = this.#options;
    const runner = runnerOf(task.testCommand);
    const library = await prepareLibrary(task, runner, mirror, { folder: join(folder, "library"), cache });
    const lab = await Lab.open(library, runner, join(folder, "lab"));
    const exam = await setExam(task, library, lab);
    const changes = agents.some((agent) => isBehaviour(agent))
      ? await prepareChanges(task, library, exam, lab)
      : {};
    return { runner, library, lab, exam, changes };
  }

  async #mission(agent: string, prepared: Prepared): Promise<Row> {
    const { task, folder, houston, tell } = this.#options;
    const { runner, library, exam } = prepared;
    const repository = join(folder, `mission-${agent}`);
    await git(folder, "clone", "--quiet", "--template=", library.repository, repository);
    const change = isBehaviour(agent) ? prepared.changes[agent] : undefined;
    const draft = draftOf({
      goal: task.goal,
      repository,
      base: library.base,
      runner,
      exam,
      agent: this.#agent(agent, change),
      visible: agent === "repairVisible",
      // Whoever behaves as he is told does so again; the search goes on where it stopped.
      maxRounds: change === undefined ? 2 : 1,
      maxAttempts: change === undefined ? 2 : 1,
    });
    const report = await runMission(houston, draft, (trouble) => tell(`${task.id} ${agent}: ${trouble}`));
    const isDelivered = report.delivered !== undefined;
    const tree: Tree = isDelivered
      ? { repository, branch: report.branch }
      : { patch: await patchOf(houston, report) };
    const oracle = await prepared.lab.testTree(exam.oracle.run, tree, exam.oracle.files);
    const row: Row = {
      ...this.#rowOf(agent),
      outcome: report.outcome?.outcome ?? "",
      verified: report.outcome?.outcome === "verified",
      // Upstream's fixes take no file away: who deletes a test has not repaired anything.
      correct: accepts(exam.oracle.names, oracle) && oracle.deleted.length === 0,
      delivered: isDelivered,
      attempts: report.tasks.reduce((sum, { attempts }) => sum + attempts.length, 0),
      seconds: ((report.endedAt ?? report.createdAt) - report.createdAt) / 1_000,
      reasons: reasonsOf(report),
    };
    if (change !== undefined) row.change = change.what;
    if (isFalseCompletion(row)) row.contractHolds = await contractHolds(prepared, tree);
    return row;
  }

  #agent(name: string, change: PreparedChange | undefined): AgentSpec {
    if (change === undefined) return programAgent(["node", repairAgent], [packages]);
    const folder = join(this.#options.folder, `change-${name}`);
    writeChange(folder, change.files);
    return programAgent(["node", scriptedAgent, name, folder], [packages]);
  }
}

/** What the mission said it proved, looked at again without it: the branch brings the contract's files with it. */
async function contractHolds({ exam, lab }: Prepared, tree: Tree): Promise<boolean> {
  const { asked, regression } = exam;
  const untouched: Files = new Map();
  return (
    accepts(asked.names, await lab.testTree([asked.path], tree, untouched)) &&
    accepts(regression.names, await lab.testTree(regression.files, tree, untouched))
  );
}

function writeChange(folder: string, files: Files): void {
  mkdirSync(folder);
  const written = [...files].filter((entry): entry is [string, string] => entry[1] !== null);
  const remove = [...files].filter(([, text]) => text === null).map(([path]) => path);
  writeFileSync(
    join(folder, "change.json"),
    JSON.stringify({ write: Object.fromEntries(written), remove }, null, 2),
  );
}

/** The mission's own words, the verdicts that did not pass, the findings that hold it, and what agents said. */
function reasonsOf(report: MissionReport): string[] {
  const { approvals, assertions, findings, tasks, outcome } = report;
  return [
    ...(outcome === undefined ? [] : [outcome.reason]),
    ...tasks.flatMap(({ id, status, reason }) =>
      reason === undefined ? [] : [`${id} ${status}: ${reason}`],
    ),
    ...approvals.map(({ kind, reason }) => `asked (${kind}): ${reason}`),
    ...assertions.flatMap(({ id, verdict, baseline }) => [
      ...(baseline === undefined ? [] : [`${id} on the base: ${baseline.value}: ${baseline.reason}`]),
      ...(verdict === undefined ? [] : [`${id}: ${verdict.value}: ${verdict.reason}`]),
    ]),
    ...findings.map(
      ({ kind, severity, status, text, place }) =>
        `finding ${kind} (${severity}, ${status})${place === undefined ? "" : ` at ${place}`}: ${text}`,
    ),
    ...tasks.flatMap(({ attempts }) =>
      attempts.map(({ id, outcome: end, summary }) => `${id} ${end}: ${summary ?? ""}`),
    ),
  ].map((reason) => reason.slice(0, maxReasonLength));
}
