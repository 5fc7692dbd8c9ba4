/**
 * A runner: takes missions that need one, one run each, and goes on to the next. Any number of runners
 * share a store; when one dies, another takes its missions over as soon as their leases expire.
 */
import type { Acquisition } from "../ports/leases.ts";
import type { Wake } from "../ports/log.ts";
import { missionOfStream, type MissionId, type RunnerId, type Timestamp } from "../protocol/ids.ts";
import type { EnginePorts } from "./enginePorts.ts";
import { keepLease, type LeaseSettings } from "./heartbeat.ts";
import { loadWithCache } from "./load.ts";
import { MissionRun, type RunEnd } from "./missionRun.ts";
import { Signal } from "./signal.ts";

export interface RunnerSettings extends LeaseSettings {
  runnerId: RunnerId;
  /** Only this mission; all of the store's when left out. */
  only?: MissionId;
  maxMissions: number;
  parkAfterMs: number;
  graceMs: number;
  /** Ends the runner in good order. */
  stop: AbortSignal;
  /** What people running it should see. */
  report(message: string): void;
}

export const defaultRunnerSettings = {
  ttlMs: 10_000,
  heartbeatMs: 2_000,
  maxMissions: 64,
  parkAfterMs: 30_000,
  graceMs: 15_000,
} as const;

/** Missions looked at per scan. */
const scanLimit = 256;
/** A lease may be released, or its runner die, long before it expires. */
const heldRecheckMs = 1_000;
/** A mission whose run failed is left alone for this long. */
const penaltyMs = 10_000;

/** A mission this runner holds, or is taking. */
interface ActiveRun {
  run?: MissionRun;
  /** The newest sequence heard of: it may be news to a run that is still loading. */
  heardSeq: number;
  ended: Promise<void>;
}

export class Runner {
  readonly #ports: EnginePorts;
  readonly #settings: RunnerSettings;
  readonly #runs = new Map<MissionId, ActiveRun>();
  /** Missions that others hold, or that failed here, and when to look again. */
  readonly #notBefore = new Map<MissionId, Timestamp>();
  readonly #wake = new Signal();
  /** Ends every run in good order: told to from outside, or because this runner must not go on. */
  readonly #ending = new AbortController();
  #closed = false;

