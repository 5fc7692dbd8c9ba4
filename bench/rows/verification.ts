/** What verifying costs over running the same tests: a fresh workspace, the box, the guard, the report read. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createSandbox } from "../../src/app/sandboxes.ts";
import { systemClock } from "../../src/app/systemClock.ts";
import type { Check } from "../../src/protocol/contract.ts";
import { createVerifier } from "../../src/verify/verifier.ts";
import { createWorkspaces } from "../../src/workspace/workspaces.ts";
import { plainGit } from "../fixtures/repository.ts";
import { rounds } from "../fixtures/rounds.ts";
import { withFolder } from "../fixtures/temporary.ts";
import type { Figure, Row } from "../row.ts";
import { medianFigure } from "../statistics.ts";

const missionId = "0190a000-0000-7000-8000-00000000beac";
const library = join(import.meta.dirname, "../../examples/libraries/ledger");
const command = [process.execPath, "--test", "--test-reporter=tap"];
const check: Check = {
  kind: "tests",
  command,
  report: { format: "tap", from: "stdout" },
  expect: [],
  timeoutMs: 60_000,
};

async function measureIn(folder: string): Promise<Figure[]> {
  const repositoryPath = join(folder, "repository");
  mkdirSync(repositoryPath);
  cpSync(library, repositoryPath, { recursive: true });
  plainGit(["init", "--quiet", "--initial-branch=main"], { cwd: repositoryPath });
  plainGit(["add", "--all"], { cwd: repositoryPath });
  plainGit(["-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "--quiet", "-m", "base"], {
    cwd: repositoryPath,
  });
  const sandbox = await createSandbox("bubblewrap");
  const adopt = async (directory: string): Promise<void> => await sandbox.adopt(directory);
  const workspaces = createWorkspaces({ directory: join(folder, "workspaces"), adopt });
  const verifier = createVerifier({ sandbox, readOnly: [], clock: systemClock });
  const snapshot = await workspaces.prepare({ missionId, repositoryPath, base: "main" });
  const signal = new AbortController().signal;
  const [verified, alone]: [number[], number[]] = [[], []];
  for (const round of rounds({ least: 5, most: 20, withinMs: 30_000 })) {
    let began = performance.now();
    const { directory } = await workspaces.materialise({ missionId, name: `round${round}`, snapshot });
    const request = {
      missionId,
      assertion: { id: "tests", check },
      directory,
      mounts: [],
      services: {},
      signal,
    };
    const { value, reason, passed = [] } = await verifier.judge(request);
    await workspaces.remove(directory);
    verified.push(performance.now() - began);
    // The library has defects by design: what matters is that its tests really ran.
    if (value !== "failed" || passed.length === 0) throw new Error(`the tests were ${value}: ${reason}`);
    began = performance.now();
    spawnSync(command[0] ?? "", command.slice(1), { cwd: repositoryPath });
    alone.push(performance.now() - began);
  }
  return [
    medianFigure("an assertion judged: workspace, box, guard, report", verified, "ms"),
    medianFigure("the same tests alone, in place", alone, "ms"),
    medianFigure(
      "what judging adds",
      verified.map((one, round) => one - (alone[round] ?? NaN)),
      "ms",
    ),
    medianFigure(
      "judged : alone",
      verified.map((one, round) => one / (alone[round] ?? NaN)),
      "×",
      { limit: { at: "most", value: 1.5 } },
    ),
  ];
}

export const verification: Row = {
  name: "verification",
  title: "Judging an assertion, against running its tests alone",
  measure: () => withFolder(measureIn),
};
