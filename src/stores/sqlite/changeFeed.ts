/**
 * Changes as they come. Cursors have no gaps, so that an append of this process that begins where a subscriber
 * stands is handed on as it is; only what others appended is looked up, when the watching thread has noticed it.
 */
import type { Change, Changes } from "../../ports/changes.ts";
import type { Append, Cursor } from "../../ports/log.ts";
import type { WatcherExchanges, WorkerSetup } from "./messages.ts";
import { closed, WorkerClient } from "./workerClient.ts";

const pageLimit = 1_000;
/** A subscriber further behind than so many of our appends looks them up. */
const maxOwn = 1_000;

/** Changes after a cursor, and the last cursor they reach. */
interface Page {
  changes: Change[];
  end: Cursor;
}

export class ChangeFeed implements Changes {
  private readonly setup: Omit<WorkerSetup, "bell">;
  private client: WorkerClient<WatcherExchanges> | undefined;
  private subscribers = 0;
  /** Counts wakes, so that one between looking and waiting is not lost. */
  private generation = 0;
  /** Counts reasons to look up what was appended. */
  private news = 0;
  /** This process's newest appends by the cursor before each, oldest first. */
  private readonly own = new Map<Cursor, Page>();
  private ownEnd: Cursor = 0;
  private waiting: (() => void)[] = [];
  private isClosed = false;

  constructor(setup: Omit<WorkerSetup, "bell">) {
    this.setup = setup;
  }

  /** Started with the first question. */
  private watcher(): WorkerClient<WatcherExchanges> {
    if (this.isClosed) throw closed(this.setup.directory);
    this.client ??= new WorkerClient<WatcherExchanges>(this.setup, () => this.look());
    return this.client;
  }

  /** Something was appended; nobody knows what. */
  look(): void {
    this.news += 1;
    this.wake();
  }

  /** This process appended, up to and with a cursor. */
  appended({ streams }: Append, end: Cursor): void {
    if (this.subscribers === 0) return;
    let before = end;
    for (const { events } of streams) before -= events.length;
    let cursor = before;
    const changes = streams.map(({ streamId, expectedSeq, events }): Change => {
      cursor += events.length;
      return { cursor, streamId, seq: expectedSeq + events.length };
    });
    this.own.set(before, { changes, end });
    this.ownEnd = Math.max(this.ownEnd, end);
    const oldest = this.own.keys().next().value;
    if (this.own.size > maxOwn && oldest !== undefined) this.own.delete(oldest);
    this.wake();
  }

  private wake(): void {
    this.generation += 1;
    const waiting = this.waiting;
    this.waiting = [];
    for (const resume of waiting) resume();
  }

  async cursor(): Promise<Cursor> {
    return this.watcher().call("cursor", undefined);
  }

  async *changes(after: Cursor, signal: AbortSignal): AsyncGenerator<Change> {
    if (signal.aborted) return;
    const wake = (): void => this.wake();
    signal.addEventListener("abort", wake, { once: true });
    const watcher = this.watcher();
    let position = after;
    let lookedAt = -1;
    this.subscribers += 1;
    try {
      if (this.subscribers === 1) await this.watch(watcher, true);
      while (!signal.aborted && !this.isClosed) {
        const { generation, news } = this;
        const page = this.own.get(position) ?? (await this.lookUp(watcher, position, lookedAt === news));
        for (const change of page.changes) {
          if (isAborted(signal)) return;
          yield change;
        }
        if (page.end > position) position = page.end;
        else {
          lookedAt = news;
          await this.nextWake(generation);
        }
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.subscribers -= 1;
      if (this.subscribers === 0) this.own.clear();
      if (this.subscribers === 0 && !this.isClosed) this.watch(watcher, false).catch(() => {});
    }
  }

  /** What is in the log after a position, unless that is known to be nothing. */
  private async lookUp(
    watcher: WorkerClient<WatcherExchanges>,
    after: Cursor,
    isUpToDate: boolean,
  ): Promise<Page> {
    if (isUpToDate && after >= this.ownEnd) return { changes: [], end: after };
    return await watcher.call("after", { after, limit: pageLimit });
  }

  private async watch(watcher: WorkerClient<WatcherExchanges>, on: boolean): Promise<void> {
    watcher.hold(on);
    await watcher.call("watch", on);
  }

  private nextWake(seen: number): Promise<void> {
    if (this.generation !== seen) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.wake();
    await this.client?.close();
  }
}

/** Asked again after a pause, where the compiler would remember the answer from before it. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
