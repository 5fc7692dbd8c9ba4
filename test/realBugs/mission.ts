/** One mission about one bug with one agent: its draft, its run, and what came of it. */
import type { Houston, MissionReport } from "../../src/app/index.ts";
import type { MissionDraft } from "../../src/plan/missionDraft.ts";
import { defaultPolicy, type AgentSpec } from "../../src/protocol/plan.ts";
import type { Exam } from "./exam.ts";
import { installCommand } from "./library.ts";
import type { TestRunner } from "./runners.ts";

export interface MissionPlan {
  goal: string;
  /** A clone of its own, at the broken commit. */
  repository: string;
  base: string;
  runner: TestRunner;
  exam: Exam;
  agent: AgentSpec;
  /** Whether the agent may see the half of upstream's tests that the contract asks for. */
  visible: boolean;
  maxRounds: number;
  maxAttempts: number;
}

const checkTimeoutMs = 120_000;
const attemptTimeoutMs = 90_000;
const missionTimeoutMs = 10 * 60_000;

export function draftOf(plan: MissionPlan): MissionDraft {
  const { exam, runner } = plan;
  const tests = (files: string[], expect: string[]) => ({
    kind: "tests" as const,
    command: runner.command(files),
    report: { format: runner.format, from: "stdout" as const },
    expect,
    timeoutMs: checkTimeoutMs,
  });
  const fileOf = ({ path, content }: { path: string; content: string }) => ({
    path,
    content: new TextEncoder().encode(content),
  });
  const { brought } = exam.regression;
  return {
    schemaVersion: 1,
    goal: plan.goal,
    repository: { path: plan.repository, base: plan.base },
    contract: [
      {
        id: "repaired",
        behaviour: "The reported defect is repaired",
        check: tests([exam.asked.path], exam.asked.names),
        onBase: "fails",
        heldOut: !plan.visible,
        files: [fileOf(exam.asked)],
      },
      {
        id: "unharmed",
        behaviour: "What worked before still works",
        check: tests(exam.regression.files, exam.regression.names),
        onBase: "passes",
        ...(brought === undefined ? {} : { files: [fileOf(brought)] }),
      },
    ],
    tasks: [
      {
        id: "repair",
        goal: plan.goal,
        needs: [],
        fulfills: ["repaired", "unharmed"],
        agentId: "worker",
        access: "write",
        timeoutMs: attemptTimeoutMs,
        maxAttempts: plan.maxAttempts,
        onFailure: "retry",
      },
    ],
    agents: { worker: plan.agent },
    setup: [
      {
        command: installCommand,
        outputs: ["node_modules"],
        lockfiles: ["package-lock.json"],
        network: true,
        timeoutMs: missionTimeoutMs,
      },
    ],
    budget: { calls: 200 },
    policy: {
      ...defaultPolicy,
      setupNetwork: true,
      preflightRuns: 1,
      maxRounds: plan.maxRounds,
      // Nobody is there to answer.
      approvalTimeoutMs: 1_000,
    },
    timeoutMs: missionTimeoutMs,
  };
}

export function programAgent(command: string[], readOnly: string[]): AgentSpec {
  return { kind: "program", command, readOnly, inactivityMs: attemptTimeoutMs, reserve: { calls: 1 } };
}

/** Runs a mission to its end in this process. Throws when it cannot be created or does not close. */
export async function runMission(
  houston: Houston,
  draft: MissionDraft,
  tell: (trouble: string) => void,
): Promise<MissionReport> {
  const created = await houston.createMission(draft);
  if (!created.ok) throw new Error(`the mission is refused: ${created.refusal.message}`);
  const { missionId } = created;
  // Longer than the mission itself may take: it is to end by its own clock.
  const signal = AbortSignal.timeout(missionTimeoutMs + 120_000);
  await houston.run({ missionId, signal, report: tell });
  const report = await houston.report(missionId);
  if (report?.outcome === undefined) throw new Error(`mission ${missionId} did not close`);
  return report;
}

/** The last tree an agent handed off, as a patch of the base. */
export async function patchOf(houston: Houston, report: MissionReport): Promise<string> {
  const { base } = report;
  const last = report.tasks
    .flatMap(({ attempts }) => attempts.flatMap(({ snapshot }) => snapshot ?? []))
    .at(-1);
  return base === undefined || last === undefined ? "" : await houston.diff(report.missionId, base, last);
}
