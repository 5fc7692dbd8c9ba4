/** The composition root: the floors wired into one Houston that a program can start without the command line. */
import { loadMission } from "../engine/load.ts";
import { rebuild } from "../engine/rebuild.ts";
import { defaultRunnerSettings, Runner } from "../engine/runner.ts";
import { createMission, openSession, submit, type Submission } from "../engine/submit.ts";
import { withLease } from "../mission/status.ts";
import type { MissionDraft } from "../plan/missionDraft.ts";
import type { SandboxReport } from "../ports/sandbox.ts";
import type { BlobRef } from "../protocol/blob.ts";
import type { HumanCommand } from "../protocol/commands.ts";
import { missionOfStream, type MissionId, type Seq, type TaskId } from "../protocol/ids.ts";
import type { MissionSpec } from "../protocol/plan.ts";
import type { Refusal } from "../protocol/refusals.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { MissionSummary } from "../protocol/status.ts";
import {
  checkpointsOf,
  findCheckpoint,
  lastRollback,
  specOf,
  previewRestore,
  type Checkpoint,
  type RestorePreview,
} from "./checkpoints.ts";
import { stageContract } from "./contractFiles.ts";
import { followEvents, followMission, type MissionRecord } from "./following.ts";
import { reportOf } from "./missionReport.ts";
import { viewOf, type MissionView } from "./missionView.ts";
import { openOutside, type Outside, type OutsideOptions } from "./outside.ts";
import { proofOfMission } from "./proofs.ts";
import type { MissionReport } from "./reportEntries.ts";
import { withExcerpts } from "./reportExcerpts.ts";
import type { BoxKind } from "./sandboxes.ts";
import { localHuman } from "./stateDirectory.ts";

export interface HoustonOptions extends OutsideOptions {
  /** How long a runner's lease lives without a heartbeat. */
  leaseTtlMs?: number;
  /** Who gives the commands; must begin with `human:`. The account's name when left out. */
  by?: string;
}

export interface RunOptions {
  /** Only this mission, until it is closed; all, until stopped, when left out. */
  missionId?: MissionId;
  /** Without a mission: end when none is open any more. */
  untilClosed?: boolean;
  /** Ends the run in good order. */
  signal: AbortSignal;
  /** Trouble that the run survives, for people to see. */
  report(message: string): void;
}

export type Creation =
  | { ok: true; missionId: MissionId; spec: MissionSpec }
  | { ok: false; refusal: Refusal };

export interface WatchedMission {
  view: MissionView;
  /** Since the view before. */
  records: MissionRecord[];
}

/** Sessions with budgets of their own come with the API; the command line has one. */
const localSession = "local";

/** Throws StoreError. */
export async function openHouston(options: HoustonOptions): Promise<Houston> {
  return new Houston(await openOutside(options), options);
}

export class Houston {
  readonly stateDirectory: string;
  readonly #outside: Outside;
  readonly #ttlMs: number;
  readonly #by: string;

  /** See {@link openHouston}. */
  constructor(outside: Outside, options: HoustonOptions) {
    this.stateDirectory = options.stateDirectory;
    this.#outside = outside;
    this.#ttlMs = options.leaseTtlMs ?? defaultRunnerSettings.ttlMs;
    this.#by = options.by ?? localHuman();
  }

