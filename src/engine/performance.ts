/** What performers are given and what they give back. */
import type { Mission } from "../mission/state.ts";
import type { InlineBlob } from "../ports/log.ts";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Usage } from "../protocol/budget.ts";
import type { Call, CallError, CallOutcome } from "../protocol/call.ts";
import type { NextSteps } from "../protocol/commands.ts";
import type { Epoch, MissionId } from "../protocol/ids.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { EnginePorts } from "./enginePorts.ts";

/** What a performer needs to know; the mission as it was when the call started. */
export interface Performance {
  ports: EnginePorts;
  missionId: MissionId;
  mission: Mission;
  call: Call;
  mode: "perform" | "restore" | "resume" | "lookUp";
  epoch: Epoch;
  signal: AbortSignal;
  /** Whether this runner may still begin something; false once its lease may have gone to another. */
  held: () => boolean;
  /** Makes a snapshot inside a long attempt durable. */
  record: (snapshot: Snapshot) => void;
}

export interface Settlement {
  outcome: CallOutcome;
  usage: Usage;
  blobs: InlineBlob[];
  steps?: NextSteps;
}

/** What is known after performing; `absent` when a look-up found that the call never happened. */
export type Performed = Settlement | "absent";

/** Folders are named by epoch: what a dead runner's children still write, nobody reads. */
export const folderPrefix = (epoch: Epoch): string => `e${epoch}-`;

/** Removes a folder that was made for a call; what cannot be removed now is removed when the mission closes. */
export async function discard({ ports }: Performance, directory: string): Promise<void> {
  try {
    await ports.workspaces.remove(directory);
  } catch {
    // Nothing that was found out depends on it.
  }
}

export function settled(outcome: CallOutcome, blobs: InlineBlob[] = [], usage: Usage = {}): Settlement {
  return { outcome, usage, blobs };
}

/** The answer of a performer that may not begin any more; nobody will use it. */
export function stale(): Settlement {
  return settled({ status: "interrupted", reason: "the lease may be lost" });
}

export function failed(error: CallError): Settlement {
  return settled({ status: "failed", error });
}

/** Errors are named for what is done about them. */
export function explain(error: unknown): CallError {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof WorkspaceError)) return { code: "infrastructure", message };
  switch (error.code) {
    case "notARepository":
    case "noCommit":
    case "baseMissing":
    case "conflict":
      return { code: "blocked", message };
    case "missingSnapshot":
    case "diskFull":
    case "git":
      return { code: "infrastructure", message };
  }
}
