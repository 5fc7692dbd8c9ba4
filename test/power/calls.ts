/** Reads strace's output as it streams: whole calls, with those that were interrupted by another thread's put together. */
import { createReadStream } from "node:fs";

export interface SystemCall {
  thread: number;
  name: string;
  /** Between the parentheses. */
  args: string;
  /** Negative: it failed. */
  result: number;
  /** After the number: the path of a descriptor. */
  resultPath: string | undefined;
}

/** A call's start or its end; only those that were interrupted have two. */
export type Instant =
  | { at: "start"; thread: number; text: string }
  | { at: "end"; call: SystemCall; wasInterrupted: boolean };

async function* linesOf(file: string): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      yield Buffer.concat(parts).toString("latin1");
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
}

const unfinishedMark = " <unfinished ...>";

export async function* instantsOf(file: string): AsyncGenerator<Instant> {
  const unfinished = new Map<number, string>();
  for await (const line of linesOf(file)) {
    const space = line.indexOf(" ");
    const thread = Number(line.slice(0, space));
    const text = line.slice(space).trimStart();
    if (text.startsWith("+++") || text.startsWith("---")) continue;
    if (text.endsWith(unfinishedMark)) {
      const begun = text.slice(0, -unfinishedMark.length);
      unfinished.set(thread, begun);
      yield { at: "start", thread, text: begun };
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text);
    const whole = resumed === null ? text : `${unfinished.get(thread) ?? ""}${text.slice(resumed[0].length)}`;
    const call = callOf(thread, whole);
    if (call !== undefined) yield { at: "end", call, wasInterrupted: resumed !== null };
  }
}

function callOf(thread: number, text: string): SystemCall | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(") ");
  const answer = /^\) +(?:\(.*\) +)?= (-?(?:0x[0-9a-f]+|\d+)|\?)(?:<((?:\\x[0-9a-f]{2})*)>)?/.exec(
    text.slice(lastAnswer(text, close)),
  );
  if (open < 0 || answer === null)
    throw new Error(`strace wrote what the harness cannot read: ${text.slice(0, 300)}`);
  // "?": the process ended inside the call.
  if (answer[1] === "?") return undefined;
  return {
    thread,
    name: text.slice(0, open),
    args: text.slice(open + 1, lastAnswer(text, close)),
    result: Number(answer[1]),
    resultPath: answer[2] === undefined ? undefined : unescape(answer[2]),
  };
}

/** Where ") = " begins; what comes after it may have parentheses too. */
function lastAnswer(text: string, fallback: number): number {
  const tail = Math.max(0, text.length - 2_000);
  const match = /\) += (?:-?(?:0x[0-9a-f]+|\d+)|\?)/.exec(text.slice(tail));
  return match === null ? fallback : tail + match.index;
}

/** Bytes written as `\x41`. */
export function bytesOf(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll("\\x", ""), "hex");
}

/** Paths stay bytes (latin1). */
export function unescape(escaped: string): string {
  return bytesOf(escaped).toString("latin1");
}

/** The strings among the arguments, in order. */
export function stringsIn(args: string): string[] {
  if (args.includes('"...')) throw new Error("strace cut a string");
  return [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, text = ""]) => text);
}
