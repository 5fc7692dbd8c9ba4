/**
 * A runner that hangs in a call, like in one of a model that thinks for long, until it is killed; started again it is the one
 * that takes over. `oneMission.js DIRECTORY MISSION STEPS`: so many steps are taken before, then each call's beginning is told.
 */
import { openEngine, startRunner } from "../fixtures/engine.ts";
import { aborted, scriptedSteps } from "../fixtures/stepwise.ts";

export interface Begun {
  /** Of the machine's monotonic clock, which all processes share. */
  atNs: string;
  epoch: number;
  callId: string;
}

const [, , directory = "", missionId = "", steps = "0"] = process.argv;

const executor = scriptedSteps({
  pace(number, { epoch, call, signal }) {
    if (number <= Number(steps)) return undefined;
    const begun: Begun = { atNs: String(process.hrtime.bigint()), epoch, callId: call.id };
    process.stdout.write(`${JSON.stringify(begun)}\n`);
    return aborted(signal);
  },
});
const { ports } = await openEngine(directory, executor);
await startRunner(ports, { only: missionId }).ended;
