/**
 * One mission under one lease: decide, append, perform what is due, again. All that matters is in the
 * log before it is acted on; what is in memory here can be lost at any instant.
 */
import { decide } from "../mission/decide.ts";
import { due, next, nextDeadline } from "../mission/next.ts";
import { strictest } from "../mission/recovery.ts";
import type { CallState, MissionState } from "../mission/state.ts";
import { summaryOf } from "../mission/status.ts";
import { StoreError, type InlineBlob } from "../ports/log.ts";
import type { CallOutcome } from "../protocol/call.ts";
import type { Command, MissionCommand } from "../protocol/commands.ts";
import type { MissionEvent } from "../protocol/events.ts";
import type { CallId, Epoch, MissionId, RunnerId, Timestamp } from "../protocol/ids.ts";
import { evolveThrough, toAppend } from "./append.ts";
import type { EnginePorts } from "./enginePorts.ts";
import { CacheKeeper, foldTail, loadMission, type Loaded } from "./load.ts";
import { perform } from "./perform.ts";
import { folderPrefix, settled, type Performed } from "./performance.ts";
import { Signal } from "./signal.ts";

/** Why a run ended. `parked`: nothing to do before a deadline far away; `lost`: a newer runner has the mission. */
export type RunEnd = "closed" | "parked" | "stopped" | "lost";

export interface RunSettings {
  missionId: MissionId;
  runnerId: RunnerId;
  epoch: Epoch;
  /** A mission with nothing to do for this long is put away. */
  parkAfterMs: number;
  /** How long a performer may take to end after its signal aborted. */
  graceMs: number;
  /** Ends the run in good order: calls are interrupted and settled. */
  stop: AbortSignal;
  /** The lease is gone: children are ended, nothing is written. */
  lost: AbortSignal;
  /** Whether the lease still stands; asked before anything is begun. */
  held(): boolean;
  /** Trouble with the store, for people to see. */
  report(message: string): void;
}

/** A command of this runner, with the blobs its events name. */
interface Intake {
  body: MissionCommand;
  blobs: InlineBlob[];
}

/** Decisions in a row without an end mean a bug in the law, not work. */
const maxClosure = 10_000;
const retryStoreMs = 1_000;

export class MissionRun {
  readonly #ports: EnginePorts;
  readonly #settings: RunSettings;
  #state: MissionState;
  readonly #keeper: CacheKeeper;
  readonly #performing = new Map<CallId, AbortController>();
  /** Performers that have not ended and were not given up: nobody leaves before them. */
  readonly #running = new Set<Promise<void>>();
  #intake: Intake[] = [];
  #stale = false;
  #behind = false;
  /** The summary row as last written, without what changes all the time. */
  #summary = "";
  /** What time alone had changed up to here has been decided. */
  #decidedAt = 0;
  readonly #wake = new Signal();
  #timer: { at: Timestamp; controller: AbortController } | undefined;

  constructor(ports: EnginePorts, settings: RunSettings, loaded: Loaded) {
    this.#ports = ports;
    this.#settings = settings;
    this.#state = loaded.state;
    this.#keeper = new CacheKeeper(ports.caches, loaded.cache);
  }

