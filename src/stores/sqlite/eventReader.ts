/** The main thread's side of reading events: pages made into records, and the next page asked for ahead of time. */
import type { EventRecord } from "../../protocol/events.ts";
import type { Seq, StreamId } from "../../protocol/ids.ts";
import { recordOf, type RawEvent } from "../store.ts";
import type { WriterExchanges } from "./messages.ts";
import { eventsOf } from "./pages.ts";
import type { WorkerClient } from "./workerClient.ts";

/** Whoever asks for at least so many events at a time, and gets them all, will want the next as well. */
const longRead = 500;

interface Ahead {
  streamId: StreamId;
  afterSeq: Seq;
  limit: number;
  events: Promise<RawEvent[]>;
}

/** Reads events; of a long stream the next page is on its way while one is worked on. */
export class EventReader {
  private readonly writer: WorkerClient<WriterExchanges>;
  private ahead: Ahead | undefined;

  constructor(writer: WorkerClient<WriterExchanges>) {
    this.writer = writer;
  }

  async read(streamId: StreamId, afterSeq: Seq, limit: number): Promise<EventRecord[]> {
    const ahead = await this.takeAhead(streamId, afterSeq, limit);
    // What was asked for ahead of time may have grown since.
    const rest = limit - ahead.length;
    const events =
      rest === 0 ? ahead : ahead.concat(await this.fetch(streamId, ahead.at(-1)?.seq ?? afterSeq, rest));
    const last = events.at(-1);
    if (limit >= longRead && events.length === limit && last !== undefined) this.askAhead(last, limit);
    return events.map(recordOf);
  }

  private async takeAhead(streamId: StreamId, afterSeq: Seq, limit: number): Promise<RawEvent[]> {
    const { ahead } = this;
    if (ahead?.streamId !== streamId || ahead.afterSeq !== afterSeq || ahead.limit !== limit) return [];
    this.ahead = undefined;
    return await ahead.events;
  }

  private askAhead({ streamId, seq }: RawEvent, limit: number): void {
    const events = this.fetch(streamId, seq, limit);
    // Whoever takes it learns of it.
    events.catch(() => {});
    this.ahead = { streamId, afterSeq: seq, limit, events };
  }

  private async fetch(streamId: StreamId, afterSeq: Seq, limit: number): Promise<RawEvent[]> {
    return eventsOf(streamId, await this.writer.call("page", { streamId, afterSeq, limit }));
  }
}
