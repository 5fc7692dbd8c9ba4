/**
 * A runner that tells when its mission's call begins and hangs in it, like in one of a model that thinks for
 * long, until it is killed: `oneMission.js DIRECTORY MISSION`. Started again it is the one that takes over.
 */
import { openEngine, startRunner } from "../fixtures/engine.ts";
import { aborted, scriptedSteps } from "../fixtures/stepwise.ts";

export interface Begun {
  /** Of the machine's monotonic clock, which all processes share. */
  atNs: string;
  epoch: number;
  callId: string;
}

const [, , directory = "", missionId = ""] = process.argv;

const executor = scriptedSteps({
  pace(_number, { epoch, call, signal }) {
    const begun: Begun = { atNs: String(process.hrtime.bigint()), epoch, callId: call.id };
    process.stdout.write(`${JSON.stringify(begun)}\n`);
    return aborted(signal);
  },
});
const { ports } = await openEngine(directory, executor);
await startRunner(ports, { only: missionId }).ended;