  /** The log has more than this run has folded, perhaps. */
  notice(seq: number): void {
    if (seq <= this.#state.seq) return;
    this.#behind = true;
    this.#wake.set();
  }

  async run(): Promise<RunEnd> {
    const { lost, stop, runnerId, epoch } = this.#settings;
    const wake = (): void => this.#wake.set();
    lost.addEventListener("abort", wake);
    stop.addEventListener("abort", wake);
    try {
      this.#take({ type: "run.start", runId: this.#ports.ids.next(), runnerId, epoch });
      if (epoch > 1) this.#track(this.#tidy(epoch));
      return await this.#loop();
    } finally {
      lost.removeEventListener("abort", wake);
      stop.removeEventListener("abort", wake);
      this.#timer?.controller.abort();
      for (const controller of this.#performing.values()) controller.abort();
      await Promise.all(this.#running);
    }
  }

  async #loop(): Promise<RunEnd> {
    for (;;) {
      if (this.#isLost()) return "lost";
      if (this.#settings.stop.aborted) return await this.#stopInOrder();
      if (this.#behind) await this.#catchUp();
      if (!(await this.#commit(this.#intake.splice(0)))) return "lost";
      this.#syncPerformers();
      const end = this.#atRest();
      if (end !== undefined) return await this.#leave(end);
      if (this.#intake.length === 0 && !this.#behind) await this.#sleep();
    }
  }

  #isLost(): boolean {
    return this.#stale || !this.#settings.held();
  }

  #take(body: MissionCommand, blobs: InlineBlob[] = []): void {
    this.#intake.push({ body, blobs });
    this.#wake.set();
  }

  /** Nothing is under way and nothing follows before a deadline: closed, or to be parked. */
  #atRest(): "closed" | "parked" | undefined {
    if (this.#running.size > 0 || this.#intake.length > 0 || this.#behind) return undefined;
    if (this.#state.work.outcome !== undefined) return "closed";
    if (due(this.#state).length > 0) return undefined;
    return nextDeadline(this.#state, this.#decidedAt) - this.#ports.clock.now() > this.#settings.parkAfterMs
      ? "parked"
      : undefined;
  }

  async #sleep(): Promise<void> {
    this.#arm(nextDeadline(this.#state, this.#decidedAt));
    await this.#wake.wait();
    this.#wake.clear();
  }

  /** Wakes the run at a deadline. A timer that fires too early costs one look; making one anew for each step costs more. */
  #arm(at: Timestamp): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.controller.abort();
    const controller = new AbortController();
    this.#timer = { at, controller };
    void this.#ports.clock.wait(at, controller.signal).then(() => {
      if (controller.signal.aborted) return;
      this.#timer = undefined;
      this.#wake.set();
    });
  }

  /** Folds what others appended. */
  async #catchUp(): Promise<void> {
    this.#behind = false;
    this.#state = (await foldTail(this.#ports.log, this.#state.id, this.#state)) ?? this.#state;
  }

  /** What was decided and not appended must not be acted on. */
  async #reload(): Promise<void> {
    this.#behind = false;
    this.#state = (await loadMission(this.#ports, this.#state.id)) ?? this.#state;
  }

  /**
   * Decides the commands and all that follows from them, in one append. False when the lease is lost.
   * On a conflict the tail is folded and everything is decided again.
   */
  async #commit(intake: Intake[], follow = true): Promise<boolean> {
    const commandId = this.#ports.ids.next();
    for (;;) {
      if (this.#isLost()) return false;
      const at = Math.max(this.#ports.clock.now(), this.#state.at);
      const expectedSeq = this.#state.seq;
      const events = this.#decideAll(intake, commandId, at, follow);
      this.#decidedAt = at;
      if (events.length === 0) return true;
      const blobs = intake.flatMap((item) => item.blobs);
      const result = await this.#append({ commandId, expectedSeq, at, events, blobs });
      if (result === "appended") return true;
      if (result === "stale") {
        this.#stale = true;
        return false;
      }
      await this.#reload();
      if (result === "repeated") return true;
    }
  }

  #decideAll(intake: Intake[], commandId: string, at: number, follow: boolean): MissionEvent[] {
    const events: MissionEvent[] = [];
    const apply = (body: MissionCommand, by: string): boolean => {
      const decision = decide(this.#state, { id: commandId, at, by, body } satisfies Command);
      if (!decision.ok) return false;
      evolveThrough(this.#state, decision.events, at, commandId);
      events.push(...decision.events);
      return decision.events.length > 0;
    };
    const applyOwn = (body: MissionCommand): void => {
      if (apply(body, "runner") || body.type !== "call.settle" || !this.#state.ledger.calls.has(body.callId))
        return;
      // What a performer answers against the law ends its call; refused and left open, it would be performed again.
      const error = { code: "agentFailed", message: "it answered what the law refuses" } as const;
      const { callId, usage } = body;
      apply({ type: "call.settle", callId, usage, outcome: { status: "failed", error } }, "runner");
    };
    for (const { body } of intake) applyOwn(body);
    if (!follow || this.#state.ledger.epoch !== this.#settings.epoch) return events;
    for (let count = 0; ; count += 1) {
      const proposal = next(this.#state, at);
      if (proposal === undefined) return events;
      // The law proposes only what it accepts; anything else is a bug that must not spin.
      if (!apply(proposal, "engine") || count > maxClosure)
        throw new Error(
          `the law proposed ${proposal.type} and then refused it (mission ${this.#state.id}, seq ${this.#state.seq})`,
        );
    }
  }

  async #append(decided: {
    commandId: string;
    expectedSeq: number;
    at: number;
    events: MissionEvent[];
    blobs: InlineBlob[];
  }): Promise<"appended" | "stale" | "conflict" | "repeated"> {
    const { log, faults } = this.#ports;
    const summary = this.#summaryKey();
    const withSummary = summary !== this.#summary;
    const request = { ...decided, mission: this.#state, epoch: this.#settings.epoch, withSummary };
    for (;;) {
      try {
        const append = await toAppend(log, request);
        if ("refusal" in append) throw new Error(append.refusal.message);
        faults.reach("append.before");
        const result = await log.append(append);
        faults.reach("append.after");
        if (result.status !== "appended") return result.status;
        this.#summary = summary;
        if (await this.#keeper.keep(this.#state)) faults.reach("cache.saved");
        return "appended";
      } catch (error) {
        if (!(error instanceof StoreError) || !(error.code === "diskFull" || error.code === "busy"))
          throw error;
        this.#settings.report(`${error.message}; trying again`);
        await this.#ports.clock.pause(retryStoreMs, this.#settings.lost);
        // What cannot be written is left to the next runner, as after a crash.
        if (this.#isLost() || this.#settings.stop.aborted) return "stale";
      }
    }
  }

  /** Lists need not show the newest second of spending: the row is written when something else changed. */
  #summaryKey(): string {
    const { seq: _seq, updatedAt: _updatedAt, spent: _spent, ...rest } = summaryOf(this.#state);
    return JSON.stringify(rest);
  }

  /** Starts performers of calls that are due, ends those of calls that are to end. */
  #syncPerformers(): void {
    for (const [id, controller] of this.#performing)
      if (!this.#state.ledger.calls.has(id)) controller.abort();
    for (const entry of due(this.#state)) {
      const controller = this.#performing.get(entry.call.id);
      if (controller !== undefined && entry.cancelling !== undefined) controller.abort();
      else if (controller === undefined && !this.#hasEnded(entry.call.id)) this.#start(entry);
    }
  }

  /** What was performed while an append was under way is not settled yet, and must not be performed again. */
  #hasEnded(id: CallId): boolean {
    return this.#intake.some(
      ({ body }) => (body.type === "call.settle" || body.type === "call.redo") && body.callId === id,
    );
  }

  #start(entry: CallState): void {
    const { id } = entry.call;
    if (entry.cancelling !== undefined && entry.mode !== "lookUp") {
      // Wanted and cancelled before anything began. What may have happened outside is looked up all the same.
      this.#take({
        type: "call.settle",
        callId: id,
        outcome: { status: "interrupted", reason: entry.cancelling },
        usage: {},
      });
      return;
    }
    const controller = new AbortController();
    this.#performing.set(id, controller);
    this.#ports.faults.reach("call.before");
    const performed = this.#perform(entry, controller.signal);
    const ended = this.#ended(performed, entry, controller.signal).then((result) => {
      if (this.#performing.get(id) === controller) this.#performing.delete(id);
      if (this.#isLost()) return;
      this.#ports.faults.reach("call.after");
      if (result === "absent") this.#take({ type: "call.redo", callId: id });
      else {
        const { blobs, ...settle } = result;
        this.#take({ type: "call.settle", callId: id, ...settle }, blobs);
      }
    });
    this.#track(ended);
  }

  #track(work: Promise<void>): void {
    const running = work.finally(() => {
      this.#running.delete(running);
      this.#wake.set();
    });
    this.#running.add(running);
  }

  #perform(entry: CallState, signal: AbortSignal): Promise<Performed> {
    const { call, mode } = entry;
    if (mode !== "perform") this.#ports.faults.reach("recovery.before");
    return perform({
      ports: this.#ports,
      missionId: this.#state.id,
      mission: this.#state,
      call,
      mode,
      epoch: this.#settings.epoch,
      signal,
      held: () => !this.#isLost(),
      record: (snapshot) => this.#take({ type: "snapshot.record", callId: call.id, snapshot }),
    });
  }

  /** A performer that does not end in time after its signal is given up: the call is settled without it. */
  #ended(performed: Promise<Performed>, entry: CallState, signal: AbortSignal): Promise<Performed> {
    const { clock } = this.#ports;
    return new Promise((resolve) => {
      const done = new AbortController();
      const giveUp = async (): Promise<void> => {
        await clock.pause(this.#settings.graceMs, done.signal);
        resolve(settled(givenUp(entry)));
      };
      const onAbort = (): void => void giveUp();
      signal.addEventListener("abort", onAbort, { once: true });
      // A performer never throws.
      void performed.then((result) => {
        signal.removeEventListener("abort", onAbort);
        resolve(result);
        if (signal.aborted) done.abort();
      });
    });
  }

  /** Interrupts what can be, gives a delivery time to end, settles all, and leaves. */
  async #stopInOrder(): Promise<RunEnd> {
    this.#ports.faults.reach("run.stopping");
    const deliveries = new Set<AbortController>();
    for (const [id, controller] of this.#performing)
      if (this.#state.ledger.calls.get(id)?.call.work.kind === "deliver") deliveries.add(controller);
      else controller.abort();
    const done = new AbortController();
    void this.#ports.clock.pause(this.#settings.graceMs, done.signal).then(() => {
      for (const controller of deliveries) controller.abort();
    });
    while (this.#running.size > 0) await Promise.race(this.#running);
    done.abort();
    if (this.#isLost() || !(await this.#commit(this.#intake.splice(0), false))) return "lost";
    return await this.#leave("stopped");
  }

  /** Folders that dead runners left behind, and all of them when the mission is closed; what cannot be removed harms nobody. */
  async #tidy(kept?: Epoch): Promise<void> {
    try {
      await this.#ports.workspaces.removeAll(
        this.#state.id,
        kept === undefined ? undefined : folderPrefix(kept),
      );
    } catch (error) {
      this.#settings.report(`folders of mission ${this.#state.id} are left behind: ${String(error)}`);
    }
  }

  async #leave(end: "closed" | "parked" | "stopped"): Promise<RunEnd> {
    if (end === "closed") await this.#tidy();
    this.#take({ type: "run.stop", reason: end });
    return (await this.#commit(this.#intake.splice(0), false)) ? end : "lost";
  }
}

/** A performer that does not end: what it may have done outside is not known, and must not be done again unasked. */
function givenUp({ call }: CallState): CallOutcome {
  const reason = "it did not end when told to";
  const isSafe = call.work.kind === "deliver" || strictest(call.effects) !== "external";
  return isSafe ? { status: "interrupted", reason } : { status: "unknown", reason };
}
