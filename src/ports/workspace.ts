/**
 * The mission's own repository and the folders made from it. The host never reads a git directory
 * that an agent could write, and the user's uncommitted work is never touched.
 */
import type { MissionId } from "../protocol/ids.ts";
import type { Snapshot } from "../protocol/snapshot.ts";

export type WorkspaceErrorCode =
  | "notARepository"
  | "noCommit"
  | "baseMissing"
  | "conflict"
  | "missingSnapshot"
  | "diskFull"
  | "git";

export class WorkspaceError extends Error {
  readonly code: WorkspaceErrorCode;
  constructor(code: WorkspaceErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "WorkspaceError";
    this.code = code;
  }
}

export interface Workspaces {
  /** Imports the base into the mission's repository; doing it again gives the same answer. */
  prepare(request: { missionId: MissionId; repositoryPath: string; base: string }): Promise<Snapshot>;
  /** A new folder with exactly the snapshot's files. `name` is used once: a folder left from before is an error. */
  materialise(request: {
    missionId: MissionId;
    name: string;
    snapshot: Snapshot;
  }): Promise<{ directory: string }>;
  /** Whether the mission's repository really holds all of a snapshot. */
  has(missionId: MissionId, snapshot: Snapshot): Promise<boolean>;
  /** What the folder holds now, byte for byte, synced to disk when this resolves; the parent itself when nothing changed. Safe while a program writes in it. */
  capture(request: {
    missionId: MissionId;
    directory: string;
    parent: Snapshot;
    message: string;
  }): Promise<Snapshot>;
  /** Brings the snapshot into the user's repository as a branch, by fetch. Never forces: a branch that stands elsewhere is a conflict. */
  deliver(request: {
    missionId: MissionId;
    repositoryPath: string;
    branch: string;
    snapshot: Snapshot;
  }): Promise<void>;
  /** Whether that branch stands at that commit already. */
  delivered(request: { repositoryPath: string; branch: string; snapshot: Snapshot }): Promise<boolean>;
  /** Unified diff between two snapshots. */
  diff(missionId: MissionId, from: Snapshot, to: Snapshot): Promise<string>;
  /** Removes a folder made by `materialise`; missing is fine. */
  remove(directory: string): Promise<void>;
  /** Removes every folder of a mission, those that dead runners left behind too, but for names with the kept prefix; its repository stays. */
  removeAll(missionId: MissionId, keptPrefix?: string): Promise<void>;
}