  constructor(ports: EnginePorts, settings: RunnerSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Runs until stopped; with `only`, until that mission is closed. Rejects when the store is broken. */
  async run(): Promise<void> {
    const ending = this.#ending;
    const stop = (): void => {
      ending.abort();
      this.#wake.set();
    };
    this.#settings.stop.addEventListener("abort", stop);
    if (this.#settings.stop.aborted) stop();
    await this.#ports.runners?.enter(this.#settings.runnerId);
    let deaf: Error | undefined;
    const following = this.#follow(ending.signal).catch((error: unknown) => {
      deaf = error instanceof Error ? error : new Error("the feed of changes broke", { cause: error });
      stop();
    });
    try {
      while (!ending.signal.aborted && !this.#closed) await this.#scan();
    } finally {
      stop();
      this.#settings.stop.removeEventListener("abort", stop);
      await Promise.all([...this.#runs.values()].map(({ ended }) => ended));
      await following;
      await this.#ports.runners?.leave(this.#settings.runnerId);
    }
    // A runner that no longer hears of others' appends must not go on.
    if (deaf !== undefined) throw deaf;
  }

  /** Tells runs of appends by others, and looks for missions that woke up. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { changes } = this.#ports;
    for await (const change of changes.changes(await changes.cursor(), signal)) {
      const missionId = missionOfStream(change.streamId);
      const isOurs = this.#settings.only === undefined || this.#settings.only === missionId;
      if (missionId === undefined || !isOurs) continue;
      const active = this.#runs.get(missionId);
      if (active === undefined) {
        this.#wake.set();
        continue;
      }
      active.heardSeq = Math.max(active.heardSeq, change.seq);
      active.run?.notice(change.seq);
    }
  }

  /** Starts what is due, then sleeps until something may be. */
  async #scan(): Promise<void> {
    this.#wake.clear();
    const now = this.#ports.clock.now();
    let wakeAt = Infinity;
    for (const wake of await this.#wakes()) {
      const notBefore = Math.max(wake.wakeAt, this.#notBefore.get(wake.missionId) ?? 0);
      if (this.#runs.has(wake.missionId)) continue;
      if (notBefore > now) wakeAt = Math.min(wakeAt, notBefore);
      // When there is no room, the end of a run wakes the runner.
      else if (this.#runs.size < this.#settings.maxMissions) this.#start(wake.missionId);
    }
    if (this.#closed) return;
    const timer = new AbortController();
    const timing = wakeAt === Infinity ? this.#wake.wait() : this.#ports.clock.wait(wakeAt, timer.signal);
    await Promise.race([this.#wake.wait(), timing]);
    timer.abort();
  }

  /** Missions that want a runner now, and the next ones that will. */
  async #wakes(): Promise<Wake[]> {
    const { only } = this.#settings;
    // Missions at work here stand first with their own times: behind them must be room for the others.
    if (only === undefined)
      return await this.#ports.log.wakes(Number.MAX_SAFE_INTEGER, this.#runs.size + scanLimit);
    const wakes = await this.#ports.log.wakes(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const mine = wakes.filter(({ missionId }) => missionId === only);
    if (mine.length === 0 && !this.#runs.has(only)) this.#closed = true;
    return mine;
  }

  #start(missionId: MissionId): void {
    const entry: ActiveRun = { heardSeq: 0, ended: Promise.resolve() };
    this.#runs.set(missionId, entry);
    entry.ended = this.#take(missionId, entry)
      .then((notBefore) => {
        if (notBefore === undefined) this.#notBefore.delete(missionId);
        else this.#notBefore.set(missionId, notBefore);
      })
      .catch((error: unknown) => {
        this.#settings.report(
          `mission ${missionId}: ${error instanceof Error ? error.message : String(error)}`,
        );
        this.#notBefore.set(missionId, this.#ports.clock.now() + penaltyMs);
      })
      .finally(() => {
        this.#runs.delete(missionId);
        this.#wake.set();
      });
  }

  /** At once when the runner before is known to be dead; else when its lease is over. */
  async #acquire(missionId: MissionId): Promise<Acquisition> {
    const { leases, clock, runners } = this.#ports;
    const { runnerId, ttlMs } = this.#settings;
    const request = { missionId, runnerId, ttlMs, now: clock.now() };
    const acquired = await leases.acquire(request);
    if (
      acquired.status === "acquired" ||
      runners === undefined ||
      !(await runners.isGone(acquired.lease.runnerId))
    )
      return acquired;
    return await leases.acquire({ ...request, deadEpoch: acquired.lease.epoch });
  }

  /** Acquires and runs; answers when to look at the mission again, undefined when its wake time says so. */
  async #take(missionId: MissionId, entry: ActiveRun): Promise<Timestamp | undefined> {
    const { leases, faults } = this.#ports;
    const acquired = await this.#acquire(missionId);
    if (acquired.status === "held")
      return Math.min(acquired.lease.expiresAt + 1, this.#ports.clock.now() + heldRecheckMs);
    faults.reach("lease.acquired");
    const lease = keepLease(this.#ports, { missionId, epoch: acquired.epoch }, this.#settings);
    let end: RunEnd | undefined;
    try {
      const loaded = await loadWithCache(this.#ports, missionId);
      if (loaded === undefined) return undefined;
      const { unknownEvent } = loaded.state;
      if (unknownEvent !== undefined)
        throw new Error(`the log holds "${unknownEvent}", written by a newer Houston: upgrade to go on`);
      const settings = {
        ...this.#settings,
        missionId,
        epoch: acquired.epoch,
        stop: this.#ending.signal,
        lost: lease.lost,
        held: () => lease.held(),
      };
      const run = new MissionRun(this.#ports, settings, loaded);
      entry.run = run;
      run.notice(entry.heardSeq);
      end = await run.run();
    } finally {
      await lease.stop();
      if (end !== "lost") await leases.release(missionId, acquired.epoch);
      faults.reach("lease.released");
    }
    return undefined;
  }
}
