/**
 * A worker's end of the line to the main thread. The writer does not wait in the event loop: it is rung
 * awake through shared memory and listens a moment longer after each request, because the next append of
 * a busy mission follows within microseconds, and going to sleep costs more than a small transaction.
 */
import { receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import type { FromWorker, Reply, Request } from "./messages.ts";

/** How long the writer listens before it sleeps. */
const listenMs = 0.1;

export class Port {
  private readonly port: MessagePort;
  private readonly bell: Int32Array;
  private closeRequest: Request | undefined;

  constructor(port: MessagePort, bell: Int32Array) {
    this.port = port;
    this.bell = bell;
  }

  reply(replies: Reply[]): void {
    this.post(replies);
  }

  tick(): void {
    this.post("tick");
  }

  private post(message: FromWorker): void {
    this.port.postMessage(message);
  }

  /** The next request that has arrived, without waiting. The last one of all, to close, waits for its turn. */
  poll(): Request | undefined {
    const received = receiveMessageOnPort(this.port);
    const request = received?.message as Request | undefined;
    if (request?.kind !== "close") return request;
    this.closeRequest = request;
    return undefined;
  }

  /** Requests as the event loop brings them, until the one to close. */
  listen(handle: (request: Request) => void, close: () => void): void {
    this.port.on("message", (request: Request) => {
      if (request.kind === "close") this.finish(request, close);
      else handle(request);
    });
  }

  /** The same without an event loop: returns when the store is closed. */
  listenBlocking(handle: (request: Request) => void, close: () => void): void {
    for (let heard = Atomics.load(this.bell, 0); ; heard = this.waitForBell(heard)) {
      for (let request = this.poll(); request !== undefined; request = this.poll()) handle(request);
      if (this.closeRequest !== undefined) return this.finish(this.closeRequest, close);
    }
  }

  private waitForBell(heard: number): number {
    for (const end = performance.now() + listenMs; performance.now() < end;) {
      const now = Atomics.load(this.bell, 0);
      if (now !== heard) return now;
    }
    Atomics.wait(this.bell, 0, heard);
    return Atomics.load(this.bell, 0);
  }

  private finish(request: Request, close: () => void): void {
    close();
    this.reply([{ id: request.id, answer: undefined }]);
    this.port.close();
  }

  /** Nothing was opened, so that nothing can be asked. */
  abandon(): void {
    this.port.close();
  }
}
