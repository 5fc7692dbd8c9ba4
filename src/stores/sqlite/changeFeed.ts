/** Changes as they come: woken at once by this process's appends, by the watching thread for all others'. */
import type { Change, Changes } from "../../ports/changes.ts";
import type { Cursor } from "../../ports/log.ts";
import type { WatcherExchanges, WorkerSetup } from "./messages.ts";
import { closed, WorkerClient } from "./workerClient.ts";

const pageLimit = 1_000;

export class ChangeFeed implements Changes {
  private readonly setup: Omit<WorkerSetup, "bell">;
  private client: WorkerClient<WatcherExchanges> | undefined;
  private subscribers = 0;
  /** Counts wakes, so that one between looking and waiting is not lost. */
  private generation = 0;
  private waiting: (() => void)[] = [];
  private isClosed = false;

  constructor(setup: Omit<WorkerSetup, "bell">) {
    this.setup = setup;
  }

  /** Started with the first question. */
  private watcher(): WorkerClient<WatcherExchanges> {
    if (this.isClosed) throw closed(this.setup.directory);
    this.client ??= new WorkerClient<WatcherExchanges>(this.setup, () => this.wake());
    return this.client;
  }

  wake(): void {
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
    this.subscribers += 1;
    try {
      if (this.subscribers === 1) await this.watch(watcher, true);
      while (!signal.aborted && !this.isClosed) {
        const seen = this.generation;
        const { changes, end } = await watcher.call("after", { after: position, limit: pageLimit });
        for (const change of changes) {
          if (isAborted(signal)) return;
          yield change;
        }
        if (end === position) await this.nextWake(seen);
        position = end;
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.subscribers -= 1;
      if (this.subscribers === 0 && !this.isClosed) this.watch(watcher, false).catch(() => {});
    }
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
