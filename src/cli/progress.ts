/** Showing how a mission goes: a tree drawn in place on a terminal, one line per event anywhere else. */
import type { WatchedMission } from "../app/houston.ts";
import { eventText, News } from "./eventText.ts";
import { canRedraw } from "./output.ts";
import { treeOf } from "./tree.ts";

export interface Progress {
  show(watched: WatchedMission): void;
  /** A line that stays, for example how to go on. */
  note(text: string): void;
  /** Leaves what was shown last. */
  end(): void;
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return canRedraw(stream) ? new LiveTree(stream) : new EventLines(stream);
}

class EventLines implements Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #news = new News();
  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }
  show({ records }: WatchedMission): void {
    for (const record of records) {
      if (!this.#news.isNews(record)) continue;
      this.#stream.write(`${new Date(record.at).toISOString().slice(11, 19)}  ${eventText(record.event)}\n`);
    }
  }
  note(text: string): void {
    this.#stream.write(`${text}\n`);
  }
  end(): void {}
}

const escape = "\u001b[";

class LiveTree implements Progress {
  readonly #stream: NodeJS.WriteStream;
  #height = 0;
  #latest: WatchedMission | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(watched: WatchedMission): void {
    this.#latest = watched;
    const { columns, rows } = this.#stream;
    const lines = treeOf(watched.view, { stream: this.#stream, now: Date.now() }).slice(
      0,
      Math.max(3, rows - 1),
    );
    this.#erase();
    this.#stream.write(lines.map((line) => `${clipped(line, columns)}\n`).join(""));
    this.#height = lines.length;
  }

  note(text: string): void {
    this.#erase();
    this.#stream.write(`${text}\n`);
    if (this.#latest !== undefined) this.show(this.#latest);
  }

  end(): void {
    this.#height = 0;
  }

  #erase(): void {
    if (this.#height > 0) this.#stream.write(`${escape}${this.#height}F${escape}0J`);
    this.#height = 0;
  }
}

// oxlint-disable-next-line no-control-regex
const styleCodes = /(\u001b\[[0-9;]*m)/;

/** Cut to the terminal's width, its styles kept, so that a line is one row. */
function clipped(line: string, columns: number): string {
  let left = columns - 1;
  const parts = line.split(styleCodes).map((part, index) => {
    if (index % 2 === 1) return part;
    const characters = Array.from(part);
    const shown = characters.slice(0, Math.max(0, left)).join("");
    left -= characters.length;
    return shown;
  });
  return parts.join("");
}
