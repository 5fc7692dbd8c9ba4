/** One case, as a real mission: repository, agent, box, runner; questions are answered with no; and what came of it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import type { Houston } from "../../src/app/houston.ts";
import { createSandbox } from "../../src/app/sandboxes.ts";
import type { MissionDraft } from "../../src/plan/missionDraft.ts";
import type { ApprovalKind } from "../../src/protocol/approval.ts";
import type { AttemptOutcome, MissionEvent, MissionOutcome } from "../../src/protocol/events.ts";
import type { Finding } from "../../src/protocol/finding.ts";
import { defaultPolicy } from "../../src/protocol/plan.ts";
import type { Verdict } from "../../src/protocol/verdict.ts";
import type { Base, Case } from "./case.ts";

const agent = join(import.meta.dirname, "agent/agent.mts");
const attemptTimeoutMs = 60_000;
const missionTimeoutMs = 180_000;

/** What a mission came to, as far as its log and the user's repository tell. */
export interface Outcome {
  outcome: MissionOutcome | "open";
  reason: string;
  /** The newest of each assertion. */
  verdicts: Verdict[];
  findings: Finding[];
  asked: { kind: ApprovalKind; reason: string }[];
  attempts: AttemptOutcome[];
  delivered: boolean;
  /** Exit code of what somebody runs who believes exit codes; for fakes. */
  naive?: number | null;
  /** Everything an agent read or wrote. */
  seen: string;
}

export interface World {
  houston: Houston;
  /** Where repositories are laid out. */
  folder: string;
}

export async function attempt({ houston, folder }: World, one: Case): Promise<Outcome> {
  const repository = join(folder, "repositories", one.id);
  layOut(one.base, repository);
  commit(repository);
  const created = await houston.createMission(draftOf(one, repository));
  if (!created.ok) throw new Error(`${one.id}: ${created.refusal.message}`);
  const { missionId, spec } = created;
  await runToItsEnd(houston, missionId);
  const outcome: Outcome = {
    outcome: "open",
    reason: "",
    verdicts: [],
    findings: [],
    asked: [],
    attempts: [],
    delivered: isThere(repository, `refs/heads/${spec.branch}`),
    seen: "",
  };
  for await (const { event } of houston.events(missionId, 0)) read(outcome, event);
  if (one.kind === "honest") return outcome;
  outcome.naive = await believe(one, join(folder, "naive"));
  if (one.hides !== undefined) outcome.seen = await everythingSeen(houston, missionId);
  return outcome;
}

function read(outcome: Outcome, event: MissionEvent): void {
  switch (event.type) {
    case "verdict.given": {
      const { verdict } = event;
      outcome.verdicts = outcome.verdicts.filter(({ assertionId }) => assertionId !== verdict.assertionId);
      outcome.verdicts.push(verdict);
      return;
    }
    case "finding.recorded":
      outcome.findings.push(event.finding);
      return;
    case "approval.requested":
      outcome.asked.push({ kind: event.approval.kind, reason: event.approval.reason });
      return;
    case "attempt.ended":
      outcome.attempts.push(event.outcome);
      return;
    case "mission.closed":
      [outcome.outcome, outcome.reason] = [event.outcome, event.reason];
      return;
    default:
  }
}

/** A person who grants nothing stands beside it, so that every mission ends. */
async function runToItsEnd(houston: Houston, missionId: string): Promise<void> {
  const over = new AbortController();
  const limit = AbortSignal.any([over.signal, AbortSignal.timeout(missionTimeoutMs)]);
  const refusing = (async () => {
    for await (const { event } of houston.events(missionId, 0, limit))
      if (event.type === "approval.requested") {
        const { id: approvalId } = event.approval;
        await houston.submit(missionId, { type: "approval.reject", approvalId, note: "nobody grants this" });
      }
  })();
  try {
    await houston.run({ missionId, signal: limit, report: (message) => console.error(message) });
  } finally {
    over.abort();
    await refusing;
  }
}

