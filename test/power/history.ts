/**
 * What the workload wanted and what it was told, as lines written outside the recorded folder. Each line is
 * in the trace between the syscalls around it, so that every crash state knows what had been acknowledged.
 */
import type { BlobRef } from "../../src/protocol/blob.ts";
import type { CommandId, Epoch, MissionId, Seq, StreamId } from "../../src/protocol/ids.ts";
import type { Snapshot } from "../../src/protocol/snapshot.ts";

export interface WantedStream {
  streamId: StreamId;
  /** Sequence of the first event. */
  first: Seq;
  /** SHA-256 of each event as JSON. */
  digests: string[];
}

export interface NamedSnapshot {
  missionId: MissionId;
  snapshot: Snapshot;
}

export interface WantedAppend {
  commandId: CommandId;
  streams: WantedStream[];
  blobs: BlobRef[];
  snapshots: NamedSnapshot[];
}

export interface Delivery {
  missionId: MissionId;
  branch: string;
  snapshot: Snapshot;
}

/** A line: before something starts (`want`), or after its promise resolved (the rest). */
export type Line =
  | { n: number; kind: "want"; append?: WantedAppend; deliver?: Delivery }
  | { n: number; kind: "opened" | "closed" }
  | { n: number; kind: "appended"; want: number }
  | { n: number; kind: "acquired"; missionId: MissionId; epoch: Epoch }
  | { n: number; kind: "staged"; ref: BlobRef }
  | ({ n: number; kind: "prepared" | "captured" } & NamedSnapshot)
  | { n: number; kind: "delivered"; want: number };

/** Everything said up to some instant. */
export class History {
  readonly appends = new Map<number, WantedAppend & { acknowledged: boolean }>();
  readonly deliveries = new Map<number, Delivery & { acknowledged: boolean }>();
  readonly epochs = new Map<MissionId, Epoch>();
  readonly staged: BlobRef[] = [];
  /** Acknowledged by Workspaces, oldest first. */
  readonly snapshots: NamedSnapshot[] = [];
  acknowledgements = 0;

  add(line: Line): void {
    if (line.kind !== "want") this.acknowledgements += 1;
    switch (line.kind) {
      case "want":
        if (line.append !== undefined) this.appends.set(line.n, { ...line.append, acknowledged: false });
        if (line.deliver !== undefined) this.deliveries.set(line.n, { ...line.deliver, acknowledged: false });
        return;
      case "appended":
        return acknowledge(this.appends.get(line.want));
      case "delivered":
        return acknowledge(this.deliveries.get(line.want));
      case "acquired":
        this.epochs.set(line.missionId, line.epoch);
        return;
      case "staged":
        this.staged.push(line.ref);
        return;
      case "prepared":
      case "captured":
        this.snapshots.push({ missionId: line.missionId, snapshot: line.snapshot });
        return;
      case "opened":
      case "closed":
    }
  }
}

function acknowledge(wanted: { acknowledged: boolean } | undefined): void {
  if (wanted === undefined) throw new Error("the workload acknowledged what it never wanted");
  wanted.acknowledged = true;
}
