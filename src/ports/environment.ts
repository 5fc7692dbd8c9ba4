/**
 * Sealed dependencies: installed once by a trusted setup, then given read-only to every workspace of a tree
 * with the same lockfiles. What an agent installs or edits never reaches another workspace.
 */
import type { SealedEnvironment, SetupSpec } from "../protocol/environment.ts";
import type { MissionId } from "../protocol/ids.ts";
import type { Mount } from "./sandbox.ts";

export class EnvironmentError extends Error {
  /** `setup`: its own command failed, `output` says how; `notAllowed`: it needs the network and may not. */
  readonly code: "setup" | "notAllowed" | "broken";
  readonly output: Uint8Array;
  constructor(code: EnvironmentError["code"], message: string, output: Uint8Array = new Uint8Array()) {
    super(message);
    this.name = "EnvironmentError";
    this.code = code;
    this.output = output;
  }
}

export interface EnvironmentRequest {
  missionId: MissionId;
  setup: SetupSpec[];
  /** Whether the network is allowed to setups that ask for it. */
  network: boolean;
  /** A folder fresh from the tree, which no agent has worked in: where lockfiles are read. */
  directory: string;
  /** Another such folder of the same tree, for building in; its maker removes it. */
  fresh(): Promise<{ directory: string }>;
  signal: AbortSignal;
}

export interface Environments {
  /**
   * Finds the environment of a tree, or builds and seals it. The same key is built once, however many ask; a
   * build that was interrupted leaves nothing that a later one would take for whole. Throws EnvironmentError.
   */
  seal(
    request: EnvironmentRequest,
  ): Promise<{ environment: SealedEnvironment; mounts: Mount[]; output: Uint8Array }>;
}
