/** The machine's clock. */
import type { Clock } from "../ports/clock.ts";

/** How often a long wait looks at the clock: it may be set, and a suspended machine's timers stand still. */
const lookEveryMs = 5_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  async wait(at, signal) {
    while (!signal.aborted) {
      const leftMs = at - Date.now();
      if (leftMs <= 0) return;
      await pause(Math.min(leftMs, lookEveryMs), signal);
    }
  },
  pause,
};

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
