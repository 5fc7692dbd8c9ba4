/**
 * A runner that dies in the middle of a call, and the one that takes over: `oneMission.js DIRECTORY MISSION TTL`. Says when each
 * call begins, on the clock that all processes share, and then hangs in it like a model that thinks for long.
 */
import { openEngine, startRunner } from "../fixtures/engine.ts";
import { aborted, scriptedSteps } from "../fixtures/stepwise.ts";

export interface Begun {
  /** Of the machine's monotonic clock. */
  atNs: string;
  epoch: number;
  callId: string;
}

const [, , directory = "", missionId = "", ttl = "10000"] = process.argv;
const ttlMs = Number(ttl);

const steps = scriptedSteps({
  pace(_number, { epoch, call, signal }) {
    const begun: Begun = { atNs: String(process.hrtime.bigint()), epoch, callId: call.id };
    process.stdout.write(`${JSON.stringify(begun)}\n`);
    return aborted(signal);
  },
});
const { ports } = await openEngine(directory, steps);
await startRunner(ports, { only: missionId, ttlMs, heartbeatMs: Math.ceil(ttlMs / 5) }).ended;
