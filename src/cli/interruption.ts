/** Ctrl-C: the first asks for an end in good order, the second ends at once. */
import { exitCodes } from "./exit.ts";

export interface Interruption {
  /** Aborts at the first signal. */
  signal: AbortSignal;
  stopListening(): void;
}

const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function listenForInterruption(onFirst: () => void = () => {}): Interruption {
  const controller = new AbortController();
  const interrupt = (): void => {
    // Nothing of ours is lost by leaving at once: that is what the log is for.
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
    onFirst();
  };
  for (const name of names) process.on(name, interrupt);
  return {
    signal: controller.signal,
    stopListening() {
      for (const name of names) process.off(name, interrupt);
    },
  };
}
