/** What an embedder may use: opening a Houston, mission files, and what they answer with. */
export { diagnose, type DoctorCheck } from "./doctor.ts";
export type { MissionRecord } from "./following.ts";
export {
  Houston,
  openHouston,
  type Creation,
  type HoustonOptions,
  type RunOptions,
  type WatchedMission,
} from "./houston.ts";
export type {
  AssertionReportEntry,
  AttemptReportEntry,
  MissionReport,
  RecoveryEntry,
  RunReportEntry,
  TaskReportEntry,
} from "./reportEntries.ts";
export type { AssertionView, CallView, MissionView, TaskView } from "./missionView.ts";
export type { BoxKind } from "./sandboxes.ts";
export { defaultStateDirectory } from "./stateDirectory.ts";
