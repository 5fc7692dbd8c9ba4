/** What a tree needs around it to run: dependencies that are installed once and sealed, services that live inside one call. */

/** A trusted installation of dependencies; what it leaves behind is sealed and given read-only to every workspace. */
export interface SetupSpec {
  command: string[];
  /** A folder of the tree. */
  cwd?: string;
  /** Folders it makes, relative to `cwd`: all that is sealed. */
  outputs: string[];
  /** Files of the tree, relative to `cwd`, that decide what is installed: the key of the sealed environment. */
  lockfiles: string[];
  /** Whether it needs the network; runs only where the policy's `setupNetwork` allows it. */
  network: boolean;
  timeoutMs: number;
}

/** A long-running program that checks talk to over loopback. */
export interface ServiceSpec {
  command: string[];
  cwd?: string;
  /** The environment variable that tells it which port to listen on; checks find it there too. */
  portVariable: string;
  /** Ready when this path answers with any status below 500; when a connection is taken, if left out. */
  readyPath?: string;
  /** To become ready. */
  timeoutMs: number;
}

/** How a mission's setup and services stand with the tree of one snapshot. */
export interface SealedEnvironment {
  /** SHA-256 over lockfiles, setup commands, Node, platform. */
  key: string;
  /** Whether it was built for this request; found sealed otherwise. */
  built: boolean;
  /** What building took. */
  durationMs: number;
}
