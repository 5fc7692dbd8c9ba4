/**
 * How what we run inside a box tells us things that the code under test shall not take back: a named pipe in a
 * folder that the box shows read-only. Lines of JSON; nothing in them is trusted to be whole or well-formed.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { constants, openSync } from "node:fs";
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { isObject, type JsonObject } from "./reports/json.ts";

export interface Channel {
  /** Holds the pipe, and whatever else the box is to see of ours. */
  folder: string;
  pipe: string;
  /** What was said until now, oldest first. Call it when nothing of the box runs any more; closes the channel. */
  finish(): Promise<{ messages: JsonObject[]; overflown: boolean }>;
}

const maxMessages = 20_000;
const maxBytes = 16 * 1024 * 1024;

export async function openChannel(): Promise<Channel> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "houston-check-")));
  try {
    const pipe = join(folder, "said");
    await promisify(execFile)("mkfifo", [pipe]);
    // The account of the box has neither our user nor our group.
    await chmod(folder, 0o755);
    await chmod(pipe, 0o622);
    // Held open for writing too, so that it does not end when a process of the box does.
    const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    const reader = new ChannelReader(new Socket({ fd, readable: true, writable: true }));
    return {
      folder,
      pipe,
      finish: async () => {
        try {
          return await reader.finish();
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

class ChannelReader {
  readonly #socket: Socket;
  readonly #messages: JsonObject[] = [];
  readonly #last = `{"last":${JSON.stringify(randomUUID())}}`;
  #rest = "";
  #sizeBytes = 0;
  #overflown = false;
  #ended: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("error", () => this.#ended?.());
    socket.on("data", (text: string) => this.#read(text));
  }

  async finish(): Promise<{ messages: JsonObject[]; overflown: boolean }> {
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    // What lies in the pipe before this line was said before.
    this.#socket.write(`\n${this.#last}\n`);
    await ended;
    this.#socket.destroy();
    return { messages: this.#messages, overflown: this.#overflown };
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === this.#last) this.#ended?.();
      else this.#keep(line);
    }
    // A line of ours is never that long.
    if (this.#rest.length > 65_536) this.#rest = "";
  }

  #keep(line: string): void {
    this.#sizeBytes += line.length;
    if (this.#messages.length >= maxMessages || this.#sizeBytes > maxBytes) {
      this.#overflown = true;
      return;
    }
    try {
      const message: unknown = JSON.parse(line);
      if (isObject(message)) this.#messages.push(message);
    } catch {
      // Not from us.
    }
  }
}
