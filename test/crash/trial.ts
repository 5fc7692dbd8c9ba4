/** One mission, harmed as its case says, brought to its end, and compared with an unharmed one. */
import { createHash } from "node:crypto";
import type { Houston } from "../../src/app/houston.ts";
import type { CrashCase } from "./cases.ts";
import { Life, type Crash } from "./life.ts";
import { crashMission, deliveredTree, type CrashRepository } from "./repository.ts";
import type { Witness } from "./witness.ts";

export interface TrialResult {
  kills: number;
  frozen: number;
  /** Crash points a life really died at. */
  covered: string[];
  recoveriesMs: number[];
  lost: number;
  same: boolean;
  problems: string[];
}

interface Tools {
  houston: Houston;
  witness: Witness;
  repository: CrashRepository;
  stateDirectory: string;
}

/** A life that takes longer hangs. */
const lifeLimitMs = 60_000;
const maxLives = 12;
const ttlMs = 5_000;
const frozenTtlMs = 1_500;
const lockedLimitMs = 25_000;
const historyRounds = 260;

export class Trial {
  readonly #tools: Tools;
  #missions = 0;

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  async #create(sandbox: CrashCase["sandbox"]): Promise<{ missionId: string; branch: string }> {
    this.#missions += 1;
    const branch = `houston/crash-${this.#missions}`;
    const created = await this.#tools.houston.createMission(
      crashMission(this.#tools.repository, branch, sandbox),
    );
    if (!created.ok) throw new Error(created.refusal.message);
    return { missionId: created.missionId, branch };
  }

  /** What a run without harm comes to, and how long it takes. */
  async unharmed(): Promise<{ digest: string; lengthMs: number }> {
    const digests: string[] = [];
    let lengthMs = 0;
    for (const sandbox of ["none", "bubblewrap"] as const) {
      const { missionId, branch } = await this.#create(sandbox);
      const life = new Life({ ...this.#tools, missionId, ttlMs }, {});
      await life.end(lifeLimitMs);
      lengthMs = Math.max(lengthMs, performance.now() - life.startedAt);
      digests.push(await this.#digest(missionId, branch));
      if (!digests.at(-1)?.startsWith("verified"))
        throw new Error(`the unharmed mission came to ${digests.at(-1)}\n${life.output}`);
    }
    if (digests[0] !== digests[1]) throw new Error(`unharmed missions differ: ${digests.join(" and ")}`);
    return { digest: digests[0] ?? "", lengthMs };
  }

  /** Verdicts, tree and effects. */
  async #digest(missionId: string, branch: string): Promise<string> {
    const view = await this.#tools.houston.status(missionId);
    const verdicts = view?.taskList
      .flatMap((task) => task.assertions.map(({ id, verdict }) => `${id}=${verdict?.value}`))
      .sort();
    const tree = deliveredTree(this.#tools.repository, branch) ?? "no branch";
    const hash = createHash("sha256")
      .update(JSON.stringify([verdicts, tree]))
      .digest("hex")
      .slice(0, 16);
    return `${view?.outcome ?? "open"} ${hash}`;
  }

  async run(one: CrashCase, expected: string): Promise<TrialResult> {
    const result: TrialResult = {
      kills: 0,
      frozen: 0,
      covered: [],
      recoveriesMs: [],
      lost: 0,
      same: false,
      problems: [],
    };
    const { missionId, branch } = await this.#create(one.sandbox);
    if (one.history === true) await this.#writeHistory(missionId);
    if (one.freezeAfterMs === undefined) await this.#live(one, missionId, result);
    else await this.#freeze(one.freezeAfterMs, missionId, result);
    const digest = await this.#digest(missionId, branch);
    result.same = digest === expected;
    if (!result.same) result.problems.push(`came to ${digest}, not ${expected}`);
    result.lost = await this.#tools.witness.lost(missionId);
    return result;
  }

  async #writeHistory(missionId: string): Promise<void> {
    for (let round = 0; round < historyRounds; round += 1) {
      await this.#tools.houston.submit(missionId, { type: "mission.pause", reason: "history" });
      await this.#tools.houston.submit(missionId, { type: "mission.resume" });
    }
  }

  /** Life after life until the mission is closed. */
  async #live(one: CrashCase, missionId: string, result: TrialResult): Promise<void> {
    for (let number = 0; number < maxLives; number += 1) {
      const crash: Crash = one.crashes[number] ?? {};
      const life = new Life({ ...this.#tools, missionId, ttlMs }, crash);
      if (crash.terminate === true)
        void this.#until("attempt.started", missionId, life).then(() => life.signal("SIGTERM"));
      const recovery = number === 0 ? undefined : this.#until("run.started", missionId, life);
      const end = await life.end(lifeLimitMs);
      const recoveryMs = await recovery;
      if (recoveryMs !== undefined) result.recoveriesMs.push(recoveryMs);
      await this.#tools.witness.look(missionId);
      if (end === "hung") result.problems.push(`life ${number + 1} hung: ${life.output}`);
      if (end === "killed") {
        result.kills += 1;
        const point = (crash.at ?? crash.store)?.replace(/:\d+$/, "");
        if (point !== undefined) result.covered.push(point);
      }
      const view = await this.#tools.houston.status(missionId);
      if (view?.outcome !== undefined && number >= one.crashes.length - 1) return;
      if (end === "exited" && view?.outcome === undefined && crash.terminate !== true)
        result.problems.push(`life ${number + 1} left an open mission: ${life.output}`);
    }
  }

  /** Milliseconds from the start of a life to its first event of a type; undefined when it dies before. */
  async #until(
    type: "run.started" | "attempt.started",
    missionId: string,
    life: Life,
  ): Promise<number | undefined> {
    const { records } = await this.#tools.witness.look(missionId);
    const gone = new AbortController();
    life.process.once("exit", () => gone.abort());
    for await (const { event } of this.#tools.houston.events(missionId, records.length, gone.signal))
      if (event.type === type) return performance.now() - life.startedAt;
    return undefined;
  }

  /** A runner that is stopped past its lease; another finishes its mission; it wakes and must do no harm. */
  async #freeze(afterMs: number, missionId: string, result: TrialResult): Promise<void> {
    const frozen = new Life({ ...this.#tools, missionId, ttlMs: frozenTtlMs }, {});
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    frozen.signal("SIGSTOP");
    result.frozen += 1;
    const other = new Life({ ...this.#tools, missionId, ttlMs: frozenTtlMs }, {});
    const recovery = this.#until("run.started", missionId, other);
    // Frozen inside a commit it holds the database's lock, and nobody can go on before it wakes.
    const waking = setTimeout(() => frozen.signal("SIGCONT"), lockedLimitMs);
    const end = await other.end(lifeLimitMs);
    clearTimeout(waking);
    if (end !== "exited") result.problems.push(`the other runner did not finish: ${other.output}`);
    await recovery;
    const { records } = await this.#tools.witness.look(missionId);
    const before = records.length;
    frozen.signal("SIGCONT");
    if ((await frozen.end(lifeLimitMs)) === "hung")
      result.problems.push(`the woken runner did not leave: ${frozen.output}`);
    const after = (await this.#tools.witness.look(missionId)).records.length;
    if (after !== before) result.problems.push(`the woken runner wrote ${after - before} events`);
  }
}
