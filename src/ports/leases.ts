/**
 * Who may act on a mission. Acquiring raises the epoch durably; the append checks it. Heartbeats say
 * only "still here" and must not wait for a slow disk behind appends.
 */
import type { Epoch, MissionId, RunnerId, Timestamp } from "../protocol/ids.ts";

export interface Lease {
  missionId: MissionId;
  runnerId: RunnerId;
  epoch: Epoch;
  heartbeatAt: Timestamp;
  /** Heartbeat plus time to live: after this anybody may take over. */
  expiresAt: Timestamp;
  released: boolean;
}

export type Acquisition =
  | { status: "acquired"; epoch: Epoch; previous?: Lease }
  | { status: "held"; lease: Lease };

export interface AcquireRequest {
  missionId: MissionId;
  runnerId: RunnerId;
  ttlMs: number;
  now: Timestamp;
  deadEpoch?: Epoch;
}

export interface Leases {
  /**
   * Takes the mission unless another runner's lease is alive. A runner that asks again for its own gets a
   * new epoch. With `deadEpoch` also from that epoch's lease while it is alive: the caller has proof that
   * its runner's process has ended.
   */
  acquire(request: AcquireRequest): Promise<Acquisition>;
  /** False: the lease is lost to a newer epoch; the caller stops and kills its own children. */
  heartbeat(request: { missionId: MissionId; epoch: Epoch; ttlMs: number; now: Timestamp }): Promise<boolean>;
  /** Gives it back, so that others need not wait. Without effect when the epoch is not the newest. */
  release(missionId: MissionId, epoch: Epoch): Promise<void>;
  get(missionId: MissionId): Promise<Lease | undefined>;
}
