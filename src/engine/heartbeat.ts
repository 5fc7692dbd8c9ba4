/** Keeping a lease: beats until stopped, and tells when the lease is lost. */
import type { Clock } from "../ports/clock.ts";
import type { Leases } from "../ports/leases.ts";
import type { Epoch, MissionId } from "../protocol/ids.ts";

export interface LeaseSettings {
  /** How long a lease lives without a heartbeat. */
  ttlMs: number;
  /** Well below a third of it. */
  heartbeatMs: number;
}

export interface HeldLease {
  /** Aborts when a newer runner holds the mission, or when nobody could be told in time that this one lives. */
  lost: AbortSignal;
  /** Whether nobody else can hold the mission yet: asked before anything is begun, because a process may have been frozen for longer than its lease. */
  held(): boolean;
  stop(): Promise<void>;
}

export function keepLease(
  ports: { leases: Leases; clock: Clock },
  lease: { missionId: MissionId; epoch: Epoch },
  settings: LeaseSettings,
): HeldLease {
  const lost = new AbortController();
  const stopping = new AbortController();
  const { clock, leases } = ports;
  // From before the beat was written; by a clock that does not jump, and by the one that others judge the lease by.
  let keptUntilMs = clock.monotonicMs() + settings.ttlMs;
  let keptUntil = clock.now() + settings.ttlMs;
  const held = (): boolean => {
    if (clock.monotonicMs() >= keptUntilMs || clock.now() >= keptUntil) lost.abort();
    return !lost.signal.aborted;
  };
  const beating = (async () => {
    while (!stopping.signal.aborted && !lost.signal.aborted) {
      await clock.pause(settings.heartbeatMs, stopping.signal);
      if (stopping.signal.aborted) return;
      const beganMs = clock.monotonicMs();
      const now = clock.now();
      try {
        const kept = await leases.heartbeat({ ...lease, ttlMs: settings.ttlMs, now });
        if (!kept) return lost.abort();
        keptUntilMs = beganMs + settings.ttlMs;
        keptUntil = now + settings.ttlMs;
      } catch {
        // A beat that could not be written counts as not made.
        held();
      }
    }
  })();
  return {
    lost: lost.signal,
    held,
    async stop() {
      stopping.abort();
      await beating;
    },
  };
}