  /** Whether a box really holds here; starts one and looks. */
  async probe(kind: BoxKind): Promise<SandboxReport> {
    return await (await this.#outside.sandbox(kind)).probe();
  }

  /** Throws WorkspaceError unless the draft's repository and base are there: better now than as a question later. */
  async checkRepository({ repository }: MissionDraft): Promise<void> {
    const { findUserRepository, resolveBase } = await import("../workspace/userRepository.ts");
    await resolveBase(await findUserRepository(repository.path), repository.base);
  }

  /** A branch of its own is chosen where the draft names none. Paths must be absolute. */
  async createMission(draft: MissionDraft): Promise<Creation> {
    const { log, ids, clock } = this.#outside.ports;
    const missionId = ids.next();
    const { spec: staged, inline } = await stageContract(draft, this.#outside.ports.blobs);
    const spec: MissionSpec = { ...staged, branch: draft.branch ?? branchFor(draft.goal, missionId) };
    const at = clock.now();
    const userId = this.#by.replace(/^human:/, "");
    await openSession(log, { sessionId: localSession, userId, limits: {}, commandId: ids.next(), at });
    const body = { type: "mission.create", missionId, sessionId: localSession, spec } as const;
    const created = await createMission(log, { id: ids.next(), at, by: this.#by, body }, inline);
    return created.ok ? { ok: true, missionId, spec } : created;
  }

  /** Performs missions in this process until stopped or done. Rejects when the store is broken. */
  async run(options: RunOptions): Promise<void> {
    const { ports } = this.#outside;
    const ending = new AbortController();
    const stop = AbortSignal.any([options.signal, ending.signal]);
    const heartbeatMs = Math.min(defaultRunnerSettings.heartbeatMs, Math.ceil(this.#ttlMs / 5));
    const settings = {
      ...defaultRunnerSettings,
      ttlMs: this.#ttlMs,
      heartbeatMs,
      runnerId: ports.ids.next(),
      stop,
      report: (message: string) => options.report(message),
    };
    const runner = new Runner(
      ports,
      options.missionId === undefined ? settings : { ...settings, only: options.missionId },
    );
    const watching =
      options.untilClosed === true && options.missionId === undefined
        ? this.#untilAllClosed(ending)
        : undefined;
    try {
      await runner.run();
    } finally {
      ending.abort();
      await watching;
    }
  }

  async #untilAllClosed(ending: AbortController): Promise<void> {
    const { log, changes } = this.#outside.ports;
    const isIdle = async (): Promise<boolean> => (await log.wakes(Number.MAX_SAFE_INTEGER, 1)).length === 0;
    const cursor = await changes.cursor();
    if (await isIdle()) return ending.abort();
    for await (const _change of changes.changes(cursor, ending.signal))
      if (await isIdle()) return ending.abort();
  }

  /** Appends what follows from a person's command; whichever runner holds the mission learns of it. */
  async submit(
    missionId: MissionId,
    body: Exclude<HumanCommand, { type: "mission.create" }>,
  ): Promise<Submission> {
    const { ids, clock } = this.#outside.ports;
    return await submit(this.#outside.ports, missionId, {
      id: ids.next(),
      at: clock.now(),
      by: this.#by,
      body,
    });
  }

  /** Missions whose id begins or ends with the text; one that is the text stands alone. */
  async find(text: string): Promise<MissionId[]> {
    const wanted = text.toLowerCase();
    const all = (await this.#outside.ports.log.streams()).flatMap((stream) => missionOfStream(stream) ?? []);
    return all.includes(wanted) ? [wanted] : all.filter((id) => id.startsWith(wanted) || id.endsWith(wanted));
  }

  /** Newest first, each with its state as of now. */
  async list(): Promise<MissionSummary[]> {
    const { log, leases, clock } = this.#outside.ports;
    const summaries = await log.summaries();
    return await Promise.all(
      summaries.map(async (summary) => ({
        ...summary,
        status: withLease(summary.status, await leases.get(summary.missionId), clock.now()),
      })),
    );
  }

  async status(missionId: MissionId): Promise<MissionView | undefined> {
    const { leases, clock } = this.#outside.ports;
    const mission = await loadMission(this.#outside.ports, missionId);
    return mission === undefined ? undefined : viewOf(mission, await leases.get(missionId), clock.now());
  }

  /** Events after a sequence; with a signal also those to come, until it aborts. */
  events(missionId: MissionId, after: number, follow?: AbortSignal): AsyncIterable<MissionRecord> {
    return followEvents(this.#outside.ports, missionId, after, follow);
  }

  /** Views as the mission goes on, and at least every `tickMs`; ends when the signal aborts. */
  async *watch(
    missionId: MissionId,
    options: { signal: AbortSignal; tickMs: number },
  ): AsyncGenerator<WatchedMission> {
    const { leases, clock } = this.#outside.ports;
    for await (const { mission, records } of followMission(this.#outside.ports, missionId, options))
      yield { view: viewOf(mission, await leases.get(missionId), clock.now()), records };
  }

  /** What a call printed; with a signal also what it goes on to print. */
  logs(missionId: MissionId, callId: string, follow?: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#outside.ports.spool.tail(missionId, callId, follow);
  }

  async blob(ref: BlobRef): Promise<Uint8Array | undefined> {
    return await this.#outside.ports.blobs.get(ref);
  }

  /** With excerpts of what checks printed. */
  async report(missionId: MissionId): Promise<MissionReport | undefined> {
    return await withExcerpts(await reportOf(this.events(missionId, 0)), async (ref) => await this.blob(ref));
  }

  /** A mission that changes nothing and proves another's contract on a ref of its repository; undefined without such a mission. */
  async proofOf(missionId: MissionId, ref?: string): Promise<MissionDraft | undefined> {
    return await proofOfMission(this.#outside.ports, missionId, ref);
  }

  /** Positions to go back to, newest first. */
  async checkpoints(missionId: MissionId): Promise<Checkpoint[]> {
    return await checkpointsOf(this.#outside.ports, missionId);
  }

  /** What going back would mean: to a position, or to the newest whole one of the latest ten; undefined when there is none. */
  async previewRestore(missionId: MissionId, seq?: Seq): Promise<RestorePreview | undefined> {
    const { ports } = this.#outside;
    const checkpoint = await findCheckpoint(ports, missionId, seq);
    const mission = await loadMission(ports, missionId);
    if (checkpoint === undefined || mission === undefined) return undefined;
    return await previewRestore(ports, mission, checkpoint);
  }

  /** What undoing the newest rollback that still stands would ask for. */
  async lastRollback(missionId: MissionId): Promise<{ to: Seq; undoes: Seq } | undefined> {
    return await lastRollback(this.#outside.ports, missionId);
  }

  /** A new mission that goes on from an earlier position of another; undefined when there is no such whole one. */
  async fork(missionId: MissionId, seq?: Seq): Promise<Creation | undefined> {
    const { log, ids, clock, workspaces } = this.#outside.ports;
    const checkpoint = await findCheckpoint(this.#outside.ports, missionId, seq);
    const origin = checkpoint === undefined ? undefined : await specOf(log, missionId);
    if (checkpoint === undefined || origin === undefined) return undefined;
    const forkId = ids.next();
    await workspaces.copy({ from: missionId, to: forkId });
    const spec: MissionSpec = { ...origin, branch: branchFor(origin.goal, forkId) };
    const fork = { missionId, seq: checkpoint.seq };
    const body = { type: "mission.create", missionId: forkId, sessionId: localSession, spec, fork } as const;
    const created = await createMission(log, { id: ids.next(), at: clock.now(), by: this.#by, body });
    return created.ok ? { ok: true, missionId: forkId, spec } : created;
  }

  /** Unified diff between two snapshots of a mission. */
  async diff(missionId: MissionId, from: Snapshot, to: Snapshot): Promise<string> {
    return await this.#outside.ports.workspaces.diff(missionId, from, to);
  }

  /** Carries what differs between two snapshots into the work tree of a repository, uncommitted; the paths. Throws WorkspaceError. */
  async apply(request: {
    missionId: MissionId;
    repositoryPath: string;
    from: Snapshot;
    to: Snapshot;
  }): Promise<string[]> {
    return (await this.#outside.ports.workspaces.apply(request)).paths;
  }

  /** Brings a commit of the user's repository into a mission, as what a person leaves behind for a task. Throws WorkspaceError, for example when there is no such commit. */
  async handIn(request: {
    missionId: MissionId;
    taskId: TaskId;
    repositoryPath: string;
    /** A branch, tag or commit of that repository. */
    ref: string;
    /** Where the task's work started. */
    from: Snapshot;
  }): Promise<Snapshot> {
    const { taskId, from, ...rest } = request;
    const message = `${taskId}: handed in by a person`;
    return await this.#outside.ports.workspaces.importCommit({ ...rest, parent: from, message });
  }

  /** Derives everything again from the log; how many missions there are. */
  async rebuild(): Promise<number> {
    return await rebuild(this.#outside.ports.log);
  }

  /** A consistent copy in a new folder, while the store is in use. */
  async backup(directory: string): Promise<void> {
    await this.#outside.store.backup(directory);
  }

  /** All that is truth, as lines of JSON. */
  async *export(): AsyncGenerator<string> {
    const { exportArchive } = await import("../stores/archive.ts");
    yield* exportArchive(this.#outside.store);
  }

  /** Fills an empty store from an archive and derives the rest; how many missions there are. */
  async import(chunks: AsyncIterable<string>): Promise<number> {
    const { importArchive } = await import("../stores/archive.ts");
    await importArchive(this.#outside.store, chunks);
    return await this.rebuild();
  }

  async close(): Promise<void> {
    await this.#outside.store.close();
  }
}

/** `houston/<goal>-<end of the id>`: readable, and its own. */
function branchFor(goal: string, missionId: MissionId): string {
  const words = goal
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^-+|-+$/g, "");
  return `houston/${words === "" ? "mission" : words}-${missionId.slice(-8)}`;
}
