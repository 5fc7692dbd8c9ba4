/**
 * A directory that an agent may be changing while we look. Everything is reached through an open
 * descriptor, so that a folder swapped for a symlink cannot lead out of the tree; names are byte
 * strings (latin1). Calls are synchronous, because the way through a thread pool costs more than most
 * of them; whoever makes many takes a `Breath` between them.
 */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import { setImmediate } from "node:timers/promises";

/** Linux gives us openat: a path through the descriptor. Elsewhere only the last segment is guarded. */
const descriptors = existsSync("/proc/self/fd");
const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** A pipe must not wait for a writer, a leased file not for its holder. */
const asFile = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

const maxBreathMs = 8;

/** Keeps a long row of synchronous calls from holding up heartbeats and everything else in the process. */
export class Breath {
  #since = performance.now();

  isDue(): boolean {
    return performance.now() - this.#since > maxBreathMs;
  }

  /** Lets the rest of the process run. */
  async take(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}

export class Folder {
  readonly #fd: number;
  readonly #path: string;

  private constructor(fd: number, path: Buffer) {
    this.#fd = fd;
    this.#path = descriptors ? `/proc/self/fd/${fd}/` : `${path.toString("latin1")}/`;
  }

  static open(path: string | Buffer): Folder {
    const bytes = Buffer.from(path);
    return new Folder(openSync(bytes, asDirectory), bytes);
  }

  names(): string[] {
    return readdirSync(Buffer.from(this.#path, "latin1"), { encoding: "latin1" });
  }

  stat(name: string): Stats {
    return lstatSync(this.#at(name));
  }

  openFolder(name: string): Folder {
    return Folder.open(Buffer.from(this.#at(name)));
  }

  /** A descriptor that the caller closes. */
  openFile(name: string): number {
    return openSync(this.#at(name), asFile);
  }

  linkTarget(name: string): Buffer {
    return readlinkSync(this.#at(name), { encoding: "buffer" });
  }

  /** Removes what is in the folder, following nothing. */
  async clear(breath = new Breath()): Promise<void> {
    for (const name of this.names()) await this.#remove(name, breath);
  }

  close(): void {
    closeSync(this.#fd);
  }

  async #remove(name: string, breath: Breath): Promise<void> {
    if (breath.isDue()) await breath.take();
    const stat = unlessGone(() => this.stat(name));
    if (stat === undefined) return;
    if (!stat.isDirectory()) {
      unlessGone(() => {
        unlinkSync(this.#at(name));
      });
      return;
    }
    const inner = this.#openToClear(name);
    try {
      // Entries cannot be removed from a folder that its owner made read-only.
      if ((stat.mode & 0o700) !== 0o700) fchmodSync(inner.#fd, 0o700);
      await inner.clear(breath);
    } finally {
      inner.close();
    }
    unlessGone(() => {
      rmdirSync(this.#at(name));
    });
  }

  #openToClear(name: string): Folder {
    try {
      return this.openFolder(name);
    } catch (error) {
      if (codeOf(error) !== "EACCES") throw error;
      chmodSync(this.#at(name), 0o700);
      return this.openFolder(name);
    }
  }

  /** A string where that says the same, because Node takes one faster than a buffer. */
  #at(name: string): string | Buffer {
    const path = this.#path + name;
    return (descriptors || isAscii(this.#path)) && isAscii(name) ? path : Buffer.from(path, "latin1");
  }
}

function isAscii(text: string): boolean {
  return !/[\u0080-\uffff]/.test(text);
}

/** What the work gives, or undefined when the entry has vanished meanwhile. */
export function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    return absent(error);
  }
}

/** For a catch: what vanished meanwhile is undefined, anything else is thrown on. */
export function absent(error: unknown): undefined {
  if (hasGone(error)) return undefined;
  throw error;
}

/** Whether an error says that an entry vanished or became something else while we looked. */
export function hasGone(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EISDIR", "ESTALE", "ENODEV"].includes(codeOf(error));
}

/** Whether an error says that we may not read an entry, now or ever. */
export function isUnreadable(error: unknown): boolean {
  return ["EACCES", "EPERM", "EAGAIN"].includes(codeOf(error));
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
