/** The main thread's end of the line to one worker: typed questions, answers as promises, a clean end when the thread dies. */
import { Worker } from "node:worker_threads";
import { StoreError } from "../../ports/log.ts";
import type { Answered, Asked, FromWorker, Reply, Request, WorkerSetup } from "./messages.ts";

interface Pending {
  resolve: (answer: unknown) => void;
  reject: (error: StoreError) => void;
}

const workerUrl = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

export class WorkerClient<E> {
  private readonly worker: Worker;
  private readonly what: string;
  private readonly bell = new Int32Array(new SharedArrayBuffer(4));
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  /** Set once: why nothing can be asked any more. */
  private ended: StoreError | undefined;
  private closing: Promise<void> | undefined;
  private isHeld = false;
  private idle: (() => void) | undefined;
  /** Resolves when the thread has opened what it works on. */
  readonly opened: Promise<unknown>;

  constructor(setup: Omit<WorkerSetup, "bell">, onTick: () => void = () => {}) {
    this.what = `${setup.directory} (${setup.role})`;
    this.worker = new Worker(workerUrl, {
      workerData: { ...setup, bell: this.bell } satisfies WorkerSetup,
      name: `houston-${setup.role}`,
    });
    this.opened = new Promise((resolve, reject) => this.pending.set(0, { resolve, reject }));
    // Whoever asks something learns of it; nobody has to look here.
    this.opened.catch(() => {});
    this.worker.on("message", (message: FromWorker) =>
      message === "tick" ? onTick() : this.settle(message),
    );
    this.worker.on("error", (error: Error) =>
      this.end(
        new StoreError(
          "io",
          `${this.what}: the store's worker died: ${error.message}. What was acknowledged is safe; open the store again`,
          { cause: error },
        ),
      ),
    );
    this.worker.on("exit", () =>
      this.end(
        new StoreError(
          "io",
          `${this.what}: the store's worker ended. What was acknowledged is safe; open the store again`,
        ),
      ),
    );
  }

  call<K extends keyof E & string>(kind: K, ask: Asked<E, K>): Promise<Answered<E, K>> {
    const ended = this.ended ?? (this.closing === undefined ? undefined : closed(this.what));
    if (ended !== undefined) return Promise.reject(ended);
    return this.send(kind, ask) as Promise<Answered<E, K>>;
  }

  private send(kind: string, ask: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request: Request = { id: this.nextId++, kind, ask };
      // An open store alone keeps no process alive; an unanswered question does.
      if (this.pending.size === 0) this.worker.ref();
      this.pending.set(request.id, { resolve, reject });
      this.worker.postMessage(request);
      Atomics.add(this.bell, 0, 1);
      Atomics.notify(this.bell, 0);
    });
  }

  /** Keeps the process alive although nothing is asked. */
  hold(on: boolean): void {
    this.isHeld = on;
    if (on) this.worker.ref();
    else if (this.pending.size === 0) this.worker.unref();
  }

  private settle(replies: Reply[]): void {
    for (const reply of replies) {
      const pending = this.pending.get(reply.id);
      this.pending.delete(reply.id);
      if ("failure" in reply) {
        const error = new StoreError(reply.failure.code, reply.failure.message);
        if (reply.id === 0) this.ended = error;
        pending?.reject(error);
      } else pending?.resolve(reply.answer);
    }
    if (this.pending.size > 0) return;
    if (!this.isHeld) this.worker.unref();
    this.idle?.();
  }

  private end(reason: StoreError): void {
    this.ended ??= this.closing === undefined ? reason : closed(this.what);
    for (const { reject } of this.pending.values()) reject(this.ended);
    this.pending.clear();
    this.idle?.();
  }

  /** Waits for every answer that is owed, then for the thread. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    if (this.pending.size > 0) await new Promise<void>((resolve) => (this.idle = resolve));
    if (this.ended === undefined) await this.send("close", undefined);
    await this.worker.terminate();
  }
}

export function closed(what: string): StoreError {
  return new StoreError("closed", `${what}: the store was closed`);
}
