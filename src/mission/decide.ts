/**
 * The law: what follows from a command. Pure and synchronous; ids, time and chance come in with the
 * command. A refusal changes nothing.
 */
import type { Command, MissionCommand } from "../protocol/commands.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { MissionSpec } from "../protocol/plan.ts";
import { approve, expireApproval, reject } from "./approval.ts";
import { expireFact, recordFact } from "./blackboard.ts";
import { cancelCall, expireCall, recoverCall, redoCall, recordSnapshot, settleCall } from "./call.ts";
import { accept, refuse, type CommandOf, type MissionDecision } from "./decision.ts";
import { tripDetector } from "./detector.ts";
import { askAboutFindings } from "./finding.ts";
import * as lifecycle from "./lifecycle.ts";
import { planProblems } from "./plan.ts";
import { preflight } from "./preflight.ts";
import { sealStage, verifyStage } from "./stage.ts";
import { forkOf, rollBack } from "./rollback.ts";
import type { Mission, MissionState } from "./state.ts";
import { startStep } from "./step.ts";
import * as tasks from "./task.ts";

/** Begins a mission. Refuses a plan that does not hold, naming every problem. `past`: of the mission it forks. */
export function decideCreate(command: CommandOf<"mission.create">, past?: MissionState): MissionDecision {
  const { missionId, sessionId, spec, fork } = command.body;
  const problems = planProblems(spec satisfies MissionSpec);
  if (problems.length > 0)
    return refuse(
      "invalid",
      problems.map((problem) => `${problem.path.join(".")}: ${problem.message}`).join("\n"),
    );
  const created: MissionEvent = { type: "mission.created", missionId, sessionId, spec, by: command.by };
  if (fork === undefined) return accept(created);
  if (past?.id !== fork.missionId || past.seq !== fork.seq || past.work.head === undefined)
    return refuse("invalid", `mission ${fork.missionId} has no work to fork at ${fork.seq}`);
  return accept({ ...created, fork: forkOf(past) });
}

/** What follows from a command in this state. `past`: the same mission earlier, for a command that goes back to it. */
export function decide(mission: Mission, command: Command, past?: MissionState): MissionDecision {
  const { body } = command;
  if (mission.unknownEvent !== undefined)
    return refuse(
      "readOnly",
      `the log holds "${mission.unknownEvent}", written by a newer Houston: upgrade to change this mission`,
    );
  if (mission.work.outcome !== undefined && !afterClose.has(body.type))
    return refuse(
      "closed",
      `the mission is closed (${mission.work.outcome.outcome}): ${mission.work.outcome.reason}`,
    );
  const now = { ...command, at: Math.max(command.at, mission.at) };
  if (body.type === "mission.rollBack") return rollBack(mission, { ...now, body }, past);
  return dispatch(mission, { ...now, body });
}

/** What a closed mission still takes: the end of its run. */
const afterClose: ReadonlySet<MissionCommand["type"]> = new Set(["run.start", "run.stop"]);

function dispatch(
  mission: Mission,
  command: Command<Exclude<MissionCommand, { type: "mission.rollBack" }>>,
): MissionDecision {
  const { body } = command;
  switch (body.type) {
    case "mission.create":
      return refuse("alreadyDone", `mission ${mission.id} exists`);
    case "mission.pause":
      return lifecycle.pause(mission, { ...command, body });
    case "mission.resume":
      return lifecycle.resume(mission, { ...command, body });
    case "mission.cancel":
      return lifecycle.cancel(mission, { ...command, body });
    case "approval.approve":
      return approve(mission, { ...command, body });
    case "approval.reject":
      return reject(mission, { ...command, body });
    case "approval.expire":
      return expireApproval(mission, { ...command, body });
    case "task.answer":
      return tasks.answer(mission, { ...command, body });
    case "fact.record":
      return recordFact(mission, { ...command, body });
    case "run.start":
      return lifecycle.startRun(mission, { ...command, body });
    case "run.stop":
      return lifecycle.stopRun(mission, { ...command, body });
    default:
      return dispatchWork(mission, { ...command, body });
  }
}

type WorkCommand = Exclude<
  MissionCommand,
  {
    type:
      | "mission.create"
      | "mission.rollBack"
      | "mission.pause"
      | "mission.resume"
      | "mission.cancel"
      | `approval.${string}`
      | "task.answer"
      | "fact.record"
      | `run.${string}`;
  }
>;

/** Commands of the runner that holds the lease. */
function dispatchWork(mission: Mission, command: Command<WorkCommand>): MissionDecision {
  const { body } = command;
  switch (body.type) {
    case "call.settle":
      return settleCall(mission, { ...command, body });
    case "call.redo":
      return redoCall(mission, { ...command, body });
    case "call.recover":
      return recoverCall(mission, { ...command, body });
    case "call.cancel":
      return cancelCall(mission, { ...command, body });
    case "call.expire":
      return expireCall(mission, { ...command, body });
    case "snapshot.record":
      return recordSnapshot(mission, { ...command, body });
    case "plan.ask":
      return lifecycle.askPlan(mission, command.at);
    case "mission.prepare":
      return lifecycle.prepare(mission, command.at);
    case "mission.preflight":
      return preflight(mission, command.at);
    case "stage.verify":
      return verifyStage(mission, body.stageId, command.at);
    case "stage.seal":
      return sealStage(mission, body.stageId);
    case "fact.expire":
      return expireFact(mission, { ...command, body });
    case "mission.seal":
      return lifecycle.seal(mission);
    case "mission.verify":
      return lifecycle.verify(mission, command.at);
    case "mission.deliver":
      return lifecycle.deliver(mission, command.at);
    case "mission.escalate":
      return lifecycle.escalate(mission, command.at);
    case "mission.close":
      return lifecycle.close(mission);
    case "task.start":
      return tasks.start(mission, { ...command, body });
    case "task.verify":
      return tasks.verify(mission, { ...command, body });
    case "task.finish":
      return tasks.finish(mission, { ...command, body });
    case "task.askAboutFindings":
      return askAboutFindings(mission, { ...command, body });
    case "task.handleFailure":
      return tasks.handleFailure(mission, { ...command, body });
    case "task.cancel":
      return tasks.cancelTask(mission, { ...command, body });
    case "step.start":
      return startStep(mission, { ...command, body });
    case "detector.trip":
      return tripDetector(mission, { ...command, body });
  }
}
