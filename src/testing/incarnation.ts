/**
 * One life of a simulated runner. Its ports can be cut off (a crash: nothing it awaits ever comes back)
 * or held up (a frozen process that wakes as a zombie). What it started in the outside goes on.
 */
import type { EnginePorts } from "../engine/enginePorts.ts";
import type { Clock } from "../ports/clock.ts";
import type { CrashPoint } from "../ports/faults.ts";

export class Incarnation {
  #dead = false;
  #thawed: Promise<void> | undefined;

  get dead(): boolean {
    return this.#dead;
  }

  /** Nothing it does from now on reaches anybody. */
  kill(): void {
    this.#dead = true;
  }

  /** What it awaits comes back only then: a process is frozen while it waits, and goes on from there. */
  freeze(until: Promise<void>): void {
    this.#thawed = until.then(() => {
      this.#thawed = undefined;
    });
  }

  /** A port whose every method passes through this life. */
  wrap<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => this.#call(() => Reflect.apply(member, target, args) as unknown);
      },
    });
  }

  #call(call: () => unknown): unknown {
    if (this.#dead) return never();
    const result = call();
    if (result instanceof Promise) return this.#pass(result);
    if (isAsyncIterable(result)) return this.#follow(result);
    return result;
  }

  async #pass(result: Promise<unknown>): Promise<unknown> {
    try {
      return await result;
    } finally {
      await this.#gate();
    }
  }

  async *#follow(source: AsyncIterable<unknown>): AsyncIterable<unknown> {
    for await (const item of source) {
      await this.#gate();
      yield item;
    }
  }

  async #gate(): Promise<void> {
    if (this.#thawed !== undefined) await this.#thawed;
    if (this.#dead) await never();
  }

  /** The same clock, with jumps of its own. */
  clock(time: Clock, offsetMs: () => number): Clock {
    return {
      now: () => time.now() + offsetMs(),
      monotonicMs: () => time.monotonicMs(),
      pause: (durationMs, signal) => this.#pass(time.pause(durationMs, signal)) as Promise<void>,
      wait: (at, signal) => this.#pass(time.wait(at - offsetMs(), signal)) as Promise<void>,
    };
  }

  /** Ports of one life: stores and the outside through this life, clock with its jumps, crash points reported. */
  ports(ports: EnginePorts, offsetMs: () => number, reach: (point: CrashPoint) => void): EnginePorts {
    const { steps } = ports;
    return {
      ...ports,
      log: this.wrap(ports.log),
      changes: this.wrap(ports.changes),
      leases: this.wrap(ports.leases),
      blobs: this.wrap(ports.blobs),
      caches: this.wrap(ports.caches),
      workspaces: this.wrap(ports.workspaces),
      verifier: this.wrap(ports.verifier),
      programs: this.wrap(ports.programs),
      ...(steps === undefined ? {} : { steps: this.wrap(steps) }),
      clock: this.clock(ports.clock, offsetMs),
      faults: { reach },
    };
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
