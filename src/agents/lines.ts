/** Splits a stream of bytes into lines of bounded length, without keeping more than one line. */

export interface Line {
  /** Counted from 1. */
  number: number;
  text: string;
}

export interface LineSplitter {
  push(chunk: Uint8Array): Line[];
  /** The last line, when it has no newline. */
  end(): Line[];
  /** Lines dropped because they were longer than the bound. */
  readonly tooLong: number;
}

/** Lines without their newline; one that is longer than `maxBytes` is dropped and counted. */
export function createLineSplitter(maxBytes: number): LineSplitter {
  let parts: Uint8Array[] = [];
  let sizeBytes = 0;
  let number = 0;
  let tooLong = 0;

  function add(part: Uint8Array): void {
    sizeBytes += part.length;
    // Past the bound only the size counts.
    if (sizeBytes <= maxBytes) parts.push(part);
    else parts = [];
  }

  function finish(): Line[] {
    number += 1;
    const isTooLong = sizeBytes > maxBytes;
    const text = isTooLong ? "" : Buffer.concat(parts).toString("utf8");
    if (isTooLong) tooLong += 1;
    parts = [];
    sizeBytes = 0;
    return isTooLong ? [] : [{ number, text }];
  }

  return {
    push(chunk) {
      const lines: Line[] = [];
      let start = 0;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, start)) {
        add(chunk.subarray(start, at));
        lines.push(...finish());
        start = at + 1;
      }
      if (start < chunk.length) add(chunk.subarray(start));
      return lines;
    },
    end: () => (sizeBytes === 0 ? [] : finish()),
    get tooLong() {
      return tooLong;
    },
  };
}
