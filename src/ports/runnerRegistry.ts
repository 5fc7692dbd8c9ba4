/** Which runners are known to be dead, so that nobody waits for the lease of one. */
import type { RunnerId } from "../protocol/ids.ts";

export interface RunnerRegistry {
  /** Makes this process findable under the id; before it acquires anything. */
  enter(runnerId: RunnerId): Promise<void>;
  /** True only when the runner's process has certainly ended; in doubt false. */
  isGone(runnerId: RunnerId): Promise<boolean>;
  leave(runnerId: RunnerId): Promise<void>;
}
