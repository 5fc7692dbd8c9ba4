/** A workspace tree kept in the mission's own repository. */

export interface Snapshot {
  /** Commit in the mission's repository. */
  commit: string;
  /** Its tree: what verdicts are bound to. */
  tree: string;
}
