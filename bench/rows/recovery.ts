/** A runner is killed in the middle of a call; how long until a fresh process, started at once, begins the mission's next call. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import type { Begun } from "../children/oneMission.ts";
import { buildChildren } from "../fixtures/built.ts";
import { startChild } from "../fixtures/child.ts";
import { openEngine, startRunner } from "../fixtures/engine.ts";
import { Pace } from "../fixtures/pace.ts";
import { createStepwiseMission, scriptedSteps } from "../fixtures/stepwise.ts";
import { withFolder } from "../fixtures/temporary.ts";
import type { Figure, Row } from "../row.ts";
import { median, medianFigure } from "../statistics.ts";

const smallSteps = 20;
const largeEvents = 100_000;
const eventsPerStep = 3;
const repetitions = 9;
/** Of the runner that is killed; its successor's is Houston's own. */
const ttlMs = { victim: 10_000, successor: 10_000 } as const;

interface Site {
  directory: string;
  missionId: string;
}

/** A mission that has taken so many steps and is in the middle of its attempt. */
async function prepare(directory: string, steps: number): Promise<Site> {
  const pace = new Pace();
  const engine = await openEngine(directory, scriptedSteps({ pace: pace.pace }));
  const missionId = await createStepwiseMission(engine.ports);
  const running = startRunner(engine.ports);
  await Promise.race([pace.take(steps), running.ended]);
  // Left like a dead runner leaves it: nothing is settled, and the lease is open.
  return { directory, missionId };
}