function draftOf({ id, does, base, rounds, policy }: Case, path: string): MissionDraft {
  const { contract, services, setup } = base;
  return {
    schemaVersion: 1,
    goal: `${id}: ${does}`,
    repository: { path, base: "main" },
    contract,
    tasks: [
      {
        id: "work",
        goal: "fulfil the contract",
        needs: [],
        fulfills: contract.map((assertion) => assertion.id),
        agentId: "worker",
        access: "write",
        input: { rounds },
        timeoutMs: attemptTimeoutMs,
        maxAttempts: 1,
        onFailure: "retry",
      },
    ],
    agents: {
      worker: {
        kind: "program",
        command: ["node", agent],
        readOnly: [],
        inactivityMs: attemptTimeoutMs,
        reserve: {},
      },
    },
    ...(services === undefined ? {} : { services }),
    ...(setup === undefined ? {} : { setup }),
    budget: {},
    policy: {
      ...defaultPolicy,
      sandbox: base.sandbox ?? "bubblewrap",
      maxRounds: 0,
      preflightRuns: 1,
      maxInfrastructureRetries: 0,
      backoffMs: 1,
      ...policy,
    },
    timeoutMs: missionTimeoutMs,
  };
}

function layOut({ files }: Base, folder: string): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: path.startsWith("bin/") ? 0o755 : 0o644 });
  }
}

const gitEnv = { PATH: process.env["PATH"] ?? "", GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };

function commit(cwd: string): void {
  const git = (...args: string[]): void => {
    execFileSync("git", ["-c", "user.name=u", "-c", "user.email=u@x", ...args], { cwd, env: gitEnv });
  };
  git("init", "-q", "-b", "main");
  git("add", "-A");
  git("commit", "-q", "-m", "base");
}

function isThere(cwd: string, ref: string): boolean {
  const listed = execFileSync("git", ["for-each-ref", ref], { cwd, env: gitEnv, encoding: "utf8" });
  return listed.trim() !== "";
}

/** The exit code of the base's naive command in the tree the last round leaves behind; in the box, because fakes are no guests. */
async function believe({ base, rounds }: Case, folder: string): Promise<number | null> {
  mkdirSync(folder, { recursive: true });
  const directory = mkdtempSync(join(folder, "tree-"));
  layOut(base, directory);
  const sandbox = await createSandbox(base.sandbox ?? "bubblewrap");
  await sandbox.adopt(directory);
  const last = rounds.slice(-1);
  const jail = await sandbox.spawn({
    argv: ["/bin/sh", "-c", 'node "$0" >/dev/null || exit 99; exec "$@"', agent, ...base.naive],
    cwd: directory,
    writable: [directory],
    readOnly: [dirname(agent)],
    env: { CI: "1" },
    stdin: Buffer.from(JSON.stringify({ task: { input: { rounds: last } }, previous: [] })),
    signal: AbortSignal.timeout(20_000),
  });
  const [exit] = await Promise.all([jail.exit, drained(jail.stdout), drained(jail.stderr)]);
  return exit.code;
}

async function drained(stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of stream);
}

/** Handoffs, what agents printed, and everything they changed. */
async function everythingSeen(houston: Houston, missionId: string): Promise<string> {
  const parts: string[] = [];
  for await (const { event } of houston.events(missionId, 0)) {
    if (event.type === "call.wanted" && event.call.work.kind === "attempt")
      parts.push(await text(houston.logs(missionId, event.call.id)));
    if (event.type !== "attempt.ended") continue;
    parts.push(JSON.stringify(event.outcome));
    const base = (await houston.report(missionId))?.base;
    if (event.outcome.snapshot !== undefined && base !== undefined)
      parts.push(await houston.diff(missionId, base, event.outcome.snapshot));
  }
  return parts.join("\n");
}
