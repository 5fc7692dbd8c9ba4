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

/** One path that differs between two snapshots. */
export interface ChangedPath {
  path: string;
  change: "added" | "modified" | "deleted";
}

/** A file to be laid over a tree. */
export interface OverlayFile {
  path: string;
  content: Uint8Array;
  executable?: boolean;
}

export interface Workspaces {
  /** Imports the base into the mission's repository; doing it again gives the same answer. */
  prepare(request: { missionId: MissionId; repositoryPath: string; base: string }): Promise<Snapshot>;
  /** Imports another commit of a repository, as a snapshot whose parent is `parent`. */
  importCommit(request: {
    missionId: MissionId;
    repositoryPath: string;
    ref: string;
    parent: Snapshot;
    message: string;
  }): Promise<Snapshot>;
  /** The snapshot with files laid over it, whatever stood there; the snapshot itself when that changes nothing, the same commit for the same files. */
  overlay(request: {
    missionId: MissionId;
    snapshot: Snapshot;
    files: OverlayFile[];
    message: string;
  }): Promise<Snapshot>;
  /** What differs between two snapshots, sorted by path. */
  changes(missionId: MissionId, from: Snapshot, to: Snapshot): Promise<ChangedPath[]>;
  /** Contents of files of a snapshot; what is no regular file, or larger than `maxBytes`, is left out. */
  readFiles(
    missionId: MissionId,
    snapshot: Snapshot,
    paths: readonly string[],
    maxBytes: number,
  ): Promise<Map<string, Uint8Array>>;
  /** Paths of all files of a snapshot, sorted. */
  files(missionId: MissionId, snapshot: Snapshot): Promise<string[]>;
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
    /** Folders that belong to the environment: not looked at, whatever lies there. */
    except?: string[];
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
  /**
   * Carries what differs between two snapshots into the work tree of the user's repository, all of it or nothing;
   * the index stays as it is. A conflict when a path differs there from `from`.
   */
  apply(request: {
    missionId: MissionId;
    repositoryPath: string;
    from: Snapshot;
    to: Snapshot;
  }): Promise<{ paths: string[] }>;
  /** Gives a mission a repository of its own that holds all of another's snapshots; doing it again is fine. */
  copy(request: { from: MissionId; to: MissionId }): Promise<void>;
  /** Unified diff between two snapshots. */
  diff(missionId: MissionId, from: Snapshot, to: Snapshot): Promise<string>;
  /** Removes a folder made by `materialise`; missing is fine. */
  remove(directory: string): Promise<void>;
  /** Removes every folder of a mission, those that dead runners left behind too, but for names with the kept prefix; its repository stays. */
  removeAll(missionId: MissionId, keptPrefix?: string): Promise<void>;
}
