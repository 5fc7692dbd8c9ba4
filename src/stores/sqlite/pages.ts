/**
 * Events of one stream on their way from the writer's thread: in columns and one long text, because thousands of
 * small objects take longer to pass than to read.
 */
import type { CommandId, Seq, StreamId, Timestamp } from "../../protocol/ids.ts";
import type { RawEvent } from "../store.ts";

/** The n-th of each column is the n-th event's. */
export interface EventPage {
  seq: Seq[];
  at: Timestamp[];
  version: number[];
  type: string[];
  /** Where in `commandIds` its command is. */
  command: number[];
  commandIds: CommandId[];
  /** Where its body ends in `bodies`. */
  end: number[];
  bodies: string;
}

export function emptyPage(): EventPage {
  return { seq: [], at: [], version: [], type: [], command: [], commandIds: [], end: [], bodies: "" };
}

export function eventsOf(streamId: StreamId, page: EventPage): RawEvent[] {
  let start = 0;
  return page.end.map((end, index) => {
    const body = page.bodies.slice(start, end);
    start = end;
    return {
      streamId,
      seq: page.seq[index] ?? 0,
      at: page.at[index] ?? 0,
      commandId: page.commandIds[page.command[index] ?? 0] ?? "",
      schemaVersion: page.version[index] ?? 0,
      type: page.type[index] ?? "",
      body,
    };
  });
}
