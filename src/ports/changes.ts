/** How other processes learn of appends: gap-free, in the order of cursors. */
import type { Seq, StreamId } from "../protocol/ids.ts";
import type { Cursor } from "./log.ts";

export interface Change {
  cursor: Cursor;
  streamId: StreamId;
  /** The stream's sequence after this append. */
  seq: Seq;
}

export interface Changes {
  /** The cursor of the newest append that is visible now. */
  cursor(): Promise<Cursor>;
  /** Every append after `after`, then new ones as they come (of this and other processes), until the signal aborts. Several appends to one stream may be reported as one. Ends without throwing on abort. */
  changes(after: Cursor, signal: AbortSignal): AsyncIterable<Change>;
}
