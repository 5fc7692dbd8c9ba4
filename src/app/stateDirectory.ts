/** Where Houston keeps its state, and what a person in front of it is called. */
import { homedir, userInfo } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** `$HOUSTON_STATE_DIR`, else `$XDG_STATE_HOME/houston`, else `~/.local/state/houston`. */
export function defaultStateDirectory(env: Environment = process.env): string {
  const own = env["HOUSTON_STATE_DIR"];
  if (own !== undefined && own !== "") return resolve(own);
  const state = env["XDG_STATE_HOME"];
  // The specification says that relative ones are to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  if (state !== undefined && isAbsolute(state)) return join(state, "houston");
  return join(homedir(), ".local", "state", "houston");
}

/** As commands name the person who gives them. */
export function localHuman(): string {
  try {
    return `human:${userInfo().username}`;
  } catch {
    return "human:unknown";
  }
}

/** What is in a state directory. The database, its blobs, caches and spools share one folder. */
export const storeFolder = (stateDirectory: string): string => stateDirectory;
export const environmentsFolder = (stateDirectory: string): string => join(stateDirectory, "environments");
export const workspacesFolder = (stateDirectory: string): string => join(stateDirectory, "workspaces");
/** Which process each runner is. */
export const runnerRegistryFolder = (stateDirectory: string): string => join(stateDirectory, "processes");
/** Output of runners that nobody watches. */
export const runnerLogsFolder = (stateDirectory: string): string => join(stateDirectory, "runners");
