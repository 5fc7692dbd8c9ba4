/**
 * A runner with nothing to do but to wait: `parkedRunner.js DIRECTORY`. Tells when it has begun, and from then on of every run
 * that it starts, once that is durable.
 */
import type { Log } from "../../src/ports/log.ts";
import { openEngine, startRunner } from "../fixtures/engine.ts";
import { aborted, scriptedSteps } from "../fixtures/stepwise.ts";

export interface RunStarted {
  missionId: string;
  /** Milliseconds since the Unix epoch, with fractions. */
  atMs: number;
}

const [, , directory = ""] = process.argv;

const { ports } = await openEngine(directory, scriptedSteps({ pace: (_, { signal }) => aborted(signal) }));

function telling(log: Log): Log {
  return {
    ...log,
    append: async (append) => {
      const result = await log.append(append);
      const started = append.streams[0]?.events.some(({ event }) => event.type === "run.started") === true;
      if (result.status !== "appended" || !started) return result;
      const told: RunStarted = {
        missionId: append.fence?.missionId ?? "",
        atMs: performance.timeOrigin + performance.now(),
      };
      process.stdout.write(`${JSON.stringify(told)}\n`);
      return result;
    },
  };
}

await startRunner({ ...ports, log: telling(ports.log) }).ended;
