/** The box agents run in. The boundary; everything else is advice. */

/** A folder of the host that shows up inside a workspace, read-only. */
export interface Mount {
  /** Absolute. */
  source: string;
  /** Relative to the workspace, without `..`. */
  path: string;
}

export interface JailRequest {
  argv: string[];
  /** An absolute path inside `writable`. */
  cwd: string;
  /** Absolute folders, bound read-write at the same path. */
  writable: string[];
  /** Absolute files and folders, bound read-only at the same path. Missing ones are an error. */
  readOnly: string[];
  /** Shown read-only inside `cwd`'s writable folder, over whatever the tree has there; with tmpfs over the caches that tools keep in them. */
  mounts?: { workspace: string; list: Mount[] };
  /** The host's network; none when left out. */
  network?: boolean;
  /** All of the environment the program sees, beside PATH, HOME and TMPDIR. */
  env: Record<string, string>;
  stdin: Uint8Array;
  /** Ends the whole process tree when it aborts. */
  signal: AbortSignal;
}

export interface JailExit {
  /** Null when a signal ended it. */
  code: number | null;
  signal: string | null;
}

export interface JailProcess {
  /** Of the outermost process on the host. */
  pid: number;
  stdout: AsyncIterable<Uint8Array>;
  stderr: AsyncIterable<Uint8Array>;
  /** Resolves when every process of the tree has ended; never rejects. */
  exit: Promise<JailExit>;
}

export interface SandboxReport {
  ok: boolean;
  /** What is missing and the command that would install it; or what was found. */
  detail: string;
}

export interface Sandbox {
  kind: "bubblewrap" | "none";
  /** Whether the box really holds on this machine: starts one and looks. */
  probe(): Promise<SandboxReport>;
  /** Throws SandboxError when it cannot start; never starts anything outside the box. */
  spawn(request: JailRequest): Promise<JailProcess>;
  /** Gives a folder to the account that jailed programs run under, so that they can write in it. */
  adopt(directory: string): Promise<void>;
}

export class SandboxError extends Error {
  readonly code: "missing" | "refused" | "invalid";
  constructor(code: SandboxError["code"], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "SandboxError";
    this.code = code;
  }
}
