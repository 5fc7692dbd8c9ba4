/** Crash points in a real process: nothing, unless a test asks for a kill at the n-th reach of one. */
import { crashPoints, type Faults } from "../ports/faults.ts";

/** `HOUSTON_CRASH_AT=<point>:<n>` kills this process with SIGKILL when the point is reached the n-th time. */
export function faultsFrom(setting: string | undefined): Faults {
  if (setting === undefined || setting === "") return { reach() {} };
  const [point, count] = setting.split(":");
  const wanted = crashPoints.find((one) => one === point);
  let left = Number(count ?? 1);
  if (wanted === undefined || !(left >= 1))
    throw new Error(`HOUSTON_CRASH_AT=${setting}: write <point>:<n> with one of ${crashPoints.join(", ")}`);
  return {
    reach(reached) {
      if (reached !== wanted) return;
      left -= 1;
      if (left <= 0) process.kill(process.pid, "SIGKILL");
    },
  };
}
