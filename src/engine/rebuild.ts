/** Making everything that is derived again from the log: summaries, wake times, receipts; caches are dropped. */
import { wakeAt } from "../mission/next.ts";
import { summaryOf } from "../mission/status.ts";
import type { Log } from "../ports/log.ts";
import { missionOfStream } from "../protocol/ids.ts";
import { foldTail } from "./load.ts";

/** Races lost in a row: a mission that moves this fast writes its own summary. */
const maxRaces = 20;

/** How many missions were projected. Safe while others work on the store. */
export async function rebuild(log: Log): Promise<number> {
  await log.dropProjections();
  let count = 0;
  for (const streamId of await log.streams()) {
    const missionId = missionOfStream(streamId);
    if (missionId === undefined) continue;
    for (let race = 0; race < maxRaces; race += 1) {
      const state = await foldTail(log, missionId, undefined);
      if (state === undefined) break;
      if (!(await log.project(missionId, state.seq, summaryOf(state), wakeAt(state)))) continue;
      count += 1;
      break;
    }
  }
  return count;
}
